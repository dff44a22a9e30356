/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph.h - the service map: who calls whom. A node for each service, one for the clients of each
 * service that has any, and, as X-Ray infers them, one for each database, AWS resource or other
 * host that was called and sent no segment of its own.
 */
#ifndef BPFXRAY_REPORT_GRAPH_H
#define BPFXRAY_REPORT_GRAPH_H

#include "report/tally.h"

enum node_kind { NODE_CLIENT, NODE_SERVICE, NODE_DATABASE, NODE_REMOTE, NODE_AWS };

struct node {
	enum node_kind kind;
	uint32_t name;	     /* a text: of clients, the service's */
	uint32_t origin;     /* a text: of services, what they run on; of AWS calls, the service */
	struct tally served; /* by the callee's clock where it told, else by the caller's */
};

/* A call's own statistics are the caller's; of clients, who tell nothing, the service's. */
struct edge {
	uint32_t from, to; /* indices of nodes */
	struct tally calls;
};

struct graph {
	struct node *nodes;
	size_t node_count, node_capacity;
	struct edge *edges;
	size_t edge_count, edge_capacity;
	struct table by_key;  /* kind, name and origin -> node */
	struct table by_ends; /* from and to -> edge */
};

/* Adds what the linked @store tells. Returns 0 or -ENOMEM. */
int graph_build(struct graph *graph, const struct store *store);

/* `client`, `service`, `database`, `remote` or `aws`. */
const char *node_kind_word(enum node_kind kind);

void graph_clear(struct graph *graph);

#endif
