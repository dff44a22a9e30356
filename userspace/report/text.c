// SPDX-License-Identifier: Apache-2.0
/* text.c - see text.h: the console's views as tables. The timeline is in text_timeline.c. */
#include "report/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/text_timeline.h"
#include "util/array.h"

#define LABEL_WIDTH 46
#define LABEL_CAP   (LABEL_WIDTH * 4 + 4)
#define BAR_WIDTH   40
/* Lines of a table; the page has them all. */
#define LINES_MAX 20
/* Of those that are not about URLs. */
#define GROUP_LINES_MAX 5

static double ms(uint64_t us)
{
	return (double)us / 1000;
}

static void label(FILE *out, const char *text)
{
	char safe[LABEL_CAP];
	size_t count = text_safe(*text ? text : "(none)", LABEL_WIDTH, safe);

	fprintf(out, "%s%*s", safe, (int)(LABEL_WIDTH - count), "");
}

/* `ok`, or how many went wrong. */
static void result(FILE *out, const struct tally *tally)
{
	static const struct {
		enum outcome outcome;
		const char *word;
	} bad[] = { { OUTCOME_FAULT, "fault" },
		    { OUTCOME_THROTTLE, "throttle" },
		    { OUTCOME_ERROR, "error" } };
	bool any = tally->pending;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint64_t count = tally->outcomes[bad[i].outcome];

		if (count)
			fprintf(out, " %" PRIu64 " %s", count, bad[i].word);
		any |= count > 0;
	}
	if (tally->pending)
		fprintf(out, " %" PRIu64 " pending", tally->pending);
	fputs(any ? "\n" : " ok\n", out);
}

static void times(FILE *out, const struct tally *tally)
{
	fprintf(out, " %8.2f %8.2f %8.2f %8.2f ", ms(tally_average(tally)),
		ms(tally_percentile(tally, 50)), ms(tally_percentile(tally, 95)),
		ms(tally_percentile(tally, 100)));
}

static void heading(FILE *out, const char *title, const char *columns)
{
	fprintf(out, "\n%-*s %s %8s %8s %8s %8s  result\n", LABEL_WIDTH, title, columns, "avg ms",
		"median", "p95", "max");
}

static void print_summary(const struct report *report, FILE *out)
{
	const struct store_counts *counts = &report->store->counts;

	fprintf(out, "%" PRIu64 " traces in %.1f s, %" PRIu64 " of them health checks",
		report->traces.count, report_seconds(report), report->health_checks);
	fprintf(out, " (%" PRIu64 " documents", counts->documents);
	if (counts->invalid)
		fprintf(out, ", %" PRIu64 " lines are none", counts->invalid);
	if (counts->replaced)
		fprintf(out, ", %" PRIu64 " replaced by a later one", counts->replaced);
	if (counts->orphans)
		fprintf(out, ", %" PRIu64 " subsegments without segment", counts->orphans);
	fputs(")\n", out);
}

static void print_edge(const struct report *report, const struct edge *edge, FILE *out)
{
	const struct node *from = &report->graph.nodes[edge->from];
	const struct node *to = &report->graph.nodes[edge->to];
	char text[2 * REPORT_TEXT_MAX + 64];

	snprintf(text, sizeof(text), "%s -> %s%s%s",
		 from->kind == NODE_CLIENT ? "clients" : store_text(report->store, from->name),
		 to->kind == NODE_SERVICE ? "" : node_kind_word(to->kind),
		 to->kind == NODE_SERVICE ? "" : " ", store_text(report->store, to->name));
	label(out, text);
	fprintf(out, " %7" PRIu64 " %7.1f", edge->calls.count,
		(double)edge->calls.count * 60 / report_seconds(report));
	times(out, &edge->calls);
	result(out, &edge->calls);
}

static void print_map(const struct report *report, FILE *out)
{
	heading(out, "SERVICE MAP", "  calls  a min.");
	for (size_t i = 0; i < report->graph.edge_count && i < LINES_MAX; i++)
		print_edge(report, &report->graph.edges[i], out);
	if (report->graph.edge_count > LINES_MAX)
		fprintf(out, "(%zu more)\n", report->graph.edge_count - LINES_MAX);
}

static void print_distribution(const struct report *report, FILE *out)
{
	const struct tally *traces = &report->traces;
	uint64_t bars[REPORT_BARS], highest = 1;

	report_histogram(traces, bars);
	for (unsigned int i = 0; i < REPORT_BARS; i++)
		highest = bars[i] > highest ? bars[i] : highest;
	fprintf(out,
		"\nRESPONSE TIME  p50 %.2f ms, p90 %.2f ms, p95 %.2f ms, p99 %.2f ms, "
		"max %.2f ms\n",
		ms(tally_percentile(traces, 50)), ms(tally_percentile(traces, 90)),
		ms(tally_percentile(traces, 95)), ms(tally_percentile(traces, 99)),
		ms(tally_percentile(traces, 100)));
	for (unsigned int i = 0; i < REPORT_BARS; i++) {
		int length = (int)((bars[i] * BAR_WIDTH + highest - 1) / highest);

		if (!bars[i])
			continue;
		fprintf(out, "< %9g ms %7" PRIu64 " ", ms(report_bar_us(i)), bars[i]);
		while (length--)
			fputs("█", out);
		fputc('\n', out);
	}
}

static void print_group(const struct report *report, enum group_key key, const struct group *group,
			FILE *out)
{
	const struct tally *tally = &group->tally;
	char status[16];

	snprintf(status, sizeof(status), "%.0" PRIu32, group->key);
	label(out, key == GROUP_STATUS ? status : store_text(report->store, group->key));
	fprintf(out, " %7" PRIu64 " %6.1f%%", tally->count,
		100.0 * (double)tally->count / (double)report->traces.count);
	times(out, tally);
	result(out, tally);
}

static void print_groups(const struct report *report, enum group_key key, FILE *out)
{
	static const char *const titles[GROUP_KEY_COUNT] = {
		[GROUP_URL] = "URL",	      [GROUP_METHOD] = "METHOD", [GROUP_STATUS] = "STATUS",
		[GROUP_AGENT] = "USER AGENT", [GROUP_CLIENT] = "CLIENT",
	};
	const struct groups *groups = &report->groups[key];
	size_t max = key == GROUP_URL ? LINES_MAX : GROUP_LINES_MAX;

	heading(out, titles[key], " traces   share");
	for (size_t i = 0; i < groups->count && i < max; i++)
		print_group(report, key, &groups->items[i], out);
	if (groups->count > max)
		fprintf(out, "(%zu more)\n", groups->count - max);
}

static void print_statements(const struct report *report, FILE *out)
{
	const struct groups *statements = &report->statements;

	if (!statements->count)
		return;
	heading(out, "STATEMENT", "  times  all ms");
	for (size_t i = 0; i < statements->count && i < LINES_MAX; i++) {
		const struct group *group = &statements->items[i];

		label(out, store_text(report->store, group->key));
		fprintf(out, " %7" PRIu64 " %7.1f", group->tally.count, ms(group->tally.sum_us));
		times(out, &group->tally);
		result(out, &group->tally);
		if (group->repeated)
			fprintf(out,
				"  N+1? more than %d times in one request, in %" PRIu32
				" of them; at most %" PRIu32 " times\n",
				REPEATED_MIN, group->repeated, group->most);
	}
	if (statements->count > LINES_MAX)
		fprintf(out, "(%zu more)\n", statements->count - LINES_MAX);
}

int report_text(const struct report *report, const char *trace, FILE *out)
{
	print_summary(report, out);
	if (!report->traces.count)
		return trace ? -ENOENT : 0;
	print_map(report, out);
	print_distribution(report, out);
	for (unsigned int key = 0; key < GROUP_KEY_COUNT; key++)
		print_groups(report, key, out);
	print_statements(report, out);
	return text_timeline(report, trace, out);
}
