// SPDX-License-Identifier: Apache-2.0
/* text_timeline.c - see text_timeline.h. */
#include "report/text_timeline.h"

#include <inttypes.h>
#include <string.h>

#include "report/text.h"
#include "util/array.h"
#include "util/cleanup.h"

#define LABEL_WIDTH 46
#define LABEL_CAP   (LABEL_WIDTH * 4 + 4)
#define BAR_WIDTH   40
/* A trace may have thousands of statements; a terminal has not. */
#define LINES_MAX 60
/* Levels that are indented. */
#define DEPTH_MAX 8

struct spans {
	uint32_t *items;
	size_t count, capacity;
};

static bool is_candidate(const struct report *report, const struct trace *trace, bool with_health)
{
	uint16_t flags;

	if (trace->root == SPAN_NONE)
		return false;
	flags = report->store->spans[trace->root].flags;
	return !(flags & SPAN_PENDING) && (with_health || !(flags & SPAN_HEALTH));
}

static uint64_t response_us(const struct report *report, const struct trace *trace)
{
	return span_us(&report->store->spans[trace->root]);
}

/* The slowest trace, health checks only if there is nothing else. */
static const struct trace *slowest(const struct report *report)
{
	const struct trace *best = NULL;

	for (int with_health = 0; with_health < 2 && !best; with_health++) {
		for (size_t i = 0; i < report->store->trace_count; i++) {
			const struct trace *trace = &report->store->traces[i];

			if (is_candidate(report, trace, with_health) &&
			    (!best || response_us(report, trace) > response_us(report, best)))
				best = trace;
		}
	}
	return best;
}

static const struct trace *named(const struct report *report, const char *id)
{
	const struct store *store = report->store;

	for (size_t i = 0; i < store->trace_count; i++)
		if (store->traces[i].root != SPAN_NONE &&
		    !strcmp(store_text(store, store->traces[i].id), id))
			return &store->traces[i];
	return NULL;
}

/* The spans of @trace that hang under a segment. */
static int collect(const struct report *report, const struct trace *trace, struct spans *ret)
{
	const struct store *store = report->store;
	uint32_t number = (uint32_t)(trace - store->traces);

	for (size_t i = 0; i < store->span_count; i++) {
		int r;

		if (store->spans[i].trace != number || store->spans[i].owner == SPAN_NONE)
			continue;
		r = ARRAY_ROOM(ret->items, ret->count, ret->capacity);
		if (r < 0)
			return r;
		ret->items[ret->count++] = (uint32_t)i;
	}
	return 0;
}

static int by_start(const void *a, const void *b, void *context)
{
	const struct store *store = context;
	const struct span *x = &store->spans[*(const uint32_t *)a];
	const struct span *y = &store->spans[*(const uint32_t *)b];

	if (x->start_us != y->start_us)
		return x->start_us < y->start_us ? -1 : 1;
	/* What encloses comes first. */
	if (x->end_us != y->end_us)
		return x->end_us > y->end_us ? -1 : 1;
	return (x > y) - (x < y);
}

static int depth_of(const struct store *store, const struct span *span)
{
	int depth = 0;

	for (; span->up != SPAN_NONE && depth < DEPTH_MAX; span = &store->spans[span->up])
		depth++;
	return depth;
}

/* Where @span lies in the trace's time: at least one mark, never outside. */
static void bar(const struct trace *trace, const struct span *span, FILE *out)
{
	uint64_t whole = trace->end_us - trace->start_us, from = 0, to = 0;

	whole = whole ? whole : 1;
	if (span->start_us > trace->start_us)
		from = (span->start_us - trace->start_us) * BAR_WIDTH / whole;
	if (span->end_us > trace->start_us)
		to = ((span->end_us - trace->start_us) * BAR_WIDTH + whole - 1) / whole;
	from = from < BAR_WIDTH ? from : BAR_WIDTH - 1;
	to = to > from ? to : from + 1;
	fputc('|', out);
	for (uint64_t i = 0; i < BAR_WIDTH; i++)
		fputs(i < from ? " " : i < to ? "█" : "·", out);
	fputs("|\n", out);
}

static void print_span(const struct store *store, const struct trace *trace,
		       const struct span *span, FILE *out)
{
	bool failed = span->flags & (SPAN_FAULT | SPAN_ERROR);
	int indent = depth_of(store, span) * 2;
	char text[REPORT_SQL_MAX + REPORT_TEXT_MAX + 64], safe[LABEL_CAP];
	double offset = ((double)span->start_us - (double)trace->start_us) / 1000;
	size_t count;

	snprintf(text, sizeof(text), "%s%s%s%s", failed ? "! " : "", store_text(store, span->name),
		 span->statement ? ": " : "", store_text(store, span->statement));
	count = text_safe(text, (size_t)(LABEL_WIDTH - indent), safe);
	fprintf(out, "%*s%s%*s %9.3f ", indent, "", safe, LABEL_WIDTH - indent - (int)count, "",
		offset);
	if (span->flags & SPAN_PENDING)
		fprintf(out, "%9s ", "pending");
	else
		fprintf(out, "%9.3f ", (double)span_us(span) / 1000);
	bar(trace, span, out);
	if (span->problem) {
		text_safe(store_text(store, span->problem), LABEL_WIDTH, safe);
		fprintf(out, "%*s%s\n", indent + 2, "", safe);
	}
}

static void print_title(const struct store *store, const struct trace *trace, FILE *out)
{
	const struct span *root = &store->spans[trace->root];
	char method[LABEL_CAP], url[LABEL_CAP * 2];

	text_safe(store_text(store, root->method), 16, method);
	text_safe(store_text(store, root->url), LABEL_WIDTH * 2, url);
	fprintf(out, "\nTIMELINE  %s %s -> %d   trace %s\n", method, url, root->status,
		store_text(store, trace->id));
	fprintf(out, "%*s %9s %9s\n", LABEL_WIDTH, "", "at ms", "ms");
}

int text_timeline(const struct report *report, const char *trace_id, FILE *out)
{
	const struct trace *trace = trace_id ? named(report, trace_id) : slowest(report);
	struct store *store = (struct store *)report->store;
	_cleanup_free_ uint32_t *items = NULL;
	struct spans spans = { 0 };
	int r;

	if (!trace)
		return trace_id ? -ENOENT : 0;
	r = collect(report, trace, &spans);
	items = spans.items;
	if (r < 0)
		return r;
	qsort_r(items, spans.count, sizeof(*items), by_start, store);
	print_title(store, trace, out);
	for (size_t i = 0; i < spans.count && i < LINES_MAX; i++)
		print_span(store, trace, &store->spans[items[i]], out);
	if (spans.count > LINES_MAX)
		fprintf(out, "(%zu more)\n", spans.count - LINES_MAX);
	return 0;
}
