/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - everything that the report shows, computed once from the documents; the page, the text
 * and the JSON are three ways to write it.
 */
#ifndef BPFXRAY_REPORT_REPORT_H
#define BPFXRAY_REPORT_REPORT_H

#include "report/graph.h"
#include "report/groups.h"

struct report {
	const struct store *store;
	uint64_t start_us; /* of the first segment */
	uint64_t end_us;   /* of the last */
	struct tally traces;
	uint64_t health_checks; /* traces that are one */
	struct graph graph;
	struct groups groups[GROUP_KEY_COUNT];
	struct groups statements;
};

/* Links @store, which must outlive @ret. Returns 0 or -ENOMEM; report_clear() in both cases. */
int report_build(struct report *ret, struct store *store);
void report_clear(struct report *report);

/* Seconds observed, at least 1, so that rates stay sane. */
double report_seconds(const struct report *report);

/* The upper bound of the histogram's bar @i in microseconds: 100, 200, 500, 1000 .. */
uint64_t report_bar_us(unsigned int i);
#define REPORT_BARS 24
/* Counts the response times below each bound and not below the one before. */
void report_histogram(const struct tally *tally, uint64_t ret[REPORT_BARS]);

#endif
