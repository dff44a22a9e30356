/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe_multi.h - one link for all functions of a file that take the same program, where the
 * kernel can (6.6). Each breakpoint with a link of its own has the kernel wait for some 0.1 s when
 * it goes, one after the other: the end of a trace took seconds.
 */
#ifndef BPFXRAY_PROBE_UPROBE_MULTI_H
#define BPFXRAY_PROBE_UPROBE_MULTI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;

struct uprobe_multi {
	const char *path;
	bool at_return;
	size_t count;
	const uint64_t *offsets;
	const uint64_t *cookies;
};

/* Whether the running kernel knows such links. */
bool uprobe_multi_works(void);

/* To be called before @object is loaded; then its uprobe programs cannot be attached otherwise. */
void uprobe_multi_prepare(struct bpf_object *object);

/* Returns the link, which is closed to detach; or a negative errno. */
int uprobe_multi_attach(int program, const struct uprobe_multi *what);

#endif
