// SPDX-License-Identifier: Apache-2.0
/*
 * live.c - a live request's places: its thread, its process, its peer's chain, and the book's
 * entries of its exchanges.
 */
#include "trace/live.h"

#include <errno.h>

#include "trace/book.h"
#include "trace/fronts.h"
#include "trace/join.h"
#include "trace/process.h"
#include "trace/route.h"
#include "trace/settle.h"
#include "trace/thread.h"

struct live *live_by_end(const struct trace *trace, uint16_t port, uint64_t ino)
{
	return table_find(&trace->by_end, table_key2(port, ino));
}

static struct table_key end_key(const struct live *live)
{
	return table_key2(live->peer.port, live->peer_ino);
}

/* A chain keeps its slot; new elements go behind its first. */
static int index_add(struct trace *trace, struct live *live)
{
	struct live *first = table_find(&trace->by_end, end_key(live));
	int r;

	if (!live->peer.port && !live->peer_ino)
		return 0;
	if (first) {
		live->end_prev = first;
		live->end_next = first->end_next;
		if (live->end_next)
			live->end_next->end_prev = live;
		first->end_next = live;
	} else {
		r = table_insert(&trace->by_end, end_key(live), live);
		if (r < 0)
			return r;
	}
	live->indexed = true;
	return 0;
}

static int index_remove(struct trace *trace, struct live *live)
{
	struct live *next = live->end_next;

	if (!live->indexed)
		return 0;
	live->indexed = false;
	if (next)
		next->end_prev = live->end_prev;
	if (live->end_prev) {
		live->end_prev->end_next = next;
		return 0;
	}
	table_remove(&trace->by_end, end_key(live));
	return next ? table_insert(&trace->by_end, end_key(live), next) : 0;
}

/*
 * The slot was just freed, so that putting the rest of the chain back wants no memory; if it did,
 * it is forgotten.
 */
static void index_leave(struct trace *trace, struct live *live)
{
	if (index_remove(trace, live) == 0)
		return;
	for (struct live *at = live->end_next; at; at = at->end_next)
		at->indexed = false;
}

static void init_links(struct live *live)
{
	list_init(&live->conn_link);
	list_init(&live->thread_link);
	list_init(&live->process_link);
	list_init(&live->waiting_link);
	list_init(&live->route_link);
	list_init(&live->told_link);
}

static int live_enter(struct trace *trace, struct live *live, bool multiplex)
{
	int r = live->soft ? 0 : thread_enter(trace, live, multiplex);

	if (r < 0)
		return r;
	r = process_enter(trace, live);
	if (r < 0)
		return r;
	r = index_add(trace, live);
	if (r < 0)
		return r;
	r = route_enter(trace, live);
	if (r < 0)
		return r;
	fronts_learn_maker(trace, live);
	live->seq_last = live->seq_first - 1;
	return live_cover(trace, live, live->seq_first);
}

int live_new(struct trace *trace, const struct conn *conn, const struct live_origin *origin,
	     const struct request_head *head, struct live **ret)
{
	const struct bx_exchange *ex = origin->ex;
	struct live *live = pool_take(&trace->pools.live);
	int r;

	if (!live)
		return -ENOMEM;
	init_links(live);
	live->conn = conn->id;
	live->order = ++trace->heads;
	live->family = conn->family;
	live->peer = conn->peer;
	live->peer_ino = conn->peer_ino;
	live->seq_first = ex->seq;
	live->seq_last = ex->seq - 1;
	live->r.start_ns = origin->start_ns;
	live->r.tgid = ex->tgid;
	live->r.tid = origin->tid;
	live->soft = origin->pipelined;
	trace->counters.heads++;
	trace->requests_open++;
	if (ex->flags & BX_EX_MULTIPLEX)
		live->r.flags |= REQUEST_MULTIPLEXED;
	r = request_head_fill(trace, head, conn, live);
	if (!r)
		r = live_enter(trace, live, ex->flags & BX_EX_MULTIPLEX);
	if (r < 0) {
		live_count(trace, live, &trace->counters.requests_lost);
		live_free(trace, live);
		return r;
	}
	*ret = live;
	return 0;
}

void live_count(struct trace *trace, struct live *live, uint64_t *counter)
{
	if (live->counted)
		return;
	live->counted = true;
	trace->requests_open--;
	++*counter;
}

int live_answer(struct trace *trace, struct live *live, uint32_t tid, uint64_t after_ns)
{
	if (!tid || (tid == live->r.tid && !live->soft))
		return 0;
	if (live->thread)
		thread_quit(live);
	if (tid != live->r.tid)
		live->process->flags |= PROCESS_HANDS;
	live->soft = true;
	live->after_ns = after_ns;
	live->r.tid = tid;
	return thread_enter(trace, live, false);
}

int live_cover(struct trace *trace, struct live *live, uint32_t seq)
{
	if (seq <= live->seq_last)
		return 0;
	/* Exchanges between were lost; they have no entry. */
	if (book_use(trace, live->conn, seq) < 0)
		return -ENOMEM;
	live->seq_last = seq;
	return 0;
}

void live_finish(struct trace *trace, struct live *live, uint64_t end_ns, bool whole)
{
	live->r.end_ns = end_ns;
	live->owns_until_ns = whole ? end_ns : UINT64_MAX;
	live->finished = true;
	list_remove(&live->conn_link);
	thread_leave(live);
	settle_add(trace, live);
}

void live_retire(struct trace *trace, struct live *live)
{
	join_forget(live);
	list_remove(&live->conn_link);
	list_remove(&live->thread_link);
	index_leave(trace, live);
	process_leave(trace, live);
	if (live->thread)
		live->thread->users--;
	live->thread = NULL;
	if (!list_empty(&live->waiting_link)) {
		list_remove(&live->waiting_link);
		trace->waiting_count--;
	}
	for (uint32_t seq = live->seq_first; seq <= live->seq_last; seq++)
		book_unuse(trace, live->conn, seq);
	live->seq_last = live->seq_first - 1;
}

void live_free(struct trace *trace, struct live *live)
{
	if (live->r.number && trace->sink.gone)
		trace->sink.gone(trace->sink.ctx, live->r.number);
	live_retire(trace, live);
	trace->requests_open -= !live->counted;
	route_leave(trace, live);
	request_clear(&live->r);
	pool_give(live);
}
