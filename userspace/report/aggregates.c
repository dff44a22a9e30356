// SPDX-License-Identifier: Apache-2.0
/* aggregates.c - see aggregates.h. */
#include "report/aggregates.h"

#include "util/cleanup.h"
#include "xray/json.h"
#include "xray/json_read.h"

/* Edges that are written for each node, on average: the most frequent. */
#define EDGES_PER_NODE 5

static bool add_us(cJSON *out, const char *key, uint64_t us)
{
	return json_add_ms(out, key, us * 1000);
}

static bool add_text(cJSON *out, const char *key, const struct store *store, uint32_t id)
{
	return json_add_string(out, key, store_text(store, id), REPORT_SQL_MAX);
}

static bool add_times(cJSON *out, const struct tally *tally)
{
	if (!tally->time_count)
		return out;
	return add_us(out, "total_ms", tally->sum_us) &&
	       add_us(out, "average_ms", tally_average(tally)) &&
	       add_us(out, "min_ms", tally->times_us[0]) &&
	       add_us(out, "p50_ms", tally_percentile(tally, 50)) &&
	       add_us(out, "p90_ms", tally_percentile(tally, 90)) &&
	       add_us(out, "p95_ms", tally_percentile(tally, 95)) &&
	       add_us(out, "p99_ms", tally_percentile(tally, 99)) &&
	       add_us(out, "max_ms", tally->times_us[tally->time_count - 1]);
}

static bool add_tally(cJSON *out, const struct tally *tally)
{
	return json_add_int(out, "count", (int64_t)tally->count) &&
	       json_add_int(out, "ok", (int64_t)tally->outcomes[OUTCOME_OK]) &&
	       json_add_int(out, "error", (int64_t)tally->outcomes[OUTCOME_ERROR]) &&
	       json_add_int(out, "throttle", (int64_t)tally->outcomes[OUTCOME_THROTTLE]) &&
	       json_add_int(out, "fault", (int64_t)tally->outcomes[OUTCOME_FAULT]) &&
	       json_add_int(out, "pending", (int64_t)tally->pending) && add_times(out, tally);
}

/* Requests a minute, with 3 decimals as milliseconds have them. */
static bool add_rate(cJSON *out, const struct report *report, const struct tally *tally)
{
	double rate = (double)tally->count * 60 / report_seconds(report);

	return json_add_ms(out, "per_minute", (uint64_t)(rate * 1e6));
}

static bool add_counts(cJSON *out, const struct store_counts *counts)
{
	cJSON *object = json_add_object(out, "documents");

	return object && json_add_int(object, "read", (int64_t)counts->documents) &&
	       json_add_int(object, "invalid", (int64_t)counts->invalid) &&
	       json_add_int(object, "replaced", (int64_t)counts->replaced) &&
	       json_add_int(object, "orphans", (int64_t)counts->orphans) &&
	       json_add_int(object, "pending", (int64_t)counts->pending);
}

static bool add_window(cJSON *out, const struct report *report)
{
	cJSON *object = json_add_object(out, "window");

	return object && json_add_seconds(object, "start", report->start_us) &&
	       json_add_seconds(object, "end", report->end_us);
}

static bool add_traces(cJSON *out, const struct report *report)
{
	cJSON *object = json_add_object(out, "traces");

	return object && add_tally(object, &report->traces) &&
	       add_rate(object, report, &report->traces) &&
	       json_add_int(object, "health_checks", (int64_t)report->health_checks);
}

static bool add_histogram(cJSON *out, const struct report *report)
{
	cJSON *list = json_add_array(out, "histogram");
	uint64_t bars[REPORT_BARS];

	report_histogram(&report->traces, bars);
	for (unsigned int i = 0; list && i < REPORT_BARS; i++) {
		cJSON *bar = json_append_object(list);

		if (!add_us(bar, "below_ms", report_bar_us(i)) ||
		    !json_add_int(bar, "count", (int64_t)bars[i]))
			return false;
	}
	return list;
}

struct ranked {
	uint64_t count;
	uint32_t index;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

/* The nodes with the most calls first. The caller frees; NULL without memory. */
static struct ranked *rank_nodes(const struct graph *graph)
{
	struct ranked *order = calloc(graph->node_count + 1, sizeof(*order));

	for (size_t i = 0; order && i < graph->node_count; i++)
		order[i] = (struct ranked){ graph->nodes[i].served.count, (uint32_t)i };
	if (order)
		qsort(order, graph->node_count, sizeof(*order), by_rank);
	return order;
}

static bool add_node(cJSON *list, const struct report *report, const struct node *node)
{
	cJSON *object = json_append_object(list);

	return json_add_string(object, "kind", node_kind_word(node->kind), 32) &&
	       add_text(object, "name", report->store, node->name) &&
	       add_text(object, "origin", report->store, node->origin) &&
	       add_rate(object, report, &node->served) && add_tally(object, &node->served);
}

/* @places: of each node its place in the list, or @max and more when it was cut. */
static bool add_edges(cJSON *out, const struct report *report, const uint32_t *places, size_t max)
{
	const struct graph *graph = &report->graph;
	cJSON *list = json_add_array(out, "edges");

	for (size_t i = 0; list && i < graph->edge_count && i < EDGES_PER_NODE * max; i++) {
		const struct edge *edge = &graph->edges[i];
		cJSON *object;

		if (places[edge->from] >= max || places[edge->to] >= max)
			continue;
		object = json_append_object(list);
		if (!json_add_int(object, "from", places[edge->from]) ||
		    !json_add_int(object, "to", places[edge->to]) ||
		    !add_rate(object, report, &edge->calls) || !add_tally(object, &edge->calls))
			return false;
	}
	return list;
}

static bool add_graph(cJSON *out, const struct report *report, size_t max)
{
	const struct graph *graph = &report->graph;
	_cleanup_free_ struct ranked *order = rank_nodes(graph);
	_cleanup_free_ uint32_t *places = calloc(graph->node_count + 1, sizeof(*places));
	cJSON *list = json_add_array(out, "nodes");

	if (!order || !places || !list)
		return false;
	for (size_t i = 0; i < graph->node_count; i++) {
		places[order[i].index] = (uint32_t)i;
		if (i < max && !add_node(list, report, &graph->nodes[order[i].index]))
			return false;
	}
	return json_add_int(out, "nodes_in_all", (int64_t)graph->node_count) &&
	       add_edges(out, report, places, max);
}

static bool add_group(cJSON *list, const struct report *report, enum group_key key,
		      const struct group *group)
{
	cJSON *object = json_append_object(list);
	bool ok = key == GROUP_STATUS ? json_add_int(object, "key", group->key)
				      : add_text(object, "key", report->store, group->key);

	return ok && add_tally(object, &group->tally);
}

static bool add_groups(cJSON *out, const struct report *report, size_t max)
{
	cJSON *all = json_add_object(out, "groups");

	for (unsigned int key = 0; all && key < GROUP_KEY_COUNT; key++) {
		const struct groups *groups = &report->groups[key];
		cJSON *object = json_add_object(all, group_key_word(key));
		cJSON *list = object ? json_add_array(object, "items") : NULL;

		if (!list || !json_add_int(object, "distinct", (int64_t)groups->count))
			return false;
		for (size_t i = 0; i < groups->count && i < max; i++)
			if (!add_group(list, report, key, &groups->items[i]))
				return false;
	}
	return all;
}

static bool add_statement(cJSON *list, const struct report *report, const struct group *group)
{
	const struct store *store = report->store;
	cJSON *object = json_append_object(list);
	const struct span *most = &store->spans[group->most_in];

	return add_text(object, "text", store, group->key) &&
	       add_text(object, "database", store, group->where) &&
	       add_tally(object, &group->tally) &&
	       json_add_int(object, "most_in_one_request", group->most) &&
	       json_add_int(object, "requests_with_repetition", group->repeated) &&
	       add_text(object, "example_trace", store, store->traces[most->trace].id) &&
	       add_text(object, "example_url", store, most->url);
}

static bool add_statements(cJSON *out, const struct report *report, size_t max)
{
	const struct groups *statements = &report->statements;
	cJSON *list = json_add_array(out, "statements");

	for (size_t i = 0; list && i < statements->count && i < max; i++)
		if (!add_statement(list, report, &statements->items[i]))
			return false;
	return list && json_add_int(out, "statements_in_all", (int64_t)statements->count);
}

cJSON *aggregates_json(const struct report *report, size_t max)
{
	_cleanup_(cleanup_json) cJSON *out = cJSON_CreateObject();

	if (!out || !add_counts(out, &report->store->counts) || !add_window(out, report) ||
	    !add_traces(out, report) || !add_histogram(out, report) ||
	    !add_graph(out, report, max) || !add_groups(out, report, max) ||
	    !add_statements(out, report, max))
		return NULL;
	return TAKE_PTR(out);
}
