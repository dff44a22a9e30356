// SPDX-License-Identifier: Apache-2.0
/* pair.c - see pair.h. */
#include "compare/pair.h"

#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"

/* A segment of either side, in the order of its keys. */
struct entry {
	const char *trace_id; /* "" when traces do not matter */
	const char *key;
	size_t index;
};

struct candidate {
	size_t sdk, ours;
	double cost_s;
};

struct candidates {
	struct candidate *at;
	size_t count, cap;
};

static int by_key(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int r = strcmp(a->trace_id, b->trace_id);

	return r ? r : strcmp(a->key, b->key);
}

/* Those without a partner, sorted. NULL: no memory. */
static struct entry *entries_of(const struct record *record, bool by_trace, size_t *ret_count)
{
	struct entry *entries = calloc(record->count + 1, sizeof(*entries));
	size_t count = 0;

	for (size_t i = 0; entries && i < record->count; i++) {
		const struct segment *segment = &record->segments[i];

		if (segment->partner == NOBODY)
			entries[count++] = (struct entry){ by_trace ? segment->trace_id : "",
							   segment->key, i };
	}
	if (entries)
		qsort(entries, count, sizeof(*entries), by_key);
	*ret_count = count;
	return entries;
}

static double distance(double a, double b)
{
	return a > b ? a - b : b - a;
}

static int consider(struct candidates *candidates, const struct record *sdk,
		    const struct record *ours, size_t s, size_t o)
{
	const struct segment *a = &sdk->segments[s], *b = &ours->segments[o];

	if (a->start_s > b->end_s + PAIR_TOLERANCE_S || b->start_s > a->end_s + PAIR_TOLERANCE_S)
		return 0;
	if (ARRAY_ROOM(candidates->at, candidates->count, candidates->cap) < 0)
		return -ENOMEM;
	candidates->at[candidates->count++] = (struct candidate){
		s, o, distance(a->start_s, b->start_s) + distance(a->end_s, b->end_s)
	};
	return 0;
}

/* Every two with equal keys whose times overlap. */
static int collect(struct candidates *candidates, const struct record *sdk, const struct entry *a,
		   size_t a_count, const struct record *ours, const struct entry *b, size_t b_count)
{
	size_t first = 0;

	for (size_t i = 0; i < a_count; i++) {
		while (first < b_count && by_key(&b[first], &a[i]) < 0)
			first++;
		for (size_t j = first; j < b_count && !by_key(&b[j], &a[i]); j++)
			if (consider(candidates, sdk, ours, a[i].index, b[j].index) < 0)
				return -ENOMEM;
	}
	return 0;
}

static int by_cost(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return (a->cost_s > b->cost_s) - (a->cost_s < b->cost_s);
}

static void marry(const struct candidates *candidates, struct record *sdk, struct record *ours,
		  bool by_trace)
{
	for (size_t i = 0; i < candidates->count; i++) {
		struct segment *a = &sdk->segments[candidates->at[i].sdk];
		struct segment *b = &ours->segments[candidates->at[i].ours];

		if (a->partner != NOBODY || b->partner != NOBODY)
			continue;
		a->partner = candidates->at[i].ours;
		b->partner = candidates->at[i].sdk;
		a->by_trace = b->by_trace = by_trace;
	}
}

static int pair_by(struct record *sdk, struct record *ours, bool by_trace)
{
	size_t a_count, b_count;
	_cleanup_free_ struct entry *a = entries_of(sdk, by_trace, &a_count);
	_cleanup_free_ struct entry *b = entries_of(ours, by_trace, &b_count);
	struct candidates candidates = { 0 };
	int r = a && b ? 0 : -ENOMEM;

	if (!r)
		r = collect(&candidates, sdk, a, a_count, ours, b, b_count);
	if (!r && candidates.count) {
		qsort(candidates.at, candidates.count, sizeof(*candidates.at), by_cost);
		marry(&candidates, sdk, ours, by_trace);
	}
	free(candidates.at);
	return r;
}

int pair_segments(struct record *sdk, struct record *ours)
{
	int r = pair_by(sdk, ours, true);

	return r < 0 ? r : pair_by(sdk, ours, false);
}
