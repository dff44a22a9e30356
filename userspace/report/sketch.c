// SPDX-License-Identifier: Apache-2.0
/*
 * sketch.c - see sketch.h. Times below SKETCH_STEPS have a bucket each; above, a bucket is the
 * highest bit and the four behind it.
 */
#include "report/sketch.h"

#include <stddef.h>

#define STEP_BITS 4
_Static_assert(1 << STEP_BITS == SKETCH_STEPS, "a step for each pattern of the bits");

static size_t bucket_of(uint64_t us)
{
	unsigned int shift;
	size_t bucket;

	if (us < SKETCH_STEPS)
		return us;
	shift = 63 - STEP_BITS - (unsigned int)__builtin_clzll(us);
	bucket = (shift + 1) * SKETCH_STEPS + ((us >> shift) & (SKETCH_STEPS - 1));
	return bucket < SKETCH_BUCKETS ? bucket : SKETCH_BUCKETS - 1;
}

static uint64_t middle_of(size_t bucket)
{
	unsigned int shift;
	uint64_t low;

	if (bucket < SKETCH_STEPS)
		return bucket;
	shift = (unsigned int)(bucket / SKETCH_STEPS) - 1;
	low = (SKETCH_STEPS + bucket % SKETCH_STEPS) << shift;
	return low + ((1ULL << shift) >> 1);
}

void sketch_add(struct sketch *sketch, uint64_t us)
{
	sketch->count++;
	sketch->sum_us += us;
	sketch->max_us = us > sketch->max_us ? us : sketch->max_us;
	sketch->buckets[bucket_of(us)]++;
}

void sketch_merge(struct sketch *into, const struct sketch *from)
{
	into->count += from->count;
	into->sum_us += from->sum_us;
	into->max_us = from->max_us > into->max_us ? from->max_us : into->max_us;
	for (size_t i = 0; i < SKETCH_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

uint64_t sketch_percentile(const struct sketch *sketch, unsigned int percent)
{
	uint64_t rank = (sketch->count * percent + 99) / 100, seen = 0;

	for (size_t i = 0; sketch->count && i < SKETCH_BUCKETS; i++) {
		seen += sketch->buckets[i];
		if (seen && seen >= rank)
			return middle_of(i) < sketch->max_us ? middle_of(i) : sketch->max_us;
	}
	return 0;
}
