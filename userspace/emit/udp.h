/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.h - documents to the X-Ray daemons, one datagram each, through a bounded queue. Nothing here
 * waits or resolves a name, but udp_sender_finish().
 *
 * `sent` means handed to the network, never delivered: UDP does not tell. Sockets are connected,
 * so that a host whose daemon is away answers with a refusal. Such a daemon is left alone for a
 * second, then tried with one document that stays in the queue until no refusal has come for a
 * moment: what is known to have found nobody is not lost while the queue has room. Where no way
 * leads there, which is said late, the moment is of four seconds, and 30 lie between the tries.
 *
 * Documents of one trace go to one daemon while the set of daemons stays (rendezvous hashing);
 * when a daemon comes or goes, only the traces that it gains or loses move.
 */
#ifndef BPFXRAY_EMIT_UDP_H
#define BPFXRAY_EMIT_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emit/endpoint.h"
#include "emit/queue.h"

/* Each document is in exactly one of them, or queued; but `refused` is a remark, and no loss. */
struct udp_counters {
	uint64_t sent;
	uint64_t refused;	 /* answers that nobody listens, that there is no route ... */
	uint64_t too_large;	 /* not sent: above DOCUMENT_MAX, or the network's EMSGSIZE */
	uint64_t dropped_full;	 /* not sent: its trace was the oldest when the queue was full */
	uint64_t dropped_unsent; /* not sent: still queued at the end */
};

struct udp_sender;

/* A sender that knows no daemon yet. 0 or -ENOMEM. */
int udp_sender_new(struct queue_limits limits, struct udp_sender **ret);
struct udp_sender *udp_sender_free(struct udp_sender *sender);

/* From now on these are the daemons. Those that stay keep their sockets. */
void udp_sender_set_endpoints(struct udp_sender *sender, const struct endpoint_set *set);

/* Other bounds, from the next document on. */
void udp_sender_set_limits(struct udp_sender *sender, struct queue_limits limits);

/* Queues one document; sends when a batch is together or no room is left. Losses are counted. */
void udp_sender_send(struct udp_sender *sender, const char *json, size_t len);

/* Lets time pass, and sends what can be sent at once. @now_ns: CLOCK_MONOTONIC. */
void udp_sender_tick(struct udp_sender *sender, uint64_t now_ns);

/*
 * The end: sends what is queued, waits up to @patience_ms for room in the sockets and for verdicts,
 * and counts the rest as unsent.
 */
void udp_sender_finish(struct udp_sender *sender, unsigned int patience_ms);

/* True once after each refusal: the name should be resolved anew. */
bool udp_sender_take_refusal(struct udp_sender *sender);

/* Documents that wait. */
size_t udp_sender_queued(const struct udp_sender *sender);

/* Valid until the next call. */
const struct udp_counters *udp_sender_counters(struct udp_sender *sender);

#endif
