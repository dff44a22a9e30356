// SPDX-License-Identifier: Apache-2.0
/* report_build.c - see report_build.h. */
#include "report_build.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

int report_add(struct store *store, const char *line)
{
	_cleanup_free_ char *text = strdup(line);
	struct document place = { 0 };

	if (!text)
		abort();
	for (char *at = text; (at = strchr(at, '\''));)
		*at = '"';
	place.len = (uint32_t)strlen(text);
	return store_add(store, text, place.len, &place);
}

static bool is_named(const struct report *report, uint32_t node, const char *name)
{
	return !strcmp(store_text(report->store, report->graph.nodes[node].name), name);
}

const struct edge *report_edge(const struct report *report, const char *from, const char *to)
{
	for (size_t i = 0; i < report->graph.edge_count; i++) {
		const struct edge *edge = &report->graph.edges[i];

		if (report->graph.nodes[edge->from].kind != NODE_CLIENT &&
		    is_named(report, edge->from, from) && is_named(report, edge->to, to))
			return edge;
	}
	return NULL;
}
