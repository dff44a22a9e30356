// SPDX-License-Identifier: Apache-2.0
/*
 * thread.c - intervals of open requests by thread.
 *
 * Two requests of one connection never count as overlapping: pipelined requests are served one
 * after another.
 */
#include "trace/thread.h"

#include <errno.h>
#include <stdlib.h>

/* Idle threads are forgotten after this long (servers with a thread per connection). */
#define THREAD_IDLE_NS MS(30 * 1000)

static struct thread *thread_get(struct trace *trace, uint32_t tid, uint32_t tgid)
{
	struct thread *thread = table_find(&trace->threads, table_key(tid));

	if (thread && !thread->gone && thread->tgid == tgid)
		return thread;
	if (thread) { /* the number was given to another process's thread */
		table_remove(&trace->threads, table_key(tid));
		thread->gone = true;
	}
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return NULL;
	thread->tid = tid;
	thread->tgid = tgid;
	thread->multiplex_ns = UINT64_MAX;
	list_init(&thread->open);
	list_init(&thread->done);
	list_init(&thread->nodes);
	list_init(&thread->lru);
	if (table_insert(&trace->threads, table_key(tid), thread) < 0) {
		free(thread);
		return NULL;
	}
	list_append(&trace->thread_lru, &thread->lru);
	return thread;
}

int thread_enter(struct trace *trace, struct live *live, bool multiplex)
{
	struct thread *thread = thread_get(trace, live->r.tid, live->r.tgid);

	if (!thread)
		return -ENOMEM;
	thread->users++;
	live->thread = thread;
	list_move(&trace->thread_lru, &thread->lru);
	if (!live->soft)
		list_append(&thread->open, &live->thread_link);
	if (multiplex && live->r.start_ns < thread->multiplex_ns)
		thread->multiplex_ns = live->r.start_ns;
	return 0;
}

/*
 * A response without a length on a unix socket ends when somebody looks and finds the socket gone.
 * Until then a request that the thread read after the response's last byte says nothing about an
 * overlap.
 */
static bool undecided(const struct live *other, uint64_t at_ns)
{
	return other->family == FAMILY_UNIX && other->until_close && other->last_out_ns <= at_ns;
}

static void overlap(struct thread *thread, uint64_t a_start, uint64_t a_end, uint64_t b_start,
		    uint64_t b_end)
{
	uint64_t start = a_start > b_start ? a_start : b_start;
	uint64_t end = a_end < b_end ? a_end : b_end;

	if (start < end && start < thread->multiplex_ns)
		thread->multiplex_ns = start;
}

static void compare_intervals(struct thread *thread, const struct live *live)
{
	uint64_t start = live->r.start_ns;
	uint64_t end = live->r.end_ns;

	list_for_each (&thread->open, it) {
		const struct live *other = list_entry(it, struct live, thread_link);

		if (other->conn != live->conn && !undecided(other, start))
			overlap(thread, start, end, other->r.start_ns, UINT64_MAX);
	}
	for (size_t i = 0; i < 8; i++)
		if (thread->recent[i].conn && thread->recent[i].conn != live->conn)
			overlap(thread, start, end, thread->recent[i].start_ns,
				thread->recent[i].end_ns);
	thread->recent[thread->recent_next].conn = live->conn;
	thread->recent[thread->recent_next].start_ns = start;
	thread->recent[thread->recent_next].end_ns = end;
	thread->recent_next = (thread->recent_next + 1) % 8;
}

void thread_leave(struct live *live)
{
	struct thread *thread = live->thread;

	if (!thread)
		return;
	list_remove(&live->thread_link);
	if (!live->soft)
		compare_intervals(thread, live);
	list_append(&thread->done, &live->thread_link);
	if (live->r.end_ns > thread->last_ns)
		thread->last_ns = live->r.end_ns;
}

void thread_quit(struct live *live)
{
	list_remove(&live->thread_link);
	live->thread->users--;
	live->thread = NULL;
}

int thread_adopt(struct trace *trace, struct node *node)
{
	struct thread *thread = thread_get(trace, node->s.tid, node->s.tgid);

	if (!thread)
		return -ENOMEM;
	list_append(&thread->nodes, &node->thread_link);
	if (node->s.start_ns > thread->last_ns)
		thread->last_ns = node->s.start_ns; /* not idle: see thread_expire() */
	return 0;
}

bool thread_failed_to_connect(const struct trace *trace, uint32_t tgid, uint32_t tid,
			      uint64_t since_ns)
{
	const struct thread *thread = table_find(&trace->threads, table_key(tid));

	if (!thread || thread->gone || thread->tgid != tgid)
		return false;
	list_for_each (&thread->nodes, it) {
		const struct statement *s = &list_entry(it, struct node, thread_link)->s;

		if (s->kind == STATEMENT_CONNECT && s->failed && s->start_ns >= since_ns)
			return true;
	}
	return false;
}

/* Sends this close together are for one answer. */
#define STRANGE_RUN_NS 200000

void thread_answers_strange(struct trace *trace, uint32_t tgid, uint32_t tid, uint64_t at_ns)
{
	struct thread *thread = thread_get(trace, tid, tgid);
	struct strange *strange;
	unsigned int last;

	/* Without memory nothing is known of it, as if the answer had not been seen either. */
	if (thread && !thread->strange)
		thread->strange = calloc(1, sizeof(*thread->strange));
	if (!thread || !thread->strange)
		return;
	strange = thread->strange;
	last = (strange->next + 31) % 32;
	if (strange->at_ns[last] && at_ns - strange->at_ns[last] < STRANGE_RUN_NS) {
		strange->at_ns[last] = at_ns;
		return;
	}
	strange->at_ns[strange->next] = at_ns;
	strange->next = (strange->next + 1) % 32;
	if (at_ns > thread->last_ns)
		thread->last_ns = at_ns;
}

/* Whether the thread answered something else between @at_ns and the end of @live. */
static bool strange_between(const struct thread *thread, uint64_t at_ns, const struct live *live)
{
	if (!thread->strange)
		return false;
	for (size_t i = 0; i < 32; i++)
		if (thread->strange->at_ns[i] >= at_ns &&
		    thread->strange->at_ns[i] < live->r.end_ns)
			return true;
	return false;
}

/* When @live may have begun to be served at the earliest. */
static uint64_t serves_from(const struct live *live)
{
	return live->soft && live->after_ns > live->r.start_ns ? live->after_ns : live->r.start_ns;
}

/* Whether @other, of the same thread, may own what began at @at_ns rather than @live. */
static bool contends(const struct live *other, const struct live *live, uint64_t at_ns)
{
	if (other == live)
		return false;
	if (!(live->process->flags & PROCESS_HANDS) && other->conn != live->conn &&
	    serves_from(other) < live->r.end_ns &&
	    (!other->finished || other->r.end_ns > serves_from(live)))
		return true;
	if (serves_from(other) > at_ns)
		return false;
	return !other->finished ||
	       (other->owns_until_ns >= at_ns && other->r.end_ns < live->r.end_ns);
}

struct thread *thread_upgrade(const struct live *live, uint64_t at_ns)
{
	struct thread *thread = live->thread;

	if (!thread)
		return NULL;
	if (!thread->upgraded++)
		thread->upgraded_from_ns = at_ns;
	thread->upgraded_to_ns = UINT64_MAX;
	thread->users++;
	return thread;
}

void thread_downgrade(struct thread *thread, uint64_t last_ns)
{
	thread->users--;
	if (!--thread->upgraded)
		thread->upgraded_to_ns = last_ns;
}

static bool beside_upgraded(const struct thread *thread, uint64_t at_ns)
{
	return at_ns >= thread->upgraded_from_ns && at_ns < thread->upgraded_to_ns;
}

bool thread_owns_softly(const struct live *live, uint64_t at_ns)
{
	const struct thread *thread = live->thread;

	if (at_ns < serves_from(live) || at_ns > live->owns_until_ns ||
	    at_ns >= thread->multiplex_ns || beside_upgraded(thread, at_ns) ||
	    strange_between(thread, at_ns, live))
		return false;
	list_for_each (&thread->open, it)
		if (contends(list_entry(it, struct live, thread_link), live, at_ns))
			return false;
	list_for_each (&thread->done, it)
		if (contends(list_entry(it, struct live, thread_link), live, at_ns))
			return false;
	return true;
}

enum thread_proof thread_proves(const struct live *live, uint64_t at_ns)
{
	const struct thread *thread = live->thread;
	enum thread_proof proof = PROOF_YES;

	if (!thread || at_ns >= thread->multiplex_ns || beside_upgraded(thread, at_ns))
		return PROOF_NO;
	list_for_each (&thread->open, it) {
		const struct live *other = list_entry(it, struct live, thread_link);

		if (other->conn == live->conn || other->r.start_ns > at_ns)
			continue;
		if (!undecided(other, at_ns))
			return PROOF_NO;
		proof = PROOF_LATER;
	}
	return proof;
}

bool thread_multiplexes(const struct live *live)
{
	return live->thread && live->thread->multiplex_ns != UINT64_MAX;
}

static void thread_free(struct trace *trace, struct thread *thread)
{
	if (table_find(&trace->threads, table_key(thread->tid)) == thread)
		table_remove(&trace->threads, table_key(thread->tid));
	list_remove(&thread->lru);
	list_for_each (&thread->nodes, it)
		list_remove(it);
	free(thread->strange);
	free(thread);
}

void thread_forget_process(struct trace *trace, uint32_t tgid)
{
	list_for_each (&trace->thread_lru, it) {
		struct thread *thread = list_entry(it, struct thread, lru);

		if (thread->tgid != tgid)
			continue;
		thread->gone = true;
		if (!thread->users)
			thread_free(trace, thread);
	}
}

void thread_expire(struct trace *trace)
{
	bool crowded = trace->threads.count > THREADS_MAX;

	list_for_each (&trace->thread_lru, it) {
		struct thread *thread = list_entry(it, struct thread, lru);
		bool idle = thread->last_ns + THREAD_IDLE_NS < trace->now_ns;

		if (!idle && !crowded && !thread->gone)
			break;
		/* What is known of a multiplexing thread is kept while its process lives. */
		if (!thread->users &&
		    (thread->gone || crowded || thread->multiplex_ns == UINT64_MAX))
			thread_free(trace, thread);
	}
}

void thread_free_all(struct trace *trace)
{
	list_for_each (&trace->thread_lru, it)
		thread_free(trace, list_entry(it, struct thread, lru));
	table_clear(&trace->threads);
}
