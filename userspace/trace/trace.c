// SPDX-License-Identifier: Apache-2.0
/*
 * trace.c - takes in records and gives each to the module of its connection's protocol and role.
 */
#include "trace/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/book.h"
#include "trace/conn.h"
#include "trace/fronts.h"
#include "trace/http_conn.h"
#include "trace/mysql_conn.h"
#include "trace/names.h"
#include "trace/open.h"
#include "trace/process.h"
#include "trace/route.h"
#include "trace/settle.h"
#include "trace/thread.h"

static void pools_init(struct pools *pools)
{
	*pools = (struct pools){
		.conn = POOL_SLABS(sizeof(struct conn), POOL_SLAB),
		.http = POOL_SLABS(sizeof(struct http_conn), POOL_SLAB),
		.live = POOL(sizeof(struct live), POOL_KEPT),
		.served = POOL(sizeof(struct served), POOL_KEPT),
		.node = POOL(sizeof(struct node), POOL_KEPT),
		.pending = POOL(sizeof(struct mysql_pending), POOL_KEPT),
		.route = POOL(sizeof(struct route), POOL_KEPT),
		.text = POOL(POOL_TEXT_LEN, POOL_KEPT),
		.statements = POOL(POOL_STATEMENTS * sizeof(struct statement), POOL_KEPT),
	};
}

static void pools_clear(struct pools *pools)
{
	pool_clear(&pools->conn);
	pool_clear(&pools->http);
	pool_clear(&pools->live);
	pool_clear(&pools->served);
	pool_clear(&pools->node);
	pool_clear(&pools->pending);
	pool_clear(&pools->route);
	pool_clear(&pools->text);
	pool_clear(&pools->statements);
}

int trace_new(enum db_spans db_spans, struct trace_sink sink, struct trace **ret)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return -ENOMEM;
	if (names_new(&trace->names) < 0) {
		free(trace);
		return -ENOMEM;
	}
	pools_init(&trace->pools);
	trace->db_spans = db_spans;
	trace->sink = sink;
	list_init(&trace->conn_lru);
	list_init(&trace->tombstones);
	list_init(&trace->idle);
	list_init(&trace->served_lru);
	list_init(&trace->thread_lru);
	list_init(&trace->strays);
	list_init(&trace->waiting);
	list_init(&trace->told);
	*ret = trace;
	return 0;
}

void trace_keep_idle(struct trace *trace, size_t max)
{
	trace->idle_max = max;
}

void trace_expect_fronts(struct trace *trace)
{
	trace->fronts_expected = true;
}

static void free_requests(struct trace *trace)
{
	struct live *live;

	list_for_each (&trace->conn_lru, it)
		http_conn_abandon(trace, list_entry(it, struct conn, lru));
	while ((live = list_first(&trace->waiting, struct live, waiting_link)))
		live_free(trace, live);
	route_free_all(trace);
}

struct trace *trace_free(struct trace *trace)
{
	if (!trace)
		return NULL;
	free_requests(trace);
	conn_free_all(trace);
	book_free_all(trace);
	thread_free_all(trace);
	process_free_all(trace);
	table_for_each (&trace->mysql_peers, it)
		free(table_remove(&trace->mysql_peers, it.key));
	table_clear(&trace->mysql_peers);
	table_clear(&trace->by_end);
	names_free(trace->names);
	pools_clear(&trace->pools);
	free(trace);
	return NULL;
}

static bool is_http(const struct bx_exchange *ex)
{
	return ex->protocol == BX_PROTO_HTTP1 || ex->protocol == BX_PROTO_UWSGI;
}

/*
 * A request that a traced process makes itself: not emitted, but it may be a front's way to its
 * worker.
 */
static int outbound(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
		    bool fresh)
{
	uint32_t flags = PROCESS_PROXY;

	conn_pass_fragments(conn);
	if (!fresh || ex->protocol != BX_PROTO_HTTP1)
		return 0;
	fronts_learn_hop(trace, conn);
	trace->counters.outbound_http++;
	if (ex->family == FAMILY_UNIX)
		flags |= PROCESS_UNIX_PROXY;
	trace->proxies |= flags;
	return process_mark(trace, ex->tgid, flags);
}

static int serve(struct trace *trace, struct conn *conn, const struct bx_exchange *ex, bool fresh)
{
	if (ex->protocol == BX_PROTO_UWSGI)
		trace->uwsgi_seen = true;
	else
		trace->http_seen = true;
	if (ex->children && book_expect(trace, ex->conn, ex->seq, ex->children) < 0)
		return -ENOMEM;
	return http_server_exchange(trace, conn, ex, fresh);
}

static int encrypted(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
		     bool fresh)
{
	if (!fresh)
		return 0;
	/* Begun as MySQL, it was counted as the request's child. */
	if (conn->mysql)
		(void)book_arrive(trace, ex->owner_conn, ex->owner_seq);
	mysql_conn_encrypted(trace, conn);
	return 0;
}

/* Taken for MySQL by the kernel until the reply said otherwise: counted as the request's child. */
static int disowned(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
		    bool fresh)
{
	conn_pass_fragments(conn);
	/* else a snapshot of it was taken in as MySQL, and has arrived */
	if (fresh)
		(void)book_arrive(trace, ex->owner_conn, ex->owner_seq);
	return 0;
}

/* A name server's answers over TCP, each with its length in front. */
static int named(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	const struct names_who who = names_who(trace, ex->tgid, ex->tid, ex->turn[1].first_ns);
	struct bytes message;
	struct turn answers;

	if (turn_open(&answers, ex, TURN_RESPONSE, &conn->fragments) < 0)
		return -ENOMEM;
	while (dns_cut_message(&answers.prefix, &message))
		(void)names_learn(trace->names, &who, message);
	turn_close(&answers);
	conn_pass_fragments(conn);
	return 0;
}

static int dispatch(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
		    bool fresh)
{
	if (ex->flags & BX_EX_CONNECT_FAILED)
		return mysql_connect_failed(trace, conn, ex);
	if (ex->protocol == BX_PROTO_TLS)
		return encrypted(trace, conn, ex, fresh);
	if (ex->protocol == BX_PROTO_DNS)
		return named(trace, conn, ex);
	if (ex->protocol == BX_PROTO_OTHER)
		return disowned(trace, conn, ex, fresh);
	if (is_http(ex) && ex->role == BX_ROLE_SERVER)
		return serve(trace, conn, ex, fresh);
	if (is_http(ex))
		return outbound(trace, conn, ex, fresh);
	if (ex->protocol == BX_PROTO_MYSQL && ex->role == BX_ROLE_CLIENT)
		return mysql_client_exchange(trace, conn, ex, fresh);
	return 0;
}

/*
 * The record begins exchange ex->seq: what of the ones before is missing, and what ends with them.
 */
static void begin_exchange(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	bool gap = conn->seq && ex->seq > conn->seq + 1;

	if (conn->seq && !conn->ended) { /* its last record was lost */
		http_conn_turned(trace, conn);
		mysql_conn_turned(trace, conn);
		book_end(trace, conn->id, conn->seq);
	}
	if (gap) {
		trace->counters.sequence_gaps += ex->seq - conn->seq - 1;
		for (uint32_t seq = conn->seq + 1; seq < ex->seq && seq < conn->seq + 1024; seq++)
			book_end(trace, conn->id, seq);
		http_conn_lost(trace, conn);
		mysql_conn_lost(trace, conn);
	}
	conn_drop_fragments(trace, conn, ex->seq);
	conn->seq = ex->seq;
	conn->ended = false;
}

static bool closes(const struct bx_exchange *ex)
{
	/* The traced side has nothing more to say; a peer that has may still be answered. */
	if (ex->flags & (BX_EX_CLOSED_LOCAL | BX_EX_RESET | BX_EX_CONNECT_FAILED))
		return true;
	return ex->flags & BX_EX_CLOSED_PEER && !(ex->flags & BX_EX_SNAPSHOT);
}

static void end_exchange(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	bool closed = closes(ex);

	if (!closed && ex->flags & BX_EX_SNAPSHOT)
		return;
	conn->ended = true;
	if (closed) {
		http_conn_closed(trace, conn, ex);
		mysql_conn_closed(trace, conn, ex);
	} else {
		http_conn_turned(trace, conn);
		mysql_conn_turned(trace, conn);
	}
	book_end(trace, conn->id, conn->seq);
	if (closed)
		conn_close(trace, conn);
}

int trace_exchange(struct trace *trace, const struct bx_exchange *ex)
{
	struct conn *conn;
	bool fresh;
	int r;

	trace->counters.exchanges++;
	/* What comes before the first tick is not older than the trace: waits count from here. */
	if (!trace->now_ns)
		trace->now_ns = ex->opened_ns;
	if (!ex->seq || ex->seq == UINT32_MAX)
		return 0;
	conn = conn_get(trace, ex->conn);
	if (!conn)
		return -ENOMEM;
	/* A record for what is over already. */
	if (conn->closed || ex->seq < conn->seq || (ex->seq == conn->seq && conn->ended))
		return 0;
	fresh = ex->seq > conn->seq;
	if (fresh)
		begin_exchange(trace, conn, ex);
	conn_learn(trace, conn, ex);
	r = dispatch(trace, conn, ex, fresh);
	end_exchange(trace, conn, ex);
	conn_note_idle(trace, conn, ex);
	return r;
}

int trace_fragment(struct trace *trace, const struct bx_fragment *fragment)
{
	struct conn *conn;

	if (!fragment->data_len)
		return 0;
	conn = conn_get(trace, fragment->conn);
	return conn ? conn_keep_fragment(trace, conn, fragment) : -ENOMEM;
}

void trace_dns(struct trace *trace, const struct bx_dns *dns)
{
	const struct names_who who = names_who(trace, dns->tgid, dns->tid, dns->at_ns);

	(void)names_learn(trace->names, &who, bytes_of(dns + 1, dns->data_len));
}

void trace_dialled(struct trace *trace, const struct bx_dialled *dialled)
{
	struct conn *conn = conn_get(trace, dialled->conn);

	if (!conn)
		return;
	if (conn->mysql) {
		mysql_dialled(conn, dialled->host);
		return;
	}
	/* it comes before the connection's first exchange, which is told when that is over */
	free(conn->dialled);
	conn->dialled = strdup(dialled->host);
}

void trace_set_hosts(struct trace *trace, uint32_t tree, struct bytes text)
{
	names_set_hosts(trace->names, tree, text);
}

void trace_process(struct trace *trace, const struct bx_process *process)
{
	if (process->what != BX_PROCESS_EXIT)
		return;
	thread_forget_process(trace, process->tgid);
	process_forget(trace, process->tgid);
}

void trace_tell_open(struct trace *trace, uint64_t after_ns)
{
	trace->open_after_ns = after_ns;
}

void trace_tick(struct trace *trace, uint64_t now_ns)
{
	trace->now_ns = now_ns;
	settle_tick(trace);
	open_tick(trace);
	book_tick(trace);
	route_expire(trace);
	conn_tell_idle(trace);
	conn_expire(trace);
	thread_expire(trace);
}

void trace_flush(struct trace *trace, uint64_t now_ns)
{
	trace->now_ns = now_ns;
	list_for_each (&trace->conn_lru, it)
		http_conn_abandon(trace, list_entry(it, struct conn, lru));
	list_for_each (&trace->conn_lru, it)
		mysql_conn_lost(trace, list_entry(it, struct conn, lru));
	settle_flush(trace);
	list_for_each (&trace->conn_lru, it)
		conn_drop_fragments(trace, list_entry(it, struct conn, lru), UINT32_MAX);
	book_flush(trace);
}

const struct trace_counters *trace_counters(const struct trace *trace)
{
	return &trace->counters;
}

uint64_t trace_requests_open(const struct trace *trace)
{
	return trace->requests_open;
}
