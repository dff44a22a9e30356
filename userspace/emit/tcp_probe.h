/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_probe.h - do the daemons answer on their TCP port? UDP does not tell, and the daemon listens
 * on both. A connection is begun to each every ten seconds and closed at once; nothing waits.
 */
#ifndef BPFXRAY_EMIT_TCP_PROBE_H
#define BPFXRAY_EMIT_TCP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emit/endpoint.h"

struct tcp_probe {
	struct endpoint_set endpoints;
	int fds[ENDPOINTS_MAX];	     /* under way; -1: not */
	bool answers[ENDPOINTS_MAX]; /* at the last try */
	bool known;		     /* a whole round has been made with these endpoints */
	bool under_way;
	uint64_t next_ns, deadline_ns;
};

void tcp_probe_init(struct tcp_probe *probe);
void tcp_probe_close(struct tcp_probe *probe);

/* Begins, takes in and ends what is due. A change of @endpoints begins a new round. */
void tcp_probe_tick(struct tcp_probe *probe, const struct endpoint_set *endpoints, uint64_t now_ns);

/* How many answered at the last try. */
size_t tcp_probe_answers(const struct tcp_probe *probe);

#endif
