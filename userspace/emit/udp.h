/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.h - documents to the X-Ray daemon, one datagram each. Sending never waits and never resolves
 * a name.
 *
 * `sent` means handed to the network, never delivered: UDP does not tell. The socket is connected,
 * so that a host whose daemon is away answers the next send with ECONNREFUSED: that is counted as
 * `refused`, it says that an earlier datagram found nobody, and the document in hand is sent again.
 */
#ifndef BPFXRAY_EMIT_UDP_H
#define BPFXRAY_EMIT_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "emit/address.h"

struct udp_counters {
	uint64_t sent;
	uint64_t refused;	     /* answers that nobody listens; not a loss of its own */
	uint64_t too_large;	     /* not sent: above DOCUMENT_MAX, or the network's EMSGSIZE */
	uint64_t failed_full;	     /* not sent: socket buffer or kernel memory full */
	uint64_t failed_unreachable; /* not sent: no route, network down, refused twice */
	uint64_t failed_other;
};

struct udp_sender;

/*
 * Resolves @to (this may block: only at start) and opens a socket to its first usable address, IPv4
 * before IPv6: the daemon listens on 127.0.0.1 alone by default, and `localhost` often names ::1
 * first. Returns 0, -EHOSTUNREACH when the name does not resolve, -ENOMEM, or the socket's error;
 * *ret_why is then a text for the user.
 */
int udp_sender_open(const struct host_port *to, struct udp_sender **ret, const char **ret_why);
struct udp_sender *udp_sender_free(struct udp_sender *sender);

/* Sends one document. Returns 0 or a negative errno; each outcome is counted. */
int udp_sender_send(struct udp_sender *sender, const char *json, size_t len);

const struct udp_counters *udp_sender_counters(const struct udp_sender *sender);

#endif
