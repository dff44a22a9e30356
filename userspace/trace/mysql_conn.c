// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_conn.c - a client's MySQL connection from its first exchange to its end.
 */
#include "trace/mysql_conn.h"

#include <errno.h>
#include <stdlib.h>

#include "trace/book.h"

struct mysql_conn *mysql_conn_free(struct mysql_conn *m)
{
	if (!m)
		return NULL;
	list_for_each (&m->pending, it) {
		struct mysql_pending *command = list_entry(it, struct mysql_pending, link);

		if (command->node)
			book_node_free(command->node);
		mysql_command_free(m, command);
	}
	if (m->connect)
		book_node_free(m->connect);
	mysql_prepared_clear(m);
	mysql_text_unref(m->last_prepare);
	free(m);
	return NULL;
}

bool mysql_conn_busy(const struct conn *conn)
{
	return conn->mysql && conn->mysql->pending_count;
}

static int mysql_conn_new(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	struct mysql_conn *m = calloc(1, sizeof(*m));
	bool seen_from_the_start = ex->seq == 1 && !(ex->flags & BX_EX_MIDSTREAM);

	if (!m)
		return -ENOMEM;
	m->phase = seen_from_the_start ? MYSQL_NEW : MYSQL_UNSURE;
	if (ex->flags & BX_EX_LOGIN && !(ex->flags & BX_EX_MIDSTREAM))
		m->phase = MYSQL_AUTH; /* only the greeting is missing */
	list_init(&m->pending);
	list_init(&m->prepared_order);
	mysql_learn_peer(trace, conn, ex, m);
	conn->mysql = m;
	return 0;
}

static void begin_exchange(struct mysql_conn *m)
{
	m->fed[TURN_REQUEST] = 0;
	m->fed[TURN_RESPONSE] = 0;
	m->judged = false;
	if (m->walking)
		m->walk_base = -(int64_t)m->walk.offset;
}

/* The client spoke first: this is no connection whose beginning was seen. */
static bool greeting_missing(const struct mysql_step *step)
{
	return step->m->phase == MYSQL_NEW && step->request.total &&
	       !(step->ex->flags & BX_EX_LOGIN);
}

/* Holds back what the strict rule has not let through yet. True when the exchange is to be read. */
static bool proven(struct mysql_step *step)
{
	struct mysql_conn *m = step->m;
	enum mysql_verdict verdict;

	if (m->phase != MYSQL_UNSURE)
		return true;
	if (m->judged)
		return false;
	verdict = mysql_strict(step);
	m->judged = verdict != VERDICT_LATER;
	if (verdict == VERDICT_NO)
		step->trace->counters.statements_rejected++;
	if (verdict == VERDICT_YES)
		m->phase = MYSQL_READY;
	return verdict == VERDICT_YES;
}

/*
 * The login was not captured whole. Whether the client agreed to compression is what the kernel
 * side read of it, or seen by its first command: the header is three bytes longer.
 */
static bool is_compressed(const struct mysql_step *step)
{
	const struct mysql_conn *m = step->m;
	struct bytes in = turn_at(&step->request, 0);

	if (!m->caps_known && step->ex->flags & BX_EX_COMPRESSED)
		return true;
	if (m->caps_known || in.len < 7 ||
	    !(m->server_capabilities & (MYSQL_CAP_COMPRESS | MYSQL_CAP_ZSTD)))
		return false;
	return step->request.total ==
	       7 + (in.at[0] | (uint64_t)in.at[1] << 8 | (uint64_t)in.at[2] << 16);
}

static int read_ready(struct mysql_step *step)
{
	int r = 0;

	if (step->ex->flags & BX_EX_WITHHELD)
		step->m->fed[TURN_REQUEST] = step->request.total;
	else
		r = mysql_commands_read(step);
	if (!r)
		mysql_replies_read(step);
	return r;
}

/*
 * Plain text of a connection that turned to TLS: the login, unless the library got its probes only
 * behind that.
 */
static int decrypted(struct mysql_step *step)
{
	if (!(step->ex->flags & BX_EX_MIDSTREAM))
		return mysql_decrypted(step);
	step->m->phase = MYSQL_UNSURE;
	return 0;
}

static int read_exchange(struct mysql_step *step, bool fresh)
{
	struct mysql_conn *m = step->m;

	if (m->phase == MYSQL_ENCRYPTED && step->ex->flags & BX_EX_TLS && decrypted(step) < 0)
		return -ENOMEM;
	if (greeting_missing(step))
		m->phase = MYSQL_UNSURE;
	if (m->phase == MYSQL_NEW && !(step->ex->flags & BX_EX_LOGIN))
		return mysql_greeting_read(step);
	if (m->phase == MYSQL_NEW || m->phase == MYSQL_AUTH) {
		m->phase = MYSQL_AUTH;
		mysql_auth_read(step);
		return 0;
	}
	if (m->phase == MYSQL_READY && is_compressed(step))
		m->phase = MYSQL_COMPRESSED;
	if (m->phase == MYSQL_COMPRESSED) {
		step->trace->counters.compressed += fresh;
		return 0;
	}
	if (m->phase == MYSQL_ENCRYPTED || m->phase == MYSQL_OPAQUE || !proven(step))
		return 0;
	return read_ready(step);
}

static int open_turns(struct mysql_step *step)
{
	int r = turn_open(&step->request, step->ex, TURN_REQUEST, &step->conn->fragments);

	if (r < 0)
		return r;
	return turn_open(&step->response, step->ex, TURN_RESPONSE, &step->conn->fragments);
}

int mysql_client_exchange(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
			  bool fresh)
{
	struct mysql_step step = { .trace = trace, .conn = conn, .ex = ex };
	int r = conn->mysql ? 0 : mysql_conn_new(trace, conn, ex);

	if (r < 0)
		return r;
	step.m = conn->mysql;
	step.final = !(ex->flags & BX_EX_SNAPSHOT);
	if (fresh) {
		begin_exchange(step.m);
		step.served = book_arrive(trace, ex->owner_conn, ex->owner_seq);
	} else {
		step.served = book_find(trace, ex->owner_conn, ex->owner_seq);
	}
	if (ex->flags & BX_EX_MULTIPLEX)
		step.served = NULL;
	r = open_turns(&step);
	if (!r)
		r = read_exchange(&step, fresh);
	turn_close(&step.request);
	turn_close(&step.response);
	return r;
}

/* A statement whose answer goes on behind data that the client has to send first. */
static bool goes_on(const struct mysql_conn *m)
{
	const struct mysql_pending *command = list_first(&m->pending, struct mysql_pending, link);

	return m->walk.local_infile || command->code == MYSQL_COM_CHANGE_USER;
}

void mysql_conn_turned(struct trace *trace, struct conn *conn)
{
	struct mysql_conn *m = conn->mysql;

	if (!m || !m->walking)
		return;
	if (m->walk.lost) {
		trace->counters.unparsed += !m->walk.gap;
		while (m->pending_count)
			mysql_reply_missing(trace, m, 0, false);
	} else if (!goes_on(m)) {
		/* The client did not want the rest. */
		mysql_reply_missing(trace, m, 0, false);
	}
}

void mysql_conn_closed(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	struct mysql_conn *m = conn->mysql;
	const struct bx_turn *turn = ex->turn;
	uint64_t end_ns = turn[1].last_ns > turn[0].last_ns ? turn[1].last_ns : turn[0].last_ns;
	bool by_peer = ex->flags & (BX_EX_CLOSED_PEER | BX_EX_RESET);

	if (!m)
		return;
	if (ex->closed_ns)
		end_ns = ex->closed_ns;
	while (m->pending_count) {
		/*
		 * An answer that the client left half read is no failure; nor are rows that stop:
		 * the statement itself was answered.
		 */
		bool half = m->walking && m->walk.offset;
		bool rows = half && m->walk.meta_end;

		mysql_reply_missing(trace, m, end_ns, !half || (by_peer && !rows));
	}
	if (m->connect && m->phase == MYSQL_AUTH)
		mysql_connect_lost(trace, m, end_ns);
	mysql_connect_done(trace, m);
}

void mysql_conn_lost(struct trace *trace, struct conn *conn)
{
	struct mysql_conn *m = conn->mysql;

	if (!m)
		return;
	while (m->pending_count)
		mysql_reply_missing(trace, m, 0, false);
	if (m->connect && !m->connect->s.end_ns) {
		m->connect->s.incomplete = true;
		m->connect->s.end_ns = m->connect->s.first_ns ?: m->connect->s.start_ns;
	}
	mysql_connect_done(trace, m);
	if (m->phase == MYSQL_NEW || m->phase == MYSQL_AUTH)
		m->phase = MYSQL_UNSURE;
}

void mysql_conn_encrypted(struct trace *trace, struct conn *conn)
{
	struct mysql_conn *m = conn->mysql;

	trace->counters.encrypted++;
	if (!m)
		return;
	m->phase = MYSQL_ENCRYPTED;
	if (!m->connect)
		return;
	/* Unless plain text comes, how the login went cannot be seen: no request waits for it. */
	m->begun_ns = m->connect->s.start_ns;
	m->greeted_ns = m->connect->s.first_ns;
	book_node_free(m->connect);
}
