/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_link.h - the way to the X-Ray daemons: their name, its addresses, the queue before them,
 * and whether they answer. Says in one line what changes.
 */
#ifndef BPFXRAY_CLI_DAEMON_LINK_H
#define BPFXRAY_CLI_DAEMON_LINK_H

#include "cli/exit_codes.h"
#include "cli/options.h"
#include "emit/address.h"
#include "emit/resolver.h"
#include "emit/tcp_probe.h"
#include "emit/udp.h"

struct daemon_link {
	struct daemon_address address;
	struct udp_sender *udp;
	struct resolver *resolver;
	struct resolver *tcp_resolver; /* NULL: TCP has the same name */
	struct tcp_probe probe;
	bool silence_told; /* that no daemon answers on TCP */
};

/*
 * Nothing is resolved yet: a name that does not resolve is no error, documents wait in the queue.
 * EXIT_OK, EXIT_ADDRESS for an address that cannot be one, or EXIT_INTERNAL, after one line.
 */
enum exit_code daemon_link_open(const struct options *options, struct daemon_link **ret);
struct daemon_link *daemon_link_free(struct daemon_link *link);

/* Carries on everything that is under way. Never waits. */
void daemon_link_tick(struct daemon_link *link, uint64_t now_ns);

/*
 * Another address, other bounds: documents that wait stay. An address that cannot be one is told,
 * and the old one stays.
 */
void daemon_link_reload(struct daemon_link *link, const struct options *options);

/* Where the daemons listen on TCP; empty while that is not known. */
const struct endpoint_set *daemon_link_tcp(const struct daemon_link *link);

/* The end: sends what is queued within a second and counts the rest. */
void daemon_link_finish(struct daemon_link *link);

/* One clause for people: what is known of the daemons. */
#define DAEMON_STATE_MAX 300
void daemon_link_state(const struct daemon_link *link, char ret[DAEMON_STATE_MAX]);

#endif
