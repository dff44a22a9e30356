/* SPDX-License-Identifier: Apache-2.0 */
/* features_private.h - what the checks of features*.c share. */
#ifndef BPFXRAY_PROBE_FEATURES_PRIVATE_H
#define BPFXRAY_PROBE_FEATURES_PRIVATE_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <sys/types.h>

#include "probe/features.h"

struct context {
	struct btf *btf; /* NULL until it was read, or unreadable */
	bool privileged;
};

/* @error: an errno, for a no. */
void feature_answer(struct feature *ret, bool yes, int error, const char *detail);

/* The file's first @cap - 1 bytes and a NUL, in @buf. Returns their number, or a negative errno. */
ssize_t feature_read_file(const char *path, char *buf, size_t cap);

/* Maps: each creates one. No @subject. */
void check_ring_buffer(struct context *context, const char *subject, struct feature *ret);
void check_map_memory(struct context *context, const char *subject, struct feature *ret);
void check_socket_storage(struct context *context, const char *subject, struct feature *ret);
void check_task_storage(struct context *context, const char *subject, struct feature *ret);

/*
 * Hooks: each loads a program, attaches it and, where that can be brought about, looks whether it
 * runs. @subject: the tracepoint, the kind of iterator, the system call's tracepoint; the checks
 * of functions have their own lists.
 */
void check_tp_btf(struct context *context, const char *subject, struct feature *ret);
void check_fexit(struct context *context, const char *subject, struct feature *ret);
void check_kprobe(struct context *context, const char *subject, struct feature *ret);
void check_iterator(struct context *context, const char *subject, struct feature *ret);
void check_tracefs(struct context *context, const char *subject, struct feature *ret);
void check_syscall_tracepoint(struct context *context, const char *subject, struct feature *ret);

#endif
