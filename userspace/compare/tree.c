// SPDX-License-Identifier: Apache-2.0
/*
 * tree.c - see tree.h. Each subsegment is a node with its own id and its parent's; both ways of
 * sending one, inside its segment and alone, are the same here.
 */
#include "compare/tree.h"

#include <string.h>

#include "util/array.h"

/* Subsegments inside each other; more are hostile. */
#define DEPTH_MAX 64

struct node {
	const char *id, *parent;
	const cJSON *json;
	struct segment *segment; /* the node is this segment; NULL: a subsegment */
	bool sql_inside;	 /* a subsegment with SQL is directly inside */
};

struct nodes {
	struct node *at;
	size_t count, cap;
};

static int add_node(struct nodes *nodes, const cJSON *json, const char *parent,
		    struct segment *segment)
{
	if (ARRAY_ROOM(nodes->at, nodes->count, nodes->cap) < 0)
		return -ENOMEM;
	nodes->at[nodes->count++] = (struct node){
		.id = record_text(json, "id"),
		.parent = parent,
		.json = json,
		.segment = segment,
	};
	return 0;
}

/* @json itself is a node already; those inside of it become some. */
static int add_inside(struct nodes *nodes, const cJSON *json, unsigned int depth)
{
	const cJSON *child;
	int r = 0;

	cJSON_ArrayForEach(child, record_member(json, "subsegments"))
	{
		if (depth == DEPTH_MAX)
			return 0;
		r = add_node(nodes, child, record_text(json, "id"), NULL);
		if (!r)
			r = add_inside(nodes, child, depth + 1);
		if (r < 0)
			return r;
	}
	return r;
}

static int add_all(struct nodes *nodes, struct record *record)
{
	int r = 0;

	for (size_t i = 0; !r && i < record->count; i++) {
		const cJSON *document = record->segments[i].document;

		r = add_node(nodes, document, "", &record->segments[i]);
		if (!r)
			r = add_inside(nodes, document, 0);
	}
	for (size_t i = 0; !r && i < record->document_count; i++) {
		const cJSON *document = record->documents[i];

		if (strcmp(record_text(document, "type"), "subsegment"))
			continue;
		r = add_node(nodes, document, record_text(document, "parent_id"), NULL);
		if (!r)
			r = add_inside(nodes, document, 0);
	}
	return r;
}

static int by_id(const void *left, const void *right)
{
	const struct node *a = left, *b = right;

	return strcmp(a->id, b->id);
}

static struct node *parent_of(const struct nodes *nodes, const struct node *node)
{
	const struct node wanted = { .id = node->parent };

	return bsearch(&wanted, nodes->at, nodes->count, sizeof(wanted), by_id);
}

static bool is_sql(const struct node *node)
{
	return !node->segment && cJSON_IsObject(record_member(node->json, "sql"));
}

static void mark_sql_inside(struct nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		struct node *parent = parent_of(nodes, &nodes->at[i]);

		if (parent && is_sql(&nodes->at[i]))
			parent->sql_inside = true;
	}
}

static int add_call(struct segment *segment, const struct node *inner, const struct node *outer)
{
	if (ARRAY_ROOM(segment->calls, segment->call_count, segment->call_cap) < 0)
		return -ENOMEM;
	segment->calls[segment->call_count++] = (struct call){
		.inner = inner->json,
		.outer = outer->json,
		.start_s = record_seconds(inner->json, "start_time"),
		.end_s = record_seconds(inner->json, "end_time"),
		.is_sql = is_sql(inner),
	};
	return 0;
}

/* Climbs from an innermost subsegment to its segment. */
static int place(const struct nodes *nodes, const struct node *inner, struct record *record)
{
	const struct node *outer = inner, *at = inner;

	for (unsigned int i = 0; at && !at->segment && i <= DEPTH_MAX; i++) {
		if (is_sql(at))
			outer = at;
		at = parent_of(nodes, at);
	}
	if (at && at->segment)
		return add_call(at->segment, inner, outer);
	record->orphans++;
	return 0;
}

int tree_find_calls(struct record *record)
{
	struct nodes nodes = { 0 };
	int r = add_all(&nodes, record);

	if (!r && nodes.count) {
		qsort(nodes.at, nodes.count, sizeof(*nodes.at), by_id);
		mark_sql_inside(&nodes);
	}
	for (size_t i = 0; !r && i < nodes.count; i++) {
		const struct node *node = &nodes.at[i];
		const char *namespace = record_text(node->json, "namespace");

		if (node->segment || (is_sql(node) && node->sql_inside))
			continue;
		if (is_sql(node) || !strcmp(namespace, "remote") || !strcmp(namespace, "aws"))
			r = place(&nodes, node, record);
		else
			record->local++;
	}
	free(nodes.at);
	return r;
}
