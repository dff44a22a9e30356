// SPDX-License-Identifier: Apache-2.0
/* report.c - see report.h. */
#include "report/report.h"

static int count_traces(struct report *report)
{
	const struct store *store = report->store;
	bool any = false;

	for (size_t i = 0; i < store->trace_count; i++) {
		const struct trace *trace = &store->traces[i];
		int r;

		if (trace->root == SPAN_NONE)
			continue;
		if (!any || trace->start_us < report->start_us)
			report->start_us = trace->start_us;
		if (!any || trace->end_us > report->end_us)
			report->end_us = trace->end_us;
		any = true;
		report->health_checks += !!(store->spans[trace->root].flags & SPAN_HEALTH);
		r = tally_add(&report->traces, &store->spans[trace->root]);
		if (r < 0)
			return r;
	}
	tally_sort(&report->traces);
	return 0;
}

int report_build(struct report *ret, struct store *store)
{
	int r;

	*ret = (struct report){ .store = store };
	store_link(store);
	r = count_traces(ret);
	if (r < 0)
		return r;
	r = graph_build(&ret->graph, store);
	if (r < 0)
		return r;
	for (unsigned int key = 0; key < GROUP_KEY_COUNT; key++) {
		r = groups_build(&ret->groups[key], store, key);
		if (r < 0)
			return r;
	}
	return statements_build(&ret->statements, store);
}

void report_clear(struct report *report)
{
	tally_clear(&report->traces);
	graph_clear(&report->graph);
	for (unsigned int key = 0; key < GROUP_KEY_COUNT; key++)
		groups_clear(&report->groups[key]);
	groups_clear(&report->statements);
}

double report_seconds(const struct report *report)
{
	double seconds = (double)(report->end_us - report->start_us) / 1e6;

	return seconds < 1 ? 1 : seconds;
}

uint64_t report_bar_us(unsigned int i)
{
	static const uint64_t steps[] = { 100, 200, 500 };
	uint64_t bound = steps[i % 3];

	for (i /= 3; i; i--)
		bound *= 10;
	return bound;
}

void report_histogram(const struct tally *tally, uint64_t ret[REPORT_BARS])
{
	unsigned int bar = 0;

	for (unsigned int i = 0; i < REPORT_BARS; i++)
		ret[i] = 0;
	/* The times are in order. */
	for (size_t i = 0; i < tally->time_count; i++) {
		while (bar < REPORT_BARS - 1 && tally->times_us[i] >= report_bar_us(bar))
			bar++;
		ret[bar]++;
	}
}
