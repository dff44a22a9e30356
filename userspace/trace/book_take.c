// SPDX-License-Identifier: Apache-2.0
/*
 * book_take.c - a finished request looks for its statements: are all there, and which are proven to
 * be its own.
 */
#include "trace/book.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/thread.h"

static bool served_complete(struct trace *trace, const struct live *live, uint32_t seq)
{
	struct served *served = book_find(trace, live->conn, seq);

	if (!served)
		return true;
	if (served->arrived < served->expected)
		return false;
	list_for_each (&served->nodes, it) {
		const struct node *node = list_entry(it, struct node, link);

		/*
		 * A connect is held open for the set-up that may follow it: that alone is no
		 * reason to wait.
		 */
		if (node->open && !node->s.end_ns && node->s.start_ns <= live->owns_until_ns)
			return false;
		if (thread_proves(live, node->s.start_ns) == PROOF_LATER)
			return false;
	}
	return true;
}

bool book_complete(struct trace *trace, const struct live *live)
{
	/* What belongs to it is not known by count. */
	if (live->soft)
		return false;
	for (uint32_t seq = live->seq_first; seq <= live->seq_last; seq++)
		if (!served_complete(trace, live, seq))
			return false;
	return true;
}

bool book_grows(struct trace *trace, const struct live *live, uint64_t limit_ns)
{
	for (uint32_t seq = live->seq_first; !live->soft && seq <= live->seq_last; seq++) {
		const struct served *served = book_find(trace, live->conn, seq);

		if (served && served->arrived < served->expected &&
		    trace->now_ns - served->grown_ns < limit_ns)
			return true;
	}
	return false;
}

/*
 * Same thread, so the times are in the order of events. Bytes of a pipelined neighbour have the
 * same exchange: the neighbour's statements begin after the end of @live's response.
 */
static bool belongs(const struct live *live, const struct node *node)
{
	return node->s.tid == live->r.tid && node->s.start_ns >= live->r.start_ns &&
	       node->s.start_ns <= live->owns_until_ns &&
	       thread_proves(live, node->s.start_ns) == PROOF_YES;
}

static int by_start(const void *a, const void *b)
{
	const struct statement *x = a;
	const struct statement *y = b;

	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/*
 * No answer came, and the connection was closed when the request had been answered: the thread that
 * answered had not waited for it any more.
 */
static void end_unanswered(const struct request *r, struct statement *s)
{
	if (s->lost_connection && r->end_ns && s->end_ns > r->end_ns && s->start_ns <= r->end_ns)
		s->end_ns = r->end_ns;
}

static void take_node(struct trace *trace, struct request *r, struct node *node)
{
	struct statement *s = &r->statements[r->statement_count];

	if (node->open && !node->s.end_ns) {
		node->s.incomplete = true;
		node->s.end_ns = node->s.last_ns ?: node->s.first_ns ?: node->s.start_ns;
	}
	if (node->stray)
		trace->stray_count--;
	if (!book_wants(trace, node)) {
		trace->counters.statements_filtered++;
		book_node_free(node);
		return;
	}
	*s = node->s;
	end_unanswered(r, s);
	node->s = (struct statement){ 0 };
	r->statement_count++;
	book_node_free(node);
}

/* Room for @count statements more. */
static int grow(struct trace *trace, struct request *r, size_t count)
{
	size_t cap = trace->pools.statements.size / sizeof(struct statement);
	struct statement *grown;

	if (r->statement_count + count <= r->statement_cap)
		return 0;
	while (cap < r->statement_count + count)
		cap *= 2;
	grown = pool_take_bytes(&trace->pools.statements, cap * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	if (r->statement_count)
		memcpy(grown, r->statements, r->statement_count * sizeof(*grown));
	pool_give(r->statements);
	r->statements = grown;
	r->statement_cap = cap;
	return 0;
}

static int take_from(struct trace *trace, struct live *live, struct served *served)
{
	size_t count = 0;

	list_for_each (&served->nodes, it)
		count += belongs(live, list_entry(it, struct node, link));
	if (!count)
		return 0;
	if (grow(trace, &live->r, count) < 0)
		return -ENOMEM;
	list_for_each (&served->nodes, it) {
		struct node *node = list_entry(it, struct node, link);

		if (belongs(live, node))
			take_node(trace, &live->r, node);
	}
	return 0;
}

static int take_softly(struct trace *trace, struct live *live)
{
	if (!live->thread)
		return 0;
	list_for_each (&live->thread->nodes, it) {
		struct node *node = list_entry(it, struct node, thread_link);

		if (!thread_owns_softly(live, node->s.start_ns))
			continue;
		if (grow(trace, &live->r, 1) < 0)
			return -ENOMEM;
		take_node(trace, &live->r, node);
	}
	live->r.children_seen = live->r.statement_count;
	return 0;
}

static int take_counted(struct trace *trace, struct live *live)
{
	for (uint32_t seq = live->seq_first; seq <= live->seq_last; seq++) {
		struct served *served = book_find(trace, live->conn, seq);
		int r;

		if (!served)
			continue;
		live->r.children_seen += served->expected;
		if (served->arrived < served->expected) {
			live->r.flags |= REQUEST_CHILDREN_MISSING;
			trace->counters.children_missing += served->expected - served->arrived;
		}
		r = take_from(trace, live, served);
		if (r < 0)
			return r;
	}
	return 0;
}

int book_take(struct trace *trace, struct live *live)
{
	int r = live->soft ? take_softly(trace, live) : take_counted(trace, live);

	if (live->r.statement_count)
		qsort(live->r.statements, live->r.statement_count, sizeof(struct statement),
		      by_start);
	return r;
}
