/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts_file.h - the /etc/hosts that a service sees, in its own root, read anew when it has
 * changed. Looked at when the service is first followed and at ticks, never when a record comes.
 */
#ifndef BPFXRAY_CLI_HOSTS_FILE_H
#define BPFXRAY_CLI_HOSTS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "trace/trace.h"

/* Which state of the file was read last. */
struct hosts_file {
	uint64_t looked_ns; /* 0: never */
	uint64_t device, inode;
	int64_t changed_ns; /* since the epoch */
	int64_t size;
};

/*
 * Hands the file that process @root sees, open as @fd, to @trace, under the number @root, if it is
 * not the one that was read last. A file that cannot be read (a negative @fd) leaves what was
 * known.
 */
void hosts_file_read(struct hosts_file *file, int fd, pid_t root, struct trace *trace,
		     uint64_t now_ns);

/* At a tick: ten seconds after the last look. */
bool hosts_file_is_due(const struct hosts_file *file, uint64_t now_ns);

#endif
