/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fronts.h - which of a front's requests is which worker's, and what of it is proof.
 *
 * The uwsgi protocol names the client's address and port: proof. A worker that speaks HTTP is
 * proven to be behind a process by the connection between them (the hop). Of that process's
 * requests those are candidates that ask for the same, were read before the worker's, were not over
 * by then, and have an answer that the worker's may have become. Only when all of them are known
 * (the sweep tells each within WAIT_UNKNOWN_FRONT_NS) does "the only one" prove anything.
 */
#ifndef BPFXRAY_TRACE_FRONTS_H
#define BPFXRAY_TRACE_FRONTS_H

#include "trace/state.h"

/*
 * A new request's connection, or an HTTP connection that a traced process made: the worker's end is
 * told whose the other one is. In either order: the hop may close long before the worker answers.
 */
void fronts_learn_maker(const struct trace *trace, struct live *live);
void fronts_learn_hop(const struct trace *trace, const struct conn *hop);

/* Whether a traced process may be @worker's front. */
bool fronts_possible(const struct trace *trace, const struct live *worker);

/* The front's request of the finished @worker, when it is proven; else NULL. */
struct live *fronts_find(const struct trace *trace, const struct live *worker);

/* Whether a worker's request that is not judged yet may be the one behind @front. */
bool fronts_awaits(const struct live *front);

/* Whether any worker's request, judged or not, may be the one behind @front. */
bool fronts_has_worker(const struct live *front);

/* Whether @front is what a worker's request that was told alone was: counted once by that. */
bool fronts_claim(const struct live *front);

/* Nobody waits for the open request behind @front any more: it is not to be told again. */
void fronts_disown(struct trace *trace, const struct live *front);

#endif
