// SPDX-License-Identifier: Apache-2.0
/* top.c - see top.h. */
#include "report/top.h"

#include <stdio.h>
#include <stdlib.h>

#include "xray/subsegment.h"

struct pane {
	uint64_t start_ns;
	uint64_t faults, errors, throttles;
	struct sketch requests, statements;
	struct heavy lists[TOP_LIST_COUNT];
};

struct top {
	enum segment_sql sql;
	uint64_t requests;
	unsigned int current;
	struct pane panes[2];
};

/* An item in both panes, or in one of them. */
struct candidate {
	const struct heavy_item *item, *other;
	uint64_t weight; /* its own */
};

struct top *top_new(enum segment_sql sql, uint64_t now_ns)
{
	struct top *top = calloc(1, sizeof(*top));

	if (!top)
		return NULL;
	top->sql = sql;
	top->panes[0].start_ns = top->panes[1].start_ns = now_ns;
	return top;
}

struct top *top_free(struct top *top)
{
	free(top);
	return NULL;
}

static uint64_t us_between(uint64_t start_ns, uint64_t end_ns)
{
	return end_ns > start_ns ? (end_ns - start_ns) / 1000 : 0;
}

/* The text of the document, or `(connect)`, as the report has it. */
static void count_statement(struct top *top, struct pane *pane, const struct statement *statement)
{
	char clean[SQL_SANITIZED_CAP], command[sizeof(statement->command) + 2];
	struct heavy_event event = {
		.text = subsegment_text(top->sql, statement, clean),
		.us = us_between(statement->start_ns, subsegment_end_ns(statement)),
		.failed = subsegment_is_fault(statement),
	};

	if (!event.text.len) {
		snprintf(command, sizeof(command), "(%s)", statement->command);
		event.text = bytes_str(command);
	}
	event.weight = event.us + 1;
	sketch_add(&pane->statements, event.us);
	heavy_add(&pane->lists[TOP_STATEMENTS], &event);
}

static void count_url(struct pane *pane, const struct request *request, uint64_t us)
{
	char url[URL_CAP], text[URL_CAP + SEGMENT_METHOD_MAX + 2];
	struct heavy_event event = {
		.us = us,
		.weight = 1,
		.failed = segment_is_fault(request) || segment_is_error(request),
	};

	(void)segment_url(request, url);
	snprintf(text, sizeof(text), "%.*s %s", SEGMENT_METHOD_MAX,
		 request->method ? request->method : "?", url);
	event.text = bytes_str(text);
	heavy_add(&pane->lists[TOP_URLS], &event);
}

void top_request(struct top *top, const struct request *request)
{
	struct pane *pane = &top->panes[top->current];
	uint64_t us = us_between(request->start_ns, request->end_ns);

	top->requests++;
	pane->faults += segment_is_fault(request);
	pane->throttles += segment_is_throttle(request);
	pane->errors += segment_is_error(request) && !segment_is_throttle(request);
	sketch_add(&pane->requests, us);
	count_url(pane, request, us);
	for (size_t i = 0; i < request->statement_count; i++)
		count_statement(top, pane, &request->statements[i]);
}

void top_turn(struct top *top, uint64_t now_ns)
{
	struct pane *pane = &top->panes[top->current];

	if (now_ns - pane->start_ns < TOP_PANE_NS)
		return;
	top->current = !top->current;
	pane = &top->panes[top->current];
	memset(pane, 0, sizeof(*pane));
	pane->start_ns = now_ns;
}

struct top_sums top_sums(const struct top *top, uint64_t now_ns)
{
	const struct pane *new = &top->panes[top->current], *old = &top->panes[!top->current];
	struct sketch requests = new->requests, statements = new->statements;
	double seconds = (double)(now_ns - old->start_ns) / 1e9;

	sketch_merge(&requests, &old->requests);
	sketch_merge(&statements, &old->statements);
	return (struct top_sums){
		.seconds = seconds < 1 ? 1 : seconds,
		.requests = requests.count,
		.faults = new->faults + old->faults,
		.errors = new->errors + old->errors,
		.throttles = new->throttles + old->throttles,
		.median_us = sketch_percentile(&requests, 50),
		.p95_us = sketch_percentile(&requests, 95),
		.max_us = requests.max_us,
		.statements = statements.count,
		.statements_median_us = sketch_percentile(&statements, 50),
		.statements_p95_us = sketch_percentile(&statements, 95),
		.requests_in_all = top->requests,
	};
}

static uint64_t own_weight(const struct heavy_item *item)
{
	return item ? item->weight - item->inherited : 0;
}

static size_t candidates(const struct heavy *new, const struct heavy *old, struct candidate *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < new->count; i++)
		ret[count++] = (struct candidate){ .item = &new->items[i],
						   .other = heavy_find(old, &new->items[i]) };
	for (size_t i = 0; i < old->count; i++)
		if (!heavy_find(new, &old->items[i]))
			ret[count++] = (struct candidate){ .item = &old->items[i] };
	for (size_t i = 0; i < count; i++)
		ret[i].weight = own_weight(ret[i].item) + own_weight(ret[i].other);
	return count;
}

/* Equal weights in the order of their texts, so that rows do not change places for nothing. */
static int by_weight(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return strcmp(x->item->text, y->item->text);
}

static struct top_row row_of(const struct candidate *candidate)
{
	const struct heavy_item *item = candidate->item, *other = candidate->other;
	struct sketch times = item->times;

	if (other)
		sketch_merge(&times, &other->times);
	return (struct top_row){
		.text = item->text,
		.count = times.count,
		.failed = item->failed + (other ? other->failed : 0),
		.sum_us = times.sum_us,
		.median_us = sketch_percentile(&times, 50),
		.p95_us = sketch_percentile(&times, 95),
		.at_least = item->inherited || (other && other->inherited),
	};
}

size_t top_rows(const struct top *top, enum top_list list, struct top_row *ret, size_t cap)
{
	struct candidate found[2 * HEAVY_ITEMS];
	size_t count = candidates(&top->panes[top->current].lists[list],
				  &top->panes[!top->current].lists[list], found);

	qsort(found, count, sizeof(found[0]), by_weight);
	if (count > cap)
		count = cap;
	for (size_t i = 0; i < count; i++)
		ret[i] = row_of(&found[i]);
	return count;
}
