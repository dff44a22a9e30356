// SPDX-License-Identifier: Apache-2.0
/* graph.c - see graph.h. */
#include "report/graph.h"

#include "util/array.h"

static int node_at(struct graph *graph, enum node_kind kind, uint32_t name, uint32_t origin,
		   uint32_t *ret)
{
	struct table_key key = table_key2((uint64_t)kind << 32 | name, origin);
	void *known = table_find(&graph->by_key, key);
	int r;

	*ret = known ? (uint32_t)((uintptr_t)known - 1) : (uint32_t)graph->node_count;
	if (known)
		return 0;
	r = ARRAY_ROOM(graph->nodes, graph->node_count, graph->node_capacity);
	if (r < 0)
		return r;
	r = table_insert(&graph->by_key, key, (void *)(uintptr_t)(graph->node_count + 1));
	if (r < 0)
		return r;
	graph->nodes[graph->node_count++] =
		(struct node){ .kind = kind, .name = name, .origin = origin };
	return 0;
}

static int edge_at(struct graph *graph, uint32_t from, uint32_t to, uint32_t *ret)
{
	struct table_key key = table_key2(from, to);
	void *known = table_find(&graph->by_ends, key);
	int r;

	*ret = known ? (uint32_t)((uintptr_t)known - 1) : (uint32_t)graph->edge_count;
	if (known)
		return 0;
	r = ARRAY_ROOM(graph->edges, graph->edge_count, graph->edge_capacity);
	if (r < 0)
		return r;
	r = table_insert(&graph->by_ends, key, (void *)(uintptr_t)(graph->edge_count + 1));
	if (r < 0)
		return r;
	graph->edges[graph->edge_count++] = (struct edge){ .from = from, .to = to };
	return 0;
}

static int count_served(struct graph *graph, uint32_t node, const struct span *span)
{
	return tally_add(&graph->nodes[node].served, span);
}

static int count_call(struct graph *graph, uint32_t from, uint32_t to, const struct span *span)
{
	uint32_t edge;
	int r = edge_at(graph, from, to, &edge);

	return r < 0 ? r : tally_add(&graph->edges[edge].calls, span);
}

static int service_node(struct graph *graph, const struct span *segment, uint32_t *ret)
{
	return node_at(graph, NODE_SERVICE, segment->name, segment->origin, ret);
}

/* Who called @segment: the service whose subsegment it names as its parent, else a client. */
static int caller_node(struct graph *graph, const struct store *store, const struct span *segment,
		       uint32_t *ret)
{
	uint32_t owner = SPAN_NONE;
	int r;

	if (segment->up != SPAN_NONE)
		owner = store->spans[segment->up].owner;
	if (owner != SPAN_NONE)
		return service_node(graph, &store->spans[owner], ret);
	r = node_at(graph, NODE_CLIENT, segment->name, STRING_NONE, ret);
	return r < 0 ? r : count_served(graph, *ret, segment);
}

static int add_segment(struct graph *graph, const struct store *store, const struct span *segment)
{
	const struct span *call = segment;
	uint32_t callee, caller;
	int r = service_node(graph, segment, &callee);

	if (r < 0)
		return r;
	r = count_served(graph, callee, segment);
	if (r < 0)
		return r;
	r = caller_node(graph, store, segment, &caller);
	if (r < 0)
		return r;
	if (graph->nodes[caller].kind == NODE_SERVICE &&
	    !(store->spans[segment->up].flags & SPAN_SEGMENT))
		call = &store->spans[segment->up];
	return count_call(graph, caller, callee, call);
}

/* A call whose callee sent nothing: the callee is inferred from it. */
static int add_inferred(struct graph *graph, const struct store *store, const struct span *call)
{
	enum node_kind kind = NODE_REMOTE;
	uint32_t name = call->name, origin = STRING_NONE, caller, callee;
	int r;

	if (call->flags & SPAN_AWS) {
		kind = NODE_AWS;
		origin = call->name;
		name = call->resource ? call->resource : call->name;
	} else if (call->flags & SPAN_SQL) {
		kind = NODE_DATABASE;
	}
	r = service_node(graph, &store->spans[call->owner], &caller);
	if (r < 0)
		return r;
	r = node_at(graph, kind, name, origin, &callee);
	if (r < 0)
		return r;
	r = count_served(graph, callee, call);
	return r < 0 ? r : count_call(graph, caller, callee, call);
}

static int by_calls(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->calls.count != y->calls.count)
		return x->calls.count < y->calls.count ? 1 : -1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

/* Times in order, and the most frequent edges first; tables of indices are of no use any more. */
static void sort(struct graph *graph)
{
	for (size_t i = 0; i < graph->node_count; i++)
		tally_sort(&graph->nodes[i].served);
	for (size_t i = 0; i < graph->edge_count; i++)
		tally_sort(&graph->edges[i].calls);
	if (graph->edge_count)
		qsort(graph->edges, graph->edge_count, sizeof(*graph->edges), by_calls);
	table_clear(&graph->by_ends);
}

int graph_build(struct graph *graph, const struct store *store)
{
	for (size_t i = 0; i < store->span_count; i++) {
		const struct span *span = &store->spans[i];
		int r = 0;

		if (span->flags & SPAN_SEGMENT)
			r = add_segment(graph, store, span);
		else if (span->flags & SPAN_REMOTE && !(span->flags & SPAN_ANSWERED) &&
			 span->owner != SPAN_NONE)
			r = add_inferred(graph, store, span);
		if (r < 0)
			return r;
	}
	sort(graph);
	return 0;
}

const char *node_kind_word(enum node_kind kind)
{
	static const char *const words[] = {
		[NODE_CLIENT] = "client", [NODE_SERVICE] = "service", [NODE_DATABASE] = "database",
		[NODE_REMOTE] = "remote", [NODE_AWS] = "aws",
	};

	return words[kind];
}

void graph_clear(struct graph *graph)
{
	for (size_t i = 0; i < graph->node_count; i++)
		tally_clear(&graph->nodes[i].served);
	for (size_t i = 0; i < graph->edge_count; i++)
		tally_clear(&graph->edges[i].calls);
	free(graph->nodes);
	free(graph->edges);
	table_clear(&graph->by_key);
	table_clear(&graph->by_ends);
	*graph = (struct graph){ 0 };
}
