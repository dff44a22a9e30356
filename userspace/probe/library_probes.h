/* SPDX-License-Identifier: Apache-2.0 */
/* library_probes.h - programs attached to places in a file, and detached all at once. */
#ifndef BPFXRAY_PROBE_LIBRARY_PROBES_H
#define BPFXRAY_PROBE_LIBRARY_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/libraries.h"

struct bpf_program;

/* A program at a function's entry or return. */
struct library_point {
	struct bpf_program *program;
	bool at_return;
	uint64_t offset; /* in the file */
	uint64_t cookie;
};

#define LIBRARY_POINTS_MAX (2 * LIBRARY_FUNCTIONS_MAX)

/*
 * Attaches @points (at most LIBRARY_POINTS_MAX) to the file @path, in order; those of one program
 * and kind together, when @multi. 0 and in *ret what library_probes_free() takes, or a negative
 * errno; then nothing of it stays attached.
 */
int library_probes_attach(const char *path, const struct library_point *points, size_t count,
			  bool multi, struct library_probes **ret);

#endif
