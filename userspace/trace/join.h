/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join.h - a front (router, reverse proxy) and the worker behind it, when both are traced: two
 * requests that are one.
 */
#ifndef BPFXRAY_TRACE_JOIN_H
#define BPFXRAY_TRACE_JOIN_H

#include "trace/state.h"

/*
 * Looks for the front's request of the finished @worker and links both. False when there is none
 * yet, or none is proven. Of a worker that speaks HTTP not before it has waited.
 */
bool join_front(struct trace *trace, struct live *worker);

/*
 * How long @worker waits for its front's record: at the most when it speaks uwsgi, in any case when
 * it speaks HTTP (fronts.h). 0: no front is possible.
 */
uint64_t join_front_wait_ns(const struct trace *trace, const struct live *worker);

/* How long @front may wait for the record of a worker; 0: not at all. */
uint64_t join_worker_wait_ns(const struct trace *trace, const struct live *front);

/* True when @live's process is known to answer for others. */
bool join_is_front(const struct trace *trace, const struct live *live);

/* @front is the same request as one that was told: settle.c frees it, if need be when it ends. */
void join_drop(struct trace *trace, struct live *front);

/* Gives up on a front that goes on for too long: the worker's request goes alone. */
void join_part(struct trace *trace, struct live *worker);

/* Makes the worker's request tell what the client saw. */
void join_merge(struct live *worker);

/* Undoes the links of @live. */
void join_forget(struct live *live);

#endif
