// SPDX-License-Identifier: Apache-2.0
/*
 * settle.c - decides when a finished request is whole, and hands it on.
 *
 * Waits are measured in ticks, from the first tick after the request has finished: a late reader of
 * the ring does not make anybody impatient.
 */
#include "trace/settle.h"

#include "trace/book.h"
#include "trace/fronts.h"
#include "trace/join.h"
#include "trace/live.h"
#include "trace/process.h"
#include "trace/route.h"
#include "trace/thread.h"

static bool waited(const struct trace *trace, const struct live *live, uint64_t limit_ns)
{
	return !limit_ns || (live->wait_ns && trace->now_ns - live->wait_ns >= limit_ns);
}

/*
 * Without an answer's end its thread may have gone on for it: the request lasts as long as its
 * statements.
 */
static void extend_end(struct live *live)
{
	if (live->owns_until_ns != UINT64_MAX)
		return;
	for (size_t i = 0; i < live->r.statement_count; i++)
		if (live->r.statements[i].end_ns > live->r.end_ns)
			live->r.end_ns = live->r.statements[i].end_ns;
}

static void tell(struct trace *trace, struct live *live)
{
	/* Without memory the statements stay in the book and are counted there. */
	(void)book_take(trace, live);
	extend_end(live);
	if (thread_multiplexes(live))
		live->r.flags |= REQUEST_MULTIPLEXED;
	if (live->established_ns)
		live->r.queue_ns = live->r.start_ns > live->established_ns
					   ? (int64_t)(live->r.start_ns - live->established_ns)
					   : 0;
	if (live->front)
		join_merge(live);
	live->process->flags |= PROCESS_PLAIN;
	live_count(trace, live, &trace->counters.requests);
	trace->counters.statements += live->r.statement_count;
	trace->sink.request(trace->sink.ctx, &live->r);
}

static void hand_on(struct trace *trace, struct live *live)
{
	struct live *front = live->front;
	bool fronted = live->alone && fronts_possible(trace, live);

	tell(trace, live);
	if (front) {
		live_count(trace, front, &trace->counters.fronts_joined);
		live_free(trace, front);
	}
	if (fronted)
		route_tell(trace, live);
	else
		live_free(trace, live);
}

/*
 * Joins what is proven. A uwsgi worker's front is, as soon as it is there; that of a worker that
 * speaks HTTP only when every request that it may be is there.
 */
static bool look_for_front(struct trace *trace, struct live *live, bool force)
{
	uint64_t limit_ns = join_front_wait_ns(trace, live);
	bool due = force || waited(trace, live, limit_ns);

	if (!live->uwsgi && (!due || !limit_ns)) {
		live->alone = due;
		return due;
	}
	if (join_front(trace, live))
		return true;
	if (due && limit_ns && !force)
		live->process->flags |= PROCESS_FRONTLESS;
	live->alone = due;
	return due;
}

/* True when @live needs no front, has a finished one, or has waited long enough. */
static bool front_settled(struct trace *trace, struct live *live, bool force)
{
	if (live->alone)
		return true;
	if (!live->front && !look_for_front(trace, live, force))
		return false;
	if (live->alone || live->front->finished)
		return true;
	if (!force && !waited(trace, live, WAIT_OPEN_FRONT_NS))
		return false;
	join_part(trace, live);
	return true;
}

/*
 * True when no worker's request is behind @live, or none that can be told with it. It is dropped
 * when a worker's that was told alone is the same request.
 */
static bool worker_settled(struct trace *trace, struct live *live, bool force)
{
	uint64_t limit_ns = join_worker_wait_ns(trace, live);

	if (live->front || !limit_ns)
		return true;
	if (!force && !waited(trace, live, limit_ns))
		return false;
	if (!force && fronts_awaits(live)) {
		if (!waited(trace, live, WAIT_OPEN_WORKER_NS))
			return false;
		fronts_disown(trace, live);
	}
	if (fronts_claim(live))
		join_drop(trace, live);
	else if (join_is_front(trace, live))
		live->r.flags |= REQUEST_FRONT_ONLY;
	return true;
}

static uint64_t children_wait_ns(const struct live *live)
{
	return live->soft && !(live->process->flags & PROCESS_HANDS) ? WAIT_POOL_NS
								     : WAIT_CHILDREN_NS;
}

/* True when no statement of @live is waited for any more. */
static bool children_settled(struct trace *trace, const struct live *live)
{
	uint64_t limit_ns = children_wait_ns(live);

	return book_complete(trace, live) ||
	       (waited(trace, live, limit_ns) && !book_grows(trace, live, limit_ns));
}

/* Hands @live on when nothing lacks (or @force). It and its front may be gone after this. */
static void try_hand_on(struct trace *trace, struct live *live, bool force)
{
	if (live->worker)
		live = live->worker;
	if (live->dropped) {
		live_free(trace, live);
		return;
	}
	if (!force && !children_settled(trace, live))
		return;
	if (!front_settled(trace, live, force) || !worker_settled(trace, live, force))
		return;
	if (live->dropped)
		live_free(trace, live);
	else
		hand_on(trace, live);
}

static void cut_waits(struct trace *trace)
{
	struct live *oldest = list_first(&trace->waiting, struct live, waiting_link);

	if (trace->waiting_count <= WAITING_MAX || !oldest)
		return;
	trace->counters.waits_cut++;
	try_hand_on(trace, oldest, true);
}

void settle_add(struct trace *trace, struct live *live)
{
	list_append(&trace->waiting, &live->waiting_link);
	trace->waiting_count++;
	try_hand_on(trace, live, false);
	cut_waits(trace);
}

static void settle_all(struct trace *trace, bool force)
{
	struct list todo;
	struct live *live;

	list_take_all(&trace->waiting, &todo);
	while ((live = list_first(&todo, struct live, waiting_link))) {
		list_move(&trace->waiting, &live->waiting_link);
		if (!live->wait_ns)
			live->wait_ns = trace->now_ns ? trace->now_ns : 1;
		try_hand_on(trace, live, force);
	}
}

void settle_tick(struct trace *trace)
{
	settle_all(trace, false);
}

/* Workers first: what is joined is no front's own any more. */
void settle_flush(struct trace *trace)
{
	list_for_each (&trace->waiting, it)
		(void)front_settled(trace, list_entry(it, struct live, waiting_link), true);
	settle_all(trace, true);
}
