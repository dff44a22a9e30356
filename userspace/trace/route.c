// SPDX-License-Identifier: Apache-2.0
/*
 * route.c - the table of routes, and how long a told request is remembered.
 */
#include "trace/route.h"

#include <errno.h>

#include "trace/live.h"

/* Told requests beyond this many are forgotten, the oldest first. */
#define TOLD_MAX 16384
/* As long as a worker's record may come before its front's. */
#define TOLD_NS MS(2000)

/* FNV-1a, 64 bits: offset basis and prime of its authors. */
static uint64_t hash(uint64_t h, const char *text)
{
	for (; text && *text; text++)
		h = (h ^ (uint8_t)*text) * 0x100000001b3ULL;
	return h;
}

static struct route *route_get(struct trace *trace, struct table_key key)
{
	struct route *route = table_find(&trace->routes, key);

	if (route)
		return route;
	route = pool_take(&trace->pools.route);
	if (!route)
		return NULL;
	route->key = key;
	list_init(&route->lives);
	list_init(&route->told);
	if (table_insert(&trace->routes, key, route) < 0) {
		return pool_give(route);
	}
	return route;
}

static uint64_t begin_of(const struct live *live)
{
	return live->r.start_ns;
}

static uint64_t end_of(const struct live *live)
{
	return live->r.end_ns;
}

/* Records come almost in the order of these times: the place is near the end. */
static void insert_by(uint64_t (*time_of)(const struct live *), struct list *list,
		      struct live *live)
{
	struct list *at = list;

	list_for_each_back (list, it) {
		if (time_of(list_entry(it, struct live, route_link)) <= time_of(live))
			break;
		at = it;
	}
	list_append(at, &live->route_link);
}

int route_enter(struct trace *trace, struct live *live)
{
	struct table_key key = table_key2(hash(0xcbf29ce484222325ULL, live->r.method),
					  hash(0xcbf29ce484222325ULL, live->r.target));

	live->route = route_get(trace, key);
	if (!live->route)
		return -ENOMEM;
	insert_by(begin_of, &live->route->lives, live);
	return 0;
}

void route_leave(struct trace *trace, struct live *live)
{
	struct route *route = live->route;

	if (!route)
		return;
	live->route = NULL;
	list_remove(&live->route_link);
	if (live->told) {
		list_remove(&live->told_link);
		trace->told_count--;
	}
	if (!list_empty(&route->lives) || !list_empty(&route->told))
		return;
	table_remove(&trace->routes, route->key);
	pool_give(route);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

bool route_same(const struct live *a, const struct live *b)
{
	return same(a->r.method, b->r.method) && same(a->r.target, b->r.target);
}

void route_tell(struct trace *trace, struct live *live)
{
	live_retire(trace, live);
	request_clear_statements(&live->r);
	live->told = true;
	live->told_ns = trace->now_ns;
	trace->told_count++;
	list_append(&trace->told, &live->told_link);
	list_remove(&live->route_link);
	insert_by(end_of, &live->route->told, live);
	if (trace->told_count > TOLD_MAX)
		live_free(trace, list_first(&trace->told, struct live, told_link));
}

/* A front that still sends to its client may be the told one's: its end is to come. */
static bool front_open(const struct live *told)
{
	list_for_each (&told->route->lives, it) {
		const struct live *live = list_entry(it, struct live, route_link);

		if (live->r.start_ns > told->r.start_ns)
			break;
		if (!live->finished && live->r.tgid != told->r.tgid)
			return true;
	}
	return false;
}

void route_expire(struct trace *trace)
{
	list_for_each (&trace->told, it) {
		struct live *live = list_entry(it, struct live, told_link);

		if (trace->now_ns - live->told_ns < TOLD_NS)
			break;
		if (!live->claimed && front_open(live)) {
			live->told_ns = trace->now_ns;
			list_move(&trace->told, &live->told_link);
		} else {
			live_free(trace, live);
		}
	}
}

void route_free_all(struct trace *trace)
{
	list_for_each (&trace->told, it)
		live_free(trace, list_entry(it, struct live, told_link));
	table_clear(&trace->routes);
}
