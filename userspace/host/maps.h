/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.h - the files that a process has mapped for execution: its program and its libraries.
 */
#ifndef BPFXRAY_HOST_MAPS_H
#define BPFXRAY_HOST_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/bytes.h"

/* One executable mapping of a file, a line of /proc/PID/maps (proc(5)). */
struct mapping {
	uint64_t start;
	uint64_t end;
	const char *path; /* as the process sees it, without the mark of a deleted file */
};

/*
 * Reads one line, which is changed and which ret->path points into. False when it is no executable
 * mapping of a file.
 */
bool mapping_parse(char *line, struct mapping *ret);

/*
 * Calls @each for every executable mapping of a file of process @pid. 0, -ESRCH when the process
 * has ended, or another negative errno.
 */
int process_mappings(pid_t pid, void (*each)(void *ctx, const struct mapping *mapping), void *ctx);

/*
 * Opens the file behind @mapping of @pid, whatever mount namespace it is in, deleted or not; else
 * what the process sees at its path now. A descriptor of a regular file, or a negative errno.
 */
int mapping_open(pid_t pid, const struct mapping *mapping);

#endif
