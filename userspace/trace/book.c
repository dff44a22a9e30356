// SPDX-License-Identifier: Apache-2.0
/*
 * book.c - the entries of server-role exchanges, and the statements under them.
 *
 * An entry begins with whatever comes first: a client exchange under it, or its own record. It ends
 * when its exchange is over and no request covers it any more; statements that nobody took by then
 * have no proven request.
 */
#include "trace/book.h"

#include <errno.h>
#include "trace/conn.h"
#include "trace/thread.h"

struct served *book_find(struct trace *trace, uint64_t conn, uint32_t seq)
{
	return table_find(&trace->served, table_key2(conn, seq));
}

static void node_unlink(struct node *node)
{
	list_remove(&node->link);
	list_remove(&node->thread_link);
	if (node->open)
		*node->open = NULL;
	node->open = NULL;
}

void book_node_free(struct node *node)
{
	node_unlink(node);
	statement_clear(&node->s);
	pool_give(node);
}

static void node_unproven(struct trace *trace, struct node *node)
{
	if (book_wants(trace, node))
		trace->counters.statements_unproven++;
	else
		trace->counters.statements_filtered++;
	book_node_free(node);
}

static void drop_oldest_stray(struct trace *trace)
{
	struct node *node = list_first(&trace->strays, struct node, link);

	trace->stray_count--;
	node_unproven(trace, node);
}

/* Nobody's by the kernel's account: kept for a while for a soft request of its thread. */
static void node_stray(struct trace *trace, struct node *node)
{
	if (list_empty(&node->thread_link)) {
		node_unproven(trace, node);
		return;
	}
	if (trace->stray_count >= STRAYS_MAX)
		drop_oldest_stray(trace);
	node->stray_ns = trace->now_ns;
	node->stray = true;
	trace->stray_count++;
	list_append(&trace->strays, &node->link);
}

void book_tick(struct trace *trace)
{
	const struct node *node;

	while ((node = list_first(&trace->strays, struct node, link)) &&
	       trace->now_ns - node->stray_ns >= WAIT_STRAY_NS)
		drop_oldest_stray(trace);
}

static void served_free(struct trace *trace, struct served *served)
{
	list_for_each (&served->nodes, it) {
		struct node *node = list_entry(it, struct node, link);

		list_remove(&node->link);
		node->served = NULL;
		if (!node->open)
			node_stray(trace, node);
	}
	table_remove(&trace->served, table_key2(served->conn, served->seq));
	list_remove(&served->lru);
	pool_give(served);
}

static void served_release(struct trace *trace, struct served *served)
{
	if (served->ended && !served->users)
		served_free(trace, served);
}

/* The oldest entry that no request needs makes room. */
static void served_evict(struct trace *trace)
{
	list_for_each (&trace->served_lru, it) {
		struct served *served = list_entry(it, struct served, lru);

		if (served->users)
			continue;
		served_free(trace, served);
		return;
	}
}

static struct served *served_get(struct trace *trace, uint64_t conn, uint32_t seq)
{
	struct served *served = book_find(trace, conn, seq);

	if (served)
		return served;
	if (trace->served.count >= SERVED_MAX)
		served_evict(trace);
	served = pool_take(&trace->pools.served);
	if (!served)
		return NULL;
	served->conn = conn;
	served->seq = seq;
	list_init(&served->lru);
	list_init(&served->nodes);
	if (table_insert(&trace->served, table_key2(conn, seq), served) < 0) {
		return pool_give(served);
	}
	list_append(&trace->served_lru, &served->lru);
	return served;
}

struct served *book_arrive(struct trace *trace, uint64_t conn, uint32_t seq)
{
	struct conn *owner = conn ? conn_find(trace, conn) : NULL;
	struct served *served;

	if (!conn)
		return NULL;
	served = book_find(trace, conn, seq);
	/* No entry, and the exchange is known to be over: it needs none any more. */
	if (!served && owner &&
	    (owner->closed || seq < owner->seq || (seq == owner->seq && owner->ended)))
		return NULL;
	served = served_get(trace, conn, seq);
	if (served)
		served->arrived++;
	return served;
}

int book_expect(struct trace *trace, uint64_t conn, uint32_t seq, uint32_t children)
{
	struct served *served = served_get(trace, conn, seq);

	if (!served)
		return -ENOMEM;
	if (children > served->expected) {
		served->expected = children;
		served->grown_ns = trace->now_ns;
	}
	return 0;
}

int book_use(struct trace *trace, uint64_t conn, uint32_t seq)
{
	struct served *served = served_get(trace, conn, seq);

	if (!served)
		return -ENOMEM;
	served->users++;
	return 0;
}

void book_unuse(struct trace *trace, uint64_t conn, uint32_t seq)
{
	struct served *served = book_find(trace, conn, seq);

	if (!served)
		return;
	served->users--;
	served_release(trace, served);
}

void book_end(struct trace *trace, uint64_t conn, uint32_t seq)
{
	struct served *served = book_find(trace, conn, seq);

	if (!served)
		return;
	served->ended = true;
	served_release(trace, served);
}

struct node *book_node(struct trace *trace, struct served *served, struct node **open)
{
	struct node *node = pool_take(&trace->pools.node);

	if (!node)
		return NULL;
	list_init(&node->link);
	list_init(&node->thread_link);
	node->s.rows = -1;
	node->s.affected = -1;
	node->served = served;
	node->open = open;
	if (served)
		list_append(&served->nodes, &node->link);
	*open = node;
	return node;
}

void book_node_done(struct trace *trace, struct node *node)
{
	if (node->open)
		*node->open = NULL;
	node->open = NULL;
	if (!book_wants(trace, node)) {
		trace->counters.statements_filtered++;
		book_node_free(node);
		return;
	}
	/* Without memory no soft request finds it. */
	(void)thread_adopt(trace, node);
	if (!node->served)
		node_stray(trace, node);
}

static bool wants_query(const struct trace *trace, const struct node *node)
{
	switch (node->kind) {
	case SQL_OTHER:
	case SQL_PROBE:
		return true;
	case SQL_COMMIT:
	case SQL_ROLLBACK:
		return trace->db_spans == DB_SPANS_APP;
	case SQL_SESSION:
	case SQL_BEGIN:
	case SQL_CALLPROC_ARGS:
		break;
	}
	return false;
}

bool book_wants(const struct trace *trace, const struct node *node)
{
	if (trace->db_spans == DB_SPANS_ALL)
		return true;
	switch (node->s.kind) {
	case STATEMENT_QUERY:
		return wants_query(trace, node);
	case STATEMENT_EXECUTE:
		return true;
	case STATEMENT_PREPARE:
		return node->s.failed;
	case STATEMENT_CONNECT:
		return trace->db_spans == DB_SPANS_APP;
	case STATEMENT_COMMAND:
		break;
	}
	return false;
}

void book_flush(struct trace *trace)
{
	list_for_each (&trace->served_lru, it) {
		struct served *served = list_entry(it, struct served, lru);

		if (!served->users)
			served_free(trace, served);
	}
	while (!list_empty(&trace->strays))
		drop_oldest_stray(trace);
}

void book_free_all(struct trace *trace)
{
	list_for_each (&trace->served_lru, it)
		served_free(trace, list_entry(it, struct served, lru));
	while (!list_empty(&trace->strays))
		drop_oldest_stray(trace);
	table_clear(&trace->served);
}
