/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolver.h - the addresses of a name, kept fresh beside the events: nothing here waits.
 *
 * c-ares asks the servers of /etc/resolv.conf (read anew for each question) and /etc/hosts, and
 * needs neither NSS nor its files. A set of addresses is asked for again when its shortest TTL has
 * passed, after 30 s where none is known (/etc/hosts), and at once when a daemon refused. A name
 * that cannot be resolved keeps its last set. Of a name with both kinds of addresses the IPv4 ones
 * are used: the X-Ray daemon listens on IPv4 by default, and two addresses of one daemon would be
 * taken for two.
 */
#ifndef BPFXRAY_EMIT_RESOLVER_H
#define BPFXRAY_EMIT_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "emit/address.h"
#include "emit/endpoint.h"

struct resolver_counters {
	uint64_t questions;
	uint64_t failures; /* no answer, no such name, no address */
	uint64_t changes;  /* answers with another set, the first one included */
};

struct resolver;

/*
 * Begins with nothing asked; an IP address is known at once. @servers: `host:port`, comma
 * separated, in the place of resolv.conf's (for tests); NULL: resolv.conf's. 0 or -ENOMEM.
 */
int resolver_new(const struct host_port *name, const char *servers, struct resolver **ret);
struct resolver *resolver_free(struct resolver *resolver);

/* What a tick has brought. */
enum resolver_news {
	RESOLVER_NOTHING,
	RESOLVER_CHANGED, /* there is another set */
	RESOLVER_FAILED,  /* the first failure after a success, or of all */
	RESOLVER_BACK,	  /* the first success after a failure, with the set as it was */
};

/* Asks when it is time, takes answers in. @now_ns: CLOCK_MONOTONIC. */
enum resolver_news resolver_tick(struct resolver *resolver, uint64_t now_ns);

/* A daemon refused: asks at the next tick, unless that has just been done for nothing. */
void resolver_hurry(struct resolver *resolver);

/* The last good set; empty as long as there was none. */
const struct endpoint_set *resolver_endpoints(const struct resolver *resolver);

/* Why the last question failed, for the user. */
const char *resolver_error(const struct resolver *resolver);

const struct resolver_counters *resolver_counters(const struct resolver *resolver);

#endif
