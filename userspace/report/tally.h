/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h - how often something happened, how it went and how long it took. Outcomes are those of
 * the console's rings and exclude each other: fault before throttle before error before ok.
 */
#ifndef BPFXRAY_REPORT_TALLY_H
#define BPFXRAY_REPORT_TALLY_H

#include "report/store.h"

enum outcome { OUTCOME_OK, OUTCOME_ERROR, OUTCOME_THROTTLE, OUTCOME_FAULT, OUTCOME_COUNT };

/* An all-zero struct is empty. */
struct tally {
	uint64_t count;
	uint64_t outcomes[OUTCOME_COUNT]; /* of those that ended */
	uint64_t pending;
	uint64_t sum_us;
	uint64_t *times_us; /* of those that ended */
	size_t time_count, time_capacity;
	bool sorted;
};

enum outcome outcome_of(const struct span *span);

/* Returns 0 or -ENOMEM. */
int tally_add(struct tally *tally, const struct span *span);

/* Orders the times. Before percentiles are asked for. */
void tally_sort(struct tally *tally);

/* By nearest rank, so a time that was measured; 0 when there is none. */
uint64_t tally_percentile(const struct tally *tally, unsigned int percent);
uint64_t tally_average(const struct tally *tally);

void tally_clear(struct tally *tally);

#endif
