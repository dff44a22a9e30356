// SPDX-License-Identifier: Apache-2.0
/*
 * link.c - store_link(): from parent ids to parents, segments, roots and traces.
 */
#include "report/store.h"

/* The index of the span that @span names as its parent. */
static uint32_t find_parent(const struct store *store, const struct span *span)
{
	const void *found = NULL;

	if (span->parent && span->parent != span->id)
		found = table_find(&store->by_id, table_key2(span->trace, span->parent));
	return found ? (uint32_t)((uintptr_t)found - 1) : SPAN_NONE;
}

static void link_parents(struct store *store)
{
	for (size_t i = 0; i < store->span_count; i++) {
		struct span *span = &store->spans[i];

		span->up = find_parent(store, span);
		if (span->up != SPAN_NONE && span->flags & SPAN_SEGMENT)
			store->spans[span->up].flags |= SPAN_ANSWERED;
	}
}

/* Walks up to the segment. Parents may form a ring in hostile documents: such spans have no owner.
 */
static uint32_t find_owner(const struct store *store, uint32_t at)
{
	for (size_t steps = 0; at != SPAN_NONE && steps < 1024; steps++) {
		if (store->spans[at].flags & SPAN_SEGMENT)
			return at;
		at = store->spans[at].up;
	}
	return SPAN_NONE;
}

static void link_owners(struct store *store)
{
	store->counts.orphans = 0;
	for (size_t i = 0; i < store->span_count; i++) {
		struct span *span = &store->spans[i];

		span->owner = find_owner(store, (uint32_t)i);
		if (span->owner == SPAN_NONE)
			store->counts.orphans++;
	}
}

/* Whether @a is a better root than @b: without a parent, then the earlier, then the lower id. */
static bool is_better_root(const struct span *a, const struct span *b)
{
	if ((a->up == SPAN_NONE) != (b->up == SPAN_NONE))
		return a->up == SPAN_NONE;
	if (a->start_us != b->start_us)
		return a->start_us < b->start_us;
	return a->id < b->id;
}

static void widen(struct trace *trace, const struct span *span)
{
	if (!trace->segments || span->start_us < trace->start_us)
		trace->start_us = span->start_us;
	if (!trace->segments || span->end_us > trace->end_us)
		trace->end_us = span->end_us;
}

static void link_traces(struct store *store)
{
	store->counts.pending = 0;
	for (size_t i = 0; i < store->span_count; i++) {
		const struct span *span = &store->spans[i];
		struct trace *trace = &store->traces[span->trace];

		if (!(span->flags & SPAN_SEGMENT))
			continue;
		store->counts.pending += !!(span->flags & SPAN_PENDING);
		widen(trace, span);
		trace->segments++;
		if (trace->root == SPAN_NONE || is_better_root(span, &store->spans[trace->root]))
			trace->root = (uint32_t)i;
	}
}

static void count_replaced(struct store *store)
{
	store->counts.replaced = 0;
	for (size_t i = 0; i < store->document_count; i++)
		if (store->spans[store->documents[i].span].document != i)
			store->counts.replaced++;
}

void store_link(struct store *store)
{
	link_parents(store);
	link_owners(store);
	link_traces(store);
	count_replaced(store);
}
