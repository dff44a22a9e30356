// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_auth.c - a connection's beginning: greeting, login, the server's verdict; and the connect
 * span over it.
 */
#include "trace/mysql_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace/address.h"
#include "trace/book.h"
#include "trace/names.h"
#include "util/utf8.h"

/*
 * Collations whose characters may hold a backslash or a quote as their second byte: big5, sjis,
 * gbk, cp932, gb18030.
 */
static bool odd_collation(uint8_t id)
{
	static const uint8_t odd[] = { 1, 13, 28, 84, 87, 88, 95, 96, 248, 249, 250 };

	return memchr(odd, id, sizeof(odd));
}

static void copy_text(struct bytes in, char *ret, size_t cap)
{
	char *clean = utf8_clean(in, cap - 1);

	snprintf(ret, cap, "%s", clean ? clean : "");
	free(clean);
}

static void set_version(struct mysql_conn *m, const char *version)
{
	struct bytes real = mysql_real_version(bytes_str(version));

	snprintf(m->peer.version, sizeof(m->peer.version), "%.*s", (int)real.len,
		 (const char *)real.at);
	m->mariadb = strstr(version, "MariaDB") != NULL;
}

/*
 * Remembers that a MySQL server is there, and its version: for failed connects, and connections
 * older than the trace.
 */
static void remember_peer(struct trace *trace, const struct conn *conn, const char *version)
{
	struct table_key key = endpoint_key(&conn->peer);
	char *copy;

	if (!conn->peer.port || trace->mysql_peers.count >= KNOWN_PEERS_MAX)
		return;
	if (!*version && table_find(&trace->mysql_peers, key))
		return;
	copy = strdup(version);
	if (!copy)
		return;
	free(table_remove(&trace->mysql_peers, key));
	if (table_insert(&trace->mysql_peers, key, copy) < 0)
		free(copy);
}

static void set_address(const struct conn *conn, struct mysql_conn *m)
{
	if (conn->peer.port)
		address_text(&conn->peer, m->peer.address);
	else
		snprintf(m->peer.address, sizeof(m->peer.address), "localhost");
	m->peer.port = conn->peer.port;
}

/* Named as it was when it connected: another name may lead to the address later. */
static void set_name(struct trace *trace, const struct conn *conn, const struct bx_exchange *ex,
		     struct mysql_conn *m)
{
	uint64_t at_ns = ex->connect_ns ? ex->connect_ns : ex->opened_ns;
	const struct names_who who = names_who(trace, ex->tgid, ex->tid, at_ns);
	const char *name = names_find(trace->names, &who, conn->peer.addr);

	snprintf(m->peer.name, sizeof(m->peer.name), "%s", name ? name : "");
}

void mysql_dialled(struct conn *conn, const char *host)
{
	struct mysql_conn *m = conn->mysql;

	/* a unix socket is reached by no name */
	if (!conn->peer.port)
		return;
	copy_text(bytes_str(host), m->peer.name, sizeof(m->peer.name));
	if (m->connect)
		m->connect->s.peer = m->peer;
}

void mysql_learn_peer(struct trace *trace, const struct conn *conn, const struct bx_exchange *ex,
		      struct mysql_conn *m)
{
	const char *version = NULL;

	set_address(conn, m);
	if (conn->peer.port)
		set_name(trace, conn, ex, m);
	if (conn->peer.port)
		version = table_find(&trace->mysql_peers, endpoint_key(&conn->peer));
	if (conn->peer.port && conn->dialled)
		copy_text(bytes_str(conn->dialled), m->peer.name, sizeof(m->peer.name));
	if (version)
		set_version(m, version);
}

static struct node *connect_begin(struct mysql_step *step)
{
	const struct bx_exchange *ex = step->ex;
	struct node *node = book_node(step->trace, step->served, &step->m->connect);

	if (!node)
		return NULL;
	node->s.kind = STATEMENT_CONNECT;
	snprintf(node->s.command, sizeof(node->s.command), "connect");
	node->s.peer = step->m->peer;
	node->s.start_ns = ex->connect_ns ? ex->connect_ns : ex->opened_ns;
	node->s.tgid = ex->tgid;
	node->s.tid = ex->tid;
	return node;
}

void mysql_connect_done(struct trace *trace, struct mysql_conn *m)
{
	if (m->connect)
		book_node_done(trace, m->connect);
}

static void connect_ended(struct mysql_conn *m, uint64_t end_ns)
{
	m->connect->s.peer = m->peer;
	m->connect->s.last_ns = end_ns;
	m->connect->s.end_ns = end_ns;
}

static void refused(struct mysql_step *step, struct bytes payload, uint64_t end_ns)
{
	struct mysql_conn *m = step->m;
	struct mysql_err err;

	m->phase = MYSQL_OPAQUE;
	if (!m->connect)
		return;
	connect_ended(m, end_ns);
	m->connect->s.failed = true;
	if (!mysql_parse_err(payload, &err)) {
		m->connect->s.err_code = err.code;
		memcpy(m->connect->s.err_sqlstate, err.sqlstate, sizeof(err.sqlstate));
		m->connect->s.err_message = utf8_clean(err.message, 512);
	}
	mysql_connect_done(step->trace, m);
}

void mysql_connect_lost(struct trace *trace, struct mysql_conn *m, uint64_t end_ns)
{
	if (!m->connect)
		return;
	connect_ended(m, end_ns);
	m->connect->s.failed = true;
	m->connect->s.lost_connection = true;
	m->connect->s.err_code = 2013;
	mysql_connect_done(trace, m);
}

static void greeted(struct mysql_step *step, const struct mysql_greeting *greeting)
{
	struct mysql_conn *m = step->m;
	char version[sizeof(m->peer.version)];

	copy_text(greeting->version, version, sizeof(version));
	set_version(m, version);
	remember_peer(step->trace, step->conn, version);
	m->server_capabilities = greeting->capabilities;
	m->server_mariadb_capabilities = greeting->mariadb_capabilities;
	m->phase = MYSQL_AUTH;
	m->connect->s.peer = m->peer;
}

int mysql_greeting_read(struct mysql_step *step)
{
	struct turn *turn = &step->response;
	struct mysql_greeting greeting;
	struct mysql_packet packet;
	struct bytes in = turn_at(turn, 0);

	if (mysql_parse_packet(in, &packet) <= 0 || packet.payload.len < packet.len)
		return 0;
	if (!step->m->connect && !connect_begin(step))
		return -ENOMEM;
	step->m->connect->s.first_ns = turn_byte_ns(turn, 0);
	step->m->fed[TURN_RESPONSE] = turn->total;
	if (packet.payload.len && packet.payload.at[0] == 0xff) {
		refused(step, packet.payload, turn_end_ns(turn, 4 + packet.len));
	} else if (!mysql_parse_greeting(packet.payload, &greeting)) {
		greeted(step, &greeting);
	} else {
		step->trace->counters.unparsed++;
		step->m->phase = MYSQL_OPAQUE;
		book_node_free(step->m->connect);
	}
	return 0;
}

static void set_driver(struct mysql_conn *m, const struct mysql_login *login)
{
	char name[48];
	char version[40];

	copy_text(login->client_name, name, sizeof(name));
	copy_text(login->client_version, version, sizeof(version));
	snprintf(m->peer.driver, sizeof(m->peer.driver), "%s%s%s", name, *version ? " " : "",
		 version);
}

static void logged_in_as(struct mysql_conn *m, const struct mysql_login *login)
{
	/* Without the greeting the client's word stands: it tells what both can. */
	uint32_t both = m->server_capabilities ? m->server_capabilities : UINT32_MAX;

	copy_text(login->user, m->peer.user, sizeof(m->peer.user));
	copy_text(login->database, m->peer.database, sizeof(m->peer.database));
	set_driver(m, login);
	m->capabilities = login->capabilities & both;
	m->mariadb_capabilities = login->mariadb_capabilities & m->server_mariadb_capabilities;
	m->caps_known = true;
	m->odd_charset = odd_collation(login->charset);
	if (m->connect)
		m->connect->s.peer = m->peer;
}

static void read_login(struct mysql_step *step)
{
	struct turn *turn = &step->request;
	struct mysql_login login;
	struct bytes payload;

	if (step->m->fed[TURN_REQUEST] || !turn->total ||
	    !(step->ex->flags & BX_EX_LOGIN || turn->total == 36))
		return;
	payload = bytes_skip(turn_at(turn, 0), 4);
	step->m->fed[TURN_REQUEST] = turn->total;
	if (mysql_parse_login(payload, &login) < 0)
		step->trace->counters.unparsed++;
	else if (login.ssl_request)
		mysql_conn_encrypted(step->trace, step->conn);
	else
		logged_in_as(step->m, &login);
}

int mysql_decrypted(struct mysql_step *step)
{
	struct node *node = connect_begin(step);

	if (!node)
		return -ENOMEM;
	step->m->phase = MYSQL_AUTH;
	if (step->m->begun_ns)
		node->s.start_ns = step->m->begun_ns;
	node->s.first_ns = step->m->greeted_ns;
	return 0;
}

static void accepted(struct mysql_step *step, struct bytes payload, uint64_t end_ns)
{
	struct mysql_conn *m = step->m;
	struct mysql_ok ok;

	m->phase = MYSQL_READY;
	if (!mysql_parse_ok(payload, m->capabilities, &ok)) {
		m->status = ok.status;
		m->has_status = true;
		if (ok.has_schema)
			copy_text(ok.schema, m->peer.database, sizeof(m->peer.database));
	}
	if (m->capabilities & (MYSQL_CAP_COMPRESS | MYSQL_CAP_ZSTD))
		m->phase = MYSQL_COMPRESSED;
	if (!m->connect)
		return;
	connect_ended(m, end_ns);
	/* Only `app` lets the span grow over the session's set-up. */
	if (step->trace->db_spans != DB_SPANS_APP || m->phase == MYSQL_COMPRESSED)
		mysql_connect_done(step->trace, m);
}

void mysql_auth_read(struct mysql_step *step)
{
	struct mysql_conn *m = step->m;
	struct turn *turn = &step->response;
	uint64_t *fed = &m->fed[TURN_RESPONSE];
	struct mysql_packet packet;

	read_login(step);
	while (m->phase == MYSQL_AUTH && *fed < turn->total) {
		struct bytes in = turn_at(turn, *fed);
		uint64_t end_ns;

		if (mysql_parse_packet(in, &packet) <= 0 || packet.payload.len < packet.len)
			return;
		*fed += 4 + packet.len;
		end_ns = turn_end_ns(turn, *fed);
		if (packet.len && packet.payload.at[0] == 0x00)
			accepted(step, packet.payload, end_ns);
		else if (packet.len && packet.payload.at[0] == 0xff)
			refused(step, packet.payload, end_ns);
		/* Anything else is another round of the authentication. */
	}
}

static bool is_mysql(const struct trace *trace, const struct conn *conn,
		     const struct bx_exchange *ex)
{
	return ex->protocol == BX_PROTO_MYSQL || conn->peer.port == 3306 ||
	       (conn->peer.port && table_find(&trace->mysql_peers, endpoint_key(&conn->peer)));
}

int mysql_connect_failed(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	struct mysql_conn m = { 0 };
	struct mysql_step step = { .trace = trace, .conn = conn, .m = &m, .ex = ex };
	char message[96];

	/* The kernel counts every failed connect. */
	step.served = book_arrive(trace, ex->owner_conn, ex->owner_seq);
	if (ex->role != BX_ROLE_CLIENT || !is_mysql(trace, conn, ex))
		return 0;
	if (ex->flags & BX_EX_MULTIPLEX)
		step.served = NULL;
	mysql_learn_peer(trace, conn, ex, &m);
	if (!connect_begin(&step))
		return -ENOMEM;
	connect_ended(&m, ex->opened_ns);
	m.connect->s.failed = true;
	/* The client libraries' own codes: no server was reached that could give one. */
	m.connect->s.err_code = conn->peer.port ? 2003 : 2002;
	snprintf(message, sizeof(message), "connect: %s", strerror((int)ex->error));
	m.connect->s.err_message = strdup(message);
	mysql_connect_done(trace, &m);
	return 0;
}
