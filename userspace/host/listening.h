/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listening.h - which processes listen on a TCP port: the table of listening sockets of a network
 * namespace, and the sockets that a process holds.
 */
#ifndef BPFXRAY_HOST_LISTENING_H
#define BPFXRAY_HOST_LISTENING_H

#include <sys/types.h>

#include "util/bytes.h"

struct listener {
	uint64_t inode;
	uint16_t port;
};

/* Starts as { 0 }. */
struct listeners {
	struct listener *at;
	size_t count, cap;
};

/*
 * One line of /proc/PID/net/tcp or tcp6. True when it is a listening socket; then @ret is written.
 * Pure.
 */
bool listening_parse(const char *line, struct listener *ret);

/* Adds what listens in the network namespace of @pid. 0 or a negative errno. */
int listeners_read(pid_t pid, struct listeners *ret);
void listeners_clear(struct listeners *listeners);

/*
 * The ports of those @listeners that @pid holds, each once, @cap at most. Returns how many, or a
 * negative errno.
 */
int listening_ports(pid_t pid, const struct listeners *listeners, uint16_t *ret, size_t cap);

#endif
