/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.h - live requests by what they ask for (method and target): where a worker looks for its
 * front, and a front for its worker. Requests of workers that went out alone stay here for a while
 * as told ones, so that the front's record of the same request is known for what it is.
 */
#ifndef BPFXRAY_TRACE_ROUTE_H
#define BPFXRAY_TRACE_ROUTE_H

#include "trace/state.h"

/*
 * Both lists hold struct live.route_link. Thousands a second may ask for the same: in these orders
 * those that a request is compared with stand at one end, and a walk stops at the first beyond.
 */
struct route {
	struct table_key key;
	struct list lives; /* by their begin */
	struct list told;  /* by their end */
};

/* Puts @live, whose head is filled, into its route. 0 or -ENOMEM. */
int route_enter(struct trace *trace, struct live *live);
void route_leave(struct trace *trace, struct live *live);

/* Whether both ask for the same: a route is found by a hash alone. */
bool route_same(const struct live *a, const struct live *b);

/* @live was handed on without its front: it stays as a told one, and is freed later. */
void route_tell(struct trace *trace, struct live *live);

/* Frees the told ones whose front must have come by now. */
void route_expire(struct trace *trace);
void route_free_all(struct trace *trace);

#endif
