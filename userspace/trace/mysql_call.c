// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_call.c - a call of a MySQL client library that no exchange tells of: it failed without
 * sending anything, or what it sent cannot be read. It becomes a statement like any other.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/mysql.h"
#include "proto/sql.h"
#include "trace/book.h"
#include "trace/thread.h"
#include "trace/trace.h"
#include "util/pool.h"

static const struct {
	enum statement_kind kind;
	const char *command;
} kinds[] = {
	[BX_CALL_QUERY] = { STATEMENT_QUERY, "query" },
	[BX_CALL_PREPARE] = { STATEMENT_PREPARE, "prepare" },
	[BX_CALL_EXECUTE] = { STATEMENT_EXECUTE, "execute" },
	[BX_CALL_CONNECT] = { STATEMENT_CONNECT, "connect" },
};

/*
 * A library goes to a unix socket when it is asked for no host, or for the one name. Of a
 * connection that stands, its structure has the path or has none.
 */
static bool is_local(const struct bx_client_call *call)
{
	if (!call->host[0])
		return true;
	if (call->kind == BX_CALL_CONNECT)
		return !strcmp(call->host, "localhost");
	return call->unix_socket[0];
}

/* The library's word for where it connected: a name stays one. */
static void set_peer(struct db_peer *peer, const struct bx_client_call *call)
{
	struct bytes version = mysql_real_version(bytes_str(call->server_version));
	bool local = is_local(call);

	snprintf(peer->address, sizeof(peer->address), "%s", local ? "localhost" : call->host);
	peer->port = local ? 0 : (uint16_t)call->port;
	snprintf(peer->user, sizeof(peer->user), "%s", call->user);
	snprintf(peer->database, sizeof(peer->database), "%s", call->database);
	snprintf(peer->version, sizeof(peer->version), "%.*s", (int)version.len,
		 (const char *)version.at);
}

static int set_text(struct trace *trace, struct node *node, const struct bx_client_call *call)
{
	struct statement *s = &node->s;
	struct bytes text = bytes_of(call + 1, call->text_len);

	if (!text.len)
		return 0;
	text.len = strnlen((const char *)text.at, text.len);
	s->sql = pool_take_bytes(&trace->pools.text, text.len + 1);
	if (!s->sql)
		return -ENOMEM;
	memcpy(s->sql, text.at, text.len);
	s->sql[text.len] = '\0';
	s->sql_len = text.len;
	s->sql_truncated = call->text_total > call->text_len;
	if (call->kind == BX_CALL_QUERY)
		node->kind = sql_kind(text);
	return 0;
}

static void set_outcome(struct statement *s, const struct bx_client_call *call)
{
	s->start_ns = call->start_ns;
	s->first_ns = call->end_ns;
	s->last_ns = call->end_ns;
	s->end_ns = call->end_ns;
	s->failed = call->failed;
	if (!call->failed)
		return;
	s->err_code = (uint16_t)call->error;
	snprintf(s->err_sqlstate, sizeof(s->err_sqlstate), "%s", call->sqlstate);
	s->lost_connection =
		call->error == MYSQL_CR_SERVER_GONE || call->error == MYSQL_CR_SERVER_LOST;
}

int trace_client_call(struct trace *trace, const struct bx_client_call *call)
{
	struct served *served = book_arrive(trace, call->owner_conn, call->owner_seq);
	struct node *node = NULL;

	if (call->kind == BX_CALL_CONNECT &&
	    thread_failed_to_connect(trace, call->tgid, call->tid, call->start_ns))
		return 0;
	if (!book_node(trace, call->multiplex ? NULL : served, &node))
		return -ENOMEM;
	node->s.kind = kinds[call->kind].kind;
	snprintf(node->s.command, sizeof(node->s.command), "%s", kinds[call->kind].command);
	node->s.tgid = call->tgid;
	node->s.tid = call->tid;
	set_peer(&node->s.peer, call);
	set_outcome(&node->s, call);
	if (set_text(trace, node, call) < 0) {
		book_node_free(node);
		return -ENOMEM;
	}
	book_node_done(trace, node);
	return 0;
}
