/* SPDX-License-Identifier: Apache-2.0 */
/* udp_private.h - a daemon as udp.c and udp_daemon.c see it. */
#ifndef BPFXRAY_EMIT_UDP_PRIVATE_H
#define BPFXRAY_EMIT_UDP_PRIVATE_H

#include "emit/endpoint.h"
#include "emit/queue.h"

/* Documents in one system call. */
#define UDP_BATCH 32

enum daemon_state {
	DAEMON_UP,
	DAEMON_DOWN,   /* refused; until retry_ns nothing is sent */
	DAEMON_PROBED, /* one document was sent, the verdict comes at retry_ns */
};

struct udp_daemon {
	struct endpoint endpoint;
	uint64_t hash;
	int fd; /* negative: no socket could be had, tried again at retry_ns */
	enum daemon_state state;
	uint64_t retry_ns;
	uint64_t unreachable_ns; /* when it was last said that no way leads there; 0: never */
	uint64_t probe_serial;	 /* the document that was sent */
};

/* Opens a socket. @daemon is up, or down when there is no route. */
void udp_daemon_open(struct udp_daemon *daemon, const struct endpoint *endpoint, uint64_t now_ns);
void udp_daemon_close(struct udp_daemon *daemon);

/* Refused with @error of udp_daemon_take_error(), or 0: leaves it alone for a while. */
void udp_daemon_down(struct udp_daemon *daemon, int error, uint64_t now_ns);

/* Was tried with the document @serial: sets when no answer means that it is there. */
void udp_daemon_probed(struct udp_daemon *daemon, uint64_t serial, uint64_t now_ns);

/* Takes the answer to earlier datagrams: 0, or the error as a negative errno. */
int udp_daemon_take_error(const struct udp_daemon *daemon);

/* Time passed: one that is down may be tried again (then a socket is opened when it has none). */
bool udp_daemon_may_probe(struct udp_daemon *daemon, uint64_t now_ns);

/*
 * Sends up to @count documents from @first on without waiting. Returns how many, or a negative
 * errno when none.
 */
int udp_daemon_send(const struct udp_daemon *daemon, const struct queued *first,
		    unsigned int count);

#endif
