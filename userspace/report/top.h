/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top.h - the numbers of a live view: how many requests and how long they took, and which URLs and
 * statements weigh most, over the last 15 to 30 seconds. Memory is fixed, about 1.3 MB, whatever
 * comes in; a request costs a few counters.
 *
 * Two panes take turns: one is filled while the one before still counts, and the older is emptied
 * when the newer is full.
 */
#ifndef BPFXRAY_REPORT_TOP_H
#define BPFXRAY_REPORT_TOP_H

#include "report/heavy.h"
#include "trace/request.h"
#include "xray/segment.h"

#define TOP_PANE_NS 15000000000ULL

/* Ordered by how often, and by time in all. */
enum top_list { TOP_URLS, TOP_STATEMENTS, TOP_LIST_COUNT };

struct top;

/* @sql: what of statements may be shown. NULL without memory. */
struct top *top_new(enum segment_sql sql, uint64_t now_ns);
struct top *top_free(struct top *top);

void top_request(struct top *top, const struct request *request);

/* Lets time pass. @now_ns: CLOCK_MONOTONIC, as everywhere here. */
void top_turn(struct top *top, uint64_t now_ns);

/* The last seconds, and the requests since the start. Times in microseconds. */
struct top_sums {
	double seconds; /* how many these are, at least 1 */
	uint64_t requests, faults, errors, throttles;
	uint64_t median_us, p95_us, max_us;
	uint64_t statements, statements_median_us, statements_p95_us;
	uint64_t requests_in_all;
};

struct top_sums top_sums(const struct top *top, uint64_t now_ns);

struct top_row {
	const char *text; /* hostile; valid until the next request or turn */
	uint64_t count, failed, sum_us, median_us, p95_us;
	bool at_least; /* it may have come before it got into the table */
};

/* Fills at most @cap rows, the heaviest first; returns how many. */
size_t top_rows(const struct top *top, enum top_list list, struct top_row *ret, size_t cap);

#endif
