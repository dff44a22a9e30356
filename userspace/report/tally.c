// SPDX-License-Identifier: Apache-2.0
/* tally.c - see tally.h. */
#include "report/tally.h"

#include "util/array.h"

enum outcome outcome_of(const struct span *span)
{
	if (span->flags & SPAN_FAULT)
		return OUTCOME_FAULT;
	if (span->flags & SPAN_THROTTLE)
		return OUTCOME_THROTTLE;
	return span->flags & SPAN_ERROR ? OUTCOME_ERROR : OUTCOME_OK;
}

int tally_add(struct tally *tally, const struct span *span)
{
	int r;

	if (span->flags & SPAN_PENDING) {
		tally->count++;
		tally->pending++;
		return 0;
	}
	r = ARRAY_ROOM(tally->times_us, tally->time_count, tally->time_capacity);
	if (r < 0)
		return r;
	tally->times_us[tally->time_count++] = span_us(span);
	tally->sum_us += span_us(span);
	tally->count++;
	tally->outcomes[outcome_of(span)]++;
	tally->sorted = false;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void tally_sort(struct tally *tally)
{
	if (!tally->sorted && tally->time_count)
		qsort(tally->times_us, tally->time_count, sizeof(*tally->times_us), by_time);
	tally->sorted = true;
}

uint64_t tally_percentile(const struct tally *tally, unsigned int percent)
{
	size_t rank = (tally->time_count * percent + 99) / 100;

	return tally->time_count ? tally->times_us[rank ? rank - 1 : 0] : 0;
}

uint64_t tally_average(const struct tally *tally)
{
	return tally->time_count ? (tally->sum_us + tally->time_count / 2) / tally->time_count : 0;
}

void tally_clear(struct tally *tally)
{
	free(tally->times_us);
	*tally = (struct tally){ 0 };
}
