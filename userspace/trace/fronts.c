// SPDX-License-Identifier: Apache-2.0
/*
 * fronts.c - see fronts.h. Two sockets' times are compared only where one event caused the other:
 * the front reads the head before the worker can, and answers after the worker has read it.
 */
#include "trace/fronts.h"

#include "trace/address.h"
#include "trace/live.h"
#include "trace/route.h"

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool meet(const struct live *worker, const struct conn *hop)
{
	if (worker->peer.port)
		return endpoint_equal(&hop->local, &worker->peer);
	return worker->peer_ino && hop->ino == worker->peer_ino;
}

void fronts_learn_maker(const struct trace *trace, struct live *live)
{
	const struct conn *hop;

	if (!live->peer.port && !live->peer_ino)
		return;
	hop = table_find(&trace->hops,
			 live->peer.port ? endpoint_key(&live->peer) : table_key(live->peer_ino));
	if (hop && meet(live, hop))
		live->maker = hop->tgid;
}

void fronts_learn_hop(const struct trace *trace, const struct conn *hop)
{
	struct live *live = live_by_end(trace, hop->local.port, hop->ino);

	for (; live; live = live->end_next)
		if (meet(live, hop))
			live->maker = hop->tgid;
}

/* A unix socket whose other end the kernel could not name. */
static bool end_unknown(const struct live *worker)
{
	return worker->family == FAMILY_UNIX && !worker->peer_ino;
}

static bool other_with(const struct trace *trace, const struct live *worker, uint32_t flag)
{
	if (!(worker->process->flags & flag))
		return trace->proxies & flag;
	table_for_each (&trace->processes, it) {
		const struct process *process = it.value;

		if (process != worker->process && process->flags & flag)
			return true;
	}
	return false;
}

bool fronts_possible(const struct trace *trace, const struct live *worker)
{
	if (worker->uwsgi || worker->maker)
		return true;
	return other_with(trace, worker, worker->peer.port ? PROCESS_PROXY : PROCESS_UNIX_PROXY);
}

static bool comes_from(const struct live *worker, const struct live *front)
{
	if (worker->maker || !end_unknown(worker))
		return worker->maker == front->r.tgid;
	return front->process->flags & PROCESS_UNIX_PROXY;
}

/* Both ask for the same, and the front's request was there when the worker read its own. */
static bool encloses(const struct live *front, const struct live *worker)
{
	return !front->uwsgi && front->r.tgid != worker->r.tgid && route_same(front, worker) &&
	       front->r.start_ns <= worker->r.start_ns &&
	       (!front->finished || front->r.end_ns >= worker->r.start_ns);
}

/* uWSGI's router writes the port's bytes in the wrong order. */
static bool is_named(const struct live *front, const struct live *worker)
{
	uint16_t port = front->peer.port;

	return port &&
	       (port == worker->remote_port || port == __builtin_bswap16(worker->remote_port)) &&
	       address_is(&front->peer, worker->remote_addr);
}

static bool is_behind(const struct live *front, const struct live *worker)
{
	if (front == worker || !encloses(front, worker))
		return false;
	return worker->uwsgi ? is_named(front, worker) : comes_from(worker, front);
}

static bool cut_short(const struct live *live)
{
	return live->r.flags & (REQUEST_ABORTED | REQUEST_NO_RESPONSE);
}

static bool gave_up(const struct live *front)
{
	return front->finished && (front->r.status >= 500 || cut_short(front));
}

/* What a front may make of a whole answer by itself: validators and ranges. */
static bool may_become(int worker, int front)
{
	return worker == 200 && (front == 304 || front == 206 || front == 416);
}

/* Whether the client's answer may have been made of @worker's. */
static bool answers_alike(const struct live *front, const struct live *worker)
{
	int64_t a = front->r.response_length;
	int64_t b = worker->r.response_length;

	if (!worker->r.status || (!front->finished && !front->response_begun))
		return true;
	if (gave_up(front) && (cut_short(worker) || worker->r.end_ns > front->r.end_ns))
		return true;
	if (front->r.status != worker->r.status)
		return may_become(worker->r.status, front->r.status);
	return a < 0 || b < 0 || a == b;
}

/* Fronts pass the user agent on. */
static bool agents_differ(const struct live *front, const struct live *worker)
{
	return front->r.user_agent && worker->r.user_agent &&
	       strcmp(front->r.user_agent, worker->r.user_agent);
}

/* The last element of X-Forwarded-For is what the front itself added: its peer. */
static bool forwarded_for(const struct live *front, const struct live *worker)
{
	const char *list = worker->r.x_forwarded_for;
	const char *last = list ? strrchr(list, ',') : NULL;

	if (!list || !front->peer.port)
		return false;
	last = last ? last + 1 : list;
	return address_is(&front->peer, last + strspn(last, " \t"));
}

#define CLUE_TRACE   (1u << 0) /* the same X-Amzn-Trace-Id */
#define CLUE_ADDRESS (1u << 1)
#define CLUES	     2

static bool has_clues(const struct live *front, const struct live *worker, unsigned int clues)
{
	if (clues & CLUE_TRACE && !same(front->r.trace_header, worker->r.trace_header))
		return false;
	return !(clues & CLUE_ADDRESS) || forwarded_for(front, worker);
}

/*
 * How many requests may be the one in front of @worker, *ret one of them. One that another worker
 * has proven to be its own is none.
 */
static size_t count_fronts(const struct live *worker, unsigned int clues, struct live **ret)
{
	size_t n = 0;

	list_for_each (&worker->route->lives, it) {
		struct live *front = list_entry(it, struct live, route_link);

		if (front->r.start_ns > worker->r.start_ns)
			break;
		if (front->worker || !is_behind(front, worker) || agents_differ(front, worker) ||
		    !answers_alike(front, worker) || !has_clues(front, worker, clues))
			continue;
		*ret = front;
		n++;
	}
	return n;
}

static struct live *http_front(const struct live *worker)
{
	struct live *front = NULL;
	unsigned int clues = 0;

	if (!count_fronts(worker, 0, &front))
		return NULL;
	for (unsigned int i = 0; i < CLUES; i++)
		if (count_fronts(worker, clues | 1u << i, &front))
			clues |= 1u << i;
	return count_fronts(worker, clues, &front) == 1 ? front : NULL;
}

/*
 * Of the same requests that a client pipelined, a front passes one on after the other: the first
 * that was not over by then is the worker's.
 */
static struct live *uwsgi_front(const struct trace *trace, const struct live *worker, uint16_t port)
{
	struct live *at = port ? live_by_end(trace, port, 0) : NULL;
	struct live *front = NULL;

	for (; at; at = at->end_next)
		if (!at->worker && !at->dropped && is_behind(at, worker) &&
		    (!front || at->order < front->order))
			front = at;
	return front;
}

struct live *fronts_find(const struct trace *trace, const struct live *worker)
{
	struct live *front;

	if (!worker->uwsgi)
		return http_front(worker);
	front = uwsgi_front(trace, worker, worker->remote_port);
	return front ? front : uwsgi_front(trace, worker, __builtin_bswap16(worker->remote_port));
}

static bool undecided(const struct live *worker)
{
	return !worker->alone && !worker->front && !worker->dropped;
}

/* Nor may any be that began later still. */
static bool began_after(const struct live *worker, const struct live *front)
{
	return front->finished && worker->r.start_ns > front->r.end_ns;
}

/* Nor may any be that ended earlier still. */
static bool ended_before(const struct live *worker, const struct live *front)
{
	return worker->r.end_ns < front->r.start_ns;
}

bool fronts_awaits(const struct live *front)
{
	list_for_each (&front->route->lives, it) {
		struct live *worker = list_entry(it, struct live, route_link);

		if (began_after(worker, front))
			break;
		if (undecided(worker) && is_behind(front, worker))
			return true;
	}
	return false;
}

bool fronts_has_worker(const struct live *front)
{
	list_for_each (&front->route->lives, it)
		if (is_behind(front, list_entry(it, struct live, route_link)))
			return true;
	list_for_each (&front->route->told, it)
		if (is_behind(front, list_entry(it, struct live, route_link)))
			return true;
	return false;
}

/*
 * A front's own error is a request's only answer. Any other answer may have been rewritten on the
 * way, which is the worse guess.
 */
static unsigned int claim_rank(const struct live *front, const struct live *worker)
{
	if (worker->uwsgi)
		return 2;
	if (answers_alike(front, worker) && !agents_differ(front, worker))
		return 2;
	return front->r.status < 500;
}

/*
 * Each told request accounts for one front. The fronts come in the order of their ends; the told
 * one that began first leaves most to those that follow.
 */
bool fronts_claim(const struct live *front)
{
	struct live *best = NULL;
	unsigned int best_rank = 0;

	list_for_each_back (&front->route->told, it) {
		struct live *worker = list_entry(it, struct live, route_link);
		unsigned int rank;

		if (ended_before(worker, front))
			break;
		if (worker->claimed || !is_behind(front, worker))
			continue;
		rank = claim_rank(front, worker);
		if (rank < best_rank || !rank)
			continue;
		if (rank > best_rank || worker->r.start_ns < best->r.start_ns)
			best = worker;
		best_rank = rank;
	}
	if (best)
		best->claimed = true;
	return best;
}

void fronts_disown(struct trace *trace, const struct live *front)
{
	struct live *only = NULL;

	list_for_each (&front->route->lives, it) {
		struct live *worker = list_entry(it, struct live, route_link);

		if (began_after(worker, front))
			break;
		if (!undecided(worker) || !is_behind(front, worker))
			continue;
		if (only)
			return;
		only = worker;
	}
	if (!only)
		return;
	live_count(trace, only, &trace->counters.workers_disowned);
	only->dropped = true;
}
