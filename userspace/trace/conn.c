// SPDX-License-Identifier: Apache-2.0
/*
 * conn.c - the connection table. Bounded: beyond CONNS_MAX the one that was silent longest is
 * forgotten.
 */
#include "trace/conn.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/address.h"
#include "trace/book.h"
#include "trace/http_conn.h"
#include "trace/mysql_conn.h"

struct conn *conn_find(struct trace *trace, uint64_t id)
{
	return table_find(&trace->conns, table_key(id));
}

static void release_state(struct trace *trace, struct conn *conn)
{
	conn->http = http_conn_free(conn->http);
	conn->mysql = mysql_conn_free(conn->mysql);
	free(conn->dialled);
	conn->dialled = NULL;
	conn_drop_fragments(trace, conn, UINT32_MAX);
}

static struct table_key hop_key(const struct conn *conn)
{
	return conn->family == FAMILY_UNIX ? table_key(conn->ino) : endpoint_key(&conn->local);
}

static void idle_leave(struct trace *trace, struct conn *conn)
{
	if (list_empty(&conn->idle_link))
		return;
	list_remove(&conn->idle_link);
	trace->idle_count--;
}

static void conn_free(struct trace *trace, struct conn *conn)
{
	release_state(trace, conn);
	idle_leave(trace, conn);
	if (conn->hop && table_find(&trace->hops, hop_key(conn)) == conn)
		table_remove(&trace->hops, hop_key(conn));
	table_remove(&trace->conns, table_key(conn->id));
	list_remove(&conn->lru);
	pool_give(conn);
}

/* Forgets the connection that was silent longest, as if it had closed. */
static void conn_evict(struct trace *trace)
{
	struct conn *conn = list_first(&trace->tombstones, struct conn, lru);

	if (!conn)
		conn = list_first(&trace->conn_lru, struct conn, lru);
	if (!conn)
		return;
	if (!conn->closed) {
		/*
		 * The agent takes idle exchanges out of the kernel, so that a quiet connection's
		 * end is not told.
		 */
		if (http_conn_busy(conn) || mysql_conn_busy(conn))
			trace->counters.connections_evicted++;
		http_conn_lost(trace, conn);
		mysql_conn_lost(trace, conn);
		book_end(trace, conn->id, conn->seq);
	}
	conn_free(trace, conn);
}

struct conn *conn_get(struct trace *trace, uint64_t id)
{
	struct conn *conn = conn_find(trace, id);

	if (conn) {
		if (!conn->closed)
			list_move(&trace->conn_lru, &conn->lru);
		return conn;
	}
	if (trace->conns.count >= CONNS_MAX)
		conn_evict(trace);
	conn = pool_take(&trace->pools.conn);
	if (!conn)
		return NULL;
	conn->id = id;
	list_init(&conn->fragments);
	list_init(&conn->lru);
	list_init(&conn->idle_link);
	if (table_insert(&trace->conns, table_key(id), conn) < 0) {
		return pool_give(conn);
	}
	list_append(&trace->conn_lru, &conn->lru);
	return conn;
}

/* A tombstone may hold the end still. */
static void learn_hop(struct trace *trace, struct conn *conn)
{
	if (!conn->local.port && !conn->ino)
		return;
	table_remove(&trace->hops, hop_key(conn));
	conn->hop = !table_insert(&trace->hops, hop_key(conn), conn);
}

static void learn_ends(struct conn *conn, const struct bx_exchange *ex)
{
	conn->local = endpoint_of(ex->family, ex->local_addr, ex->local_port);
	conn->peer = endpoint_of(ex->family, ex->peer_addr, ex->peer_port);
	if (ex->family != FAMILY_UNIX)
		return;
	memcpy(&conn->ino, ex->local_addr, sizeof(conn->ino));
	memcpy(&conn->peer_ino, ex->peer_addr, sizeof(conn->peer_ino));
}

void conn_learn(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	conn->role = ex->role;
	conn->protocol = ex->protocol;
	conn->family = ex->family;
	conn->tls = ex->flags & BX_EX_TLS;
	conn->tgid = ex->tgid;
	conn->established_ns = ex->established_ns;
	learn_ends(conn, ex);
	if (!conn->hop && ex->role == BX_ROLE_CLIENT && ex->protocol == BX_PROTO_HTTP1)
		learn_hop(trace, conn);
}

int conn_keep_fragment(struct trace *trace, struct conn *conn, const struct bx_fragment *fragment)
{
	struct fragment *f;

	if (conn->closed || fragment->seq < conn->seq ||
	    conn->fragment_bytes + fragment->data_len > FRAGMENT_BYTES_MAX) {
		trace->counters.fragments_orphaned++;
		return 0;
	}
	f = malloc(sizeof(*f) + fragment->data_len);
	if (!f)
		return -ENOMEM;
	*f = (struct fragment){ .offset = fragment->offset,
				.seq = fragment->seq,
				.turn = fragment->turn,
				.flags = fragment->flags,
				.len = fragment->data_len };
	memcpy(f->data, fragment + 1, fragment->data_len);
	list_init(&f->link);
	list_append(&conn->fragments, &f->link);
	conn->fragment_bytes += f->len;
	return 0;
}

void conn_pass_fragments(struct conn *conn)
{
	list_for_each (&conn->fragments, it)
		list_entry(it, struct fragment, link)->used = true;
}

void conn_drop_fragments(struct trace *trace, struct conn *conn, uint32_t seq)
{
	list_for_each (&conn->fragments, it) {
		struct fragment *f = list_entry(it, struct fragment, link);

		if (f->seq >= seq)
			continue;
		if (!f->used)
			trace->counters.fragments_orphaned++;
		conn->fragment_bytes -= f->len;
		list_remove(&f->link);
		free(f);
	}
}

void conn_close(struct trace *trace, struct conn *conn)
{
	release_state(trace, conn);
	idle_leave(trace, conn);
	conn->closed = true;
	conn->closed_at_ns = trace->now_ns;
	list_move(&trace->tombstones, &conn->lru);
}

/* Longer than the pauses of a busy client: each release costs the next request a new element. */
#define IDLE_NS MS(1000)

void conn_note_idle(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	idle_leave(trace, conn);
	if (!trace->sink.idle || conn->closed || conn->ended || !ex->turn[1].total ||
	    !http_conn_idle(conn))
		return;
	conn->idle_ns = trace->now_ns;
	list_append(&trace->idle, &conn->idle_link);
	trace->idle_count++;
}

void conn_tell_idle(struct trace *trace)
{
	size_t kept = trace->idle_max ? trace->idle_max : SIZE_MAX;
	struct conn *conn;

	while ((conn = list_first(&trace->idle, struct conn, idle_link)) &&
	       (trace->now_ns - conn->idle_ns >= IDLE_NS || trace->idle_count > kept)) {
		idle_leave(trace, conn);
		trace->sink.idle(trace->sink.ctx, conn->id, conn->seq);
	}
}

void conn_expire(struct trace *trace)
{
	list_for_each (&trace->tombstones, it) {
		struct conn *conn = list_entry(it, struct conn, lru);

		if (trace->now_ns - conn->closed_at_ns < TOMBSTONE_NS)
			break;
		conn_free(trace, conn);
	}
}

void conn_free_all(struct trace *trace)
{
	list_for_each (&trace->tombstones, it)
		conn_free(trace, list_entry(it, struct conn, lru));
	list_for_each (&trace->conn_lru, it)
		conn_free(trace, list_entry(it, struct conn, lru));
	table_clear(&trace->conns);
	table_clear(&trace->hops);
}
