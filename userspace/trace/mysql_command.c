// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_command.c - the request turns of a connection past its login: each command that gets an
 * answer becomes a statement and waits for it.
 */
#include "trace/mysql_conn.h"

#include <errno.h>
#include <stdio.h>

#include "trace/book.h"
#include "util/array.h"
#include "util/pool.h"

struct command_kind {
	uint8_t code;
	bool silent; /* the server does not answer */
	enum statement_kind kind;
	enum mysql_walk_kind walk;
	char name[sizeof(((struct statement *)0)->command)];
};

static const struct command_kind KINDS[] = {
	{ MYSQL_COM_QUIT, true, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "quit" },
	{ MYSQL_COM_INIT_DB, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "init_db" },
	{ MYSQL_COM_QUERY, false, STATEMENT_QUERY, MYSQL_WALK_RESULT, "query" },
	{ MYSQL_COM_FIELD_LIST, false, STATEMENT_COMMAND, MYSQL_WALK_FIELDS, "field_list" },
	{ MYSQL_COM_STATISTICS, false, STATEMENT_COMMAND, MYSQL_WALK_TEXT, "statistics" },
	{ MYSQL_COM_PROCESS_INFO, false, STATEMENT_COMMAND, MYSQL_WALK_RESULT, "process_info" },
	{ MYSQL_COM_PROCESS_KILL, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "process_kill" },
	{ MYSQL_COM_DEBUG, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "debug" },
	{ MYSQL_COM_PING, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "ping" },
	{ MYSQL_COM_CHANGE_USER, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "change_user" },
	{ MYSQL_COM_STMT_PREPARE, false, STATEMENT_PREPARE, MYSQL_WALK_PREPARE, "prepare" },
	{ MYSQL_COM_STMT_EXECUTE, false, STATEMENT_EXECUTE, MYSQL_WALK_RESULT, "execute" },
	{ MYSQL_COM_STMT_SEND_LONG_DATA, true, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "long_data" },
	{ MYSQL_COM_STMT_CLOSE, true, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "close" },
	{ MYSQL_COM_STMT_RESET, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "stmt_reset" },
	{ MYSQL_COM_SET_OPTION, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE, "set_option" },
	{ MYSQL_COM_STMT_FETCH, false, STATEMENT_COMMAND, MYSQL_WALK_FETCH, "fetch" },
	{ MYSQL_COM_RESET_CONNECTION, false, STATEMENT_COMMAND, MYSQL_WALK_SIMPLE,
	  "reset_connection" },
	{ MYSQL_COM_STMT_BULK_EXECUTE, false, STATEMENT_EXECUTE, MYSQL_WALK_RESULT,
	  "bulk_execute" },
};

/* Any other command: its first answer packet ends it, whatever it is. */
static const struct command_kind OTHER = { 0, false, STATEMENT_COMMAND, MYSQL_WALK_TEXT, "other" };

static const struct command_kind *kind_of(uint8_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
		if (KINDS[i].code == code)
			return &KINDS[i];
	return &OTHER;
}

enum mysql_walk_kind mysql_command_walk(uint8_t code)
{
	return kind_of(code)->walk;
}

void mysql_command_free(struct mysql_conn *m, struct mysql_pending *command)
{
	list_remove(&command->link);
	m->pending_count--;
	mysql_text_unref(command->text);
	pool_give(command);
}

static uint32_t statement_id(struct bytes payload)
{
	struct bytes at = bytes_skip(payload, 1);

	if (at.len < 4)
		return 0;
	return at.at[0] | (uint32_t)at.at[1] << 8 | (uint32_t)at.at[2] << 16 |
	       (uint32_t)at.at[3] << 24;
}

/* MariaDB's pipelining clients name the last prepare by this, before its id is known. */
#define LAST_PREPARE UINT32_MAX

/* NUL bytes become spaces, so that the text is a C string. */
static int set_sql(struct trace *trace, struct node *node, struct bytes text, bool truncated)
{
	char *sql = pool_take_bytes(&trace->pools.text, text.len + 1);

	if (!sql)
		return -ENOMEM;
	mysql_text_copy(sql, text);
	node->s.sql = sql;
	node->s.sql_len = text.len;
	node->s.sql_truncated = truncated;
	return 0;
}

static int share_sql(struct trace *trace, struct node *node, const struct mysql_text *text)
{
	return text ? set_sql(trace, node, bytes_of(text->data, text->len), text->truncated) : 0;
}

/* The text of a COM_QUERY or COM_STMT_PREPARE. False when there is none to be read. */
static bool command_text(const struct mysql_conn *m, const struct mysql_packet *p,
			 struct bytes *ret)
{
	int attributes = m->caps_known ? !!(m->capabilities & MYSQL_CAP_QUERY_ATTRIBUTES) : -1;

	*ret = bytes_skip(p->payload, 1);
	return p->payload.at[0] != MYSQL_COM_QUERY ||
	       mysql_query_text(p->payload, attributes, ret) >= 0;
}

static bool is_truncated(const struct mysql_packet *p)
{
	return p->payload.len < p->len || p->len == 0xffffff;
}

/* The database that `USE x` names, without its quotes; empty when @sql is something else. */
static struct bytes use_database(struct bytes in)
{
	size_t n;

	while (in.len && strchr(" \t\r\n", in.at[0]))
		in = bytes_skip(in, 1);
	if (in.len < 5 || strncasecmp((const char *)in.at, "use", 3) ||
	    !strchr(" \t\r\n`", in.at[3]))
		return BYTES_NONE;
	in = bytes_skip(in, 3);
	while (in.len && strchr(" \t\r\n`", in.at[0]))
		in = bytes_skip(in, 1);
	for (n = 0; n < in.len && !strchr(" \t\r\n`;", in.at[n]); n++)
		;
	return bytes_take(in, n);
}

/*
 * `SET NAMES gbk`: from here on a character's second byte may look like a backslash or a quote,
 * which the sanitiser has to know.
 */
static void note_charset(struct mysql_conn *m, const char *sql)
{
	static const char *const odd[] = { "big5", "cp932", "gb18030", "gbk", "sjis" };
	const char *names = strcasestr(sql, "names");

	if (!names)
		return;
	names += 5;
	names += strspn(names, " \t\r\n='\"`");
	m->odd_charset = false;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		if (!strncasecmp(names, odd[i], strlen(odd[i])))
			m->odd_charset = true;
}

static int set_query(struct mysql_step *step, struct mysql_pending *command,
		     const struct mysql_packet *p)
{
	struct node *node = command->node;
	struct bytes text, database;

	if (!command_text(step->m, p, &text))
		return 0;
	if (set_sql(step->trace, node, text, is_truncated(p)) < 0)
		return -ENOMEM;
	text = bytes_of(node->s.sql, node->s.sql_len);
	node->kind = sql_kind(text);
	if (node->kind == SQL_SESSION)
		note_charset(step->m, node->s.sql);
	database = use_database(text);
	if (!database.len)
		return 0;
	command->text = mysql_text_new(database, false);
	return command->text ? 0 : -ENOMEM;
}

static int set_prepare(struct mysql_step *step, struct mysql_pending *command,
		       const struct mysql_packet *p)
{
	struct mysql_conn *m = step->m;
	struct bytes text;

	if (!command_text(m, p, &text))
		return 0;
	command->text = mysql_text_new(text, is_truncated(p));
	if (!command->text)
		return -ENOMEM;
	mysql_text_unref(m->last_prepare);
	m->last_prepare = mysql_text_ref(command->text);
	return share_sql(step->trace, command->node, command->text);
}

static int set_execute(struct mysql_step *step, struct mysql_pending *command,
		       const struct mysql_packet *p)
{
	struct mysql_conn *m = step->m;
	uint32_t id = statement_id(p->payload);

	return share_sql(step->trace, command->node,
			 id == LAST_PREPARE ? m->last_prepare : mysql_prepared_find(m, id));
}

/* The user of a COM_CHANGE_USER ends with NUL; nothing behind it is looked at. */
static void set_user(struct mysql_conn *m, const struct mysql_packet *p)
{
	struct bytes user = bytes_skip(p->payload, 1);
	ptrdiff_t end = bytes_index(user, 0);

	if (end > 0)
		snprintf(m->peer.user, sizeof(m->peer.user), "%.*s", (int)end,
			 (const char *)user.at);
}

static int set_details(struct mysql_step *step, struct mysql_pending *command,
		       const struct mysql_packet *p)
{
	switch (command->code) {
	case MYSQL_COM_QUERY:
		return set_query(step, command, p);
	case MYSQL_COM_STMT_PREPARE:
		return set_prepare(step, command, p);
	case MYSQL_COM_STMT_EXECUTE:
	case MYSQL_COM_STMT_BULK_EXECUTE:
		return set_execute(step, command, p);
	case MYSQL_COM_INIT_DB:
		command->text = mysql_text_new(bytes_skip(p->payload, 1), false);
		return command->text ? 0 : -ENOMEM;
	case MYSQL_COM_CHANGE_USER:
		set_user(step->m, p);
		return 0;
	default:
		return 0;
	}
}

/* What drivers send to set a new session up. */
static bool is_setup(const struct mysql_pending *command)
{
	switch (command->code) {
	case MYSQL_COM_QUERY:
		return command->node->kind == SQL_SESSION;
	case MYSQL_COM_PING:
	case MYSQL_COM_INIT_DB:
	case MYSQL_COM_SET_OPTION:
	case MYSQL_COM_RESET_CONNECTION:
		return true;
	default:
		return false;
	}
}

/* The connect span grows over set-up that directly follows it, for the same request. */
static void fold(struct mysql_step *step, struct mysql_pending *command)
{
	struct mysql_conn *m = step->m;

	if (!m->connect)
		return;
	command->folds = is_setup(command) && m->connect->served == step->served;
	if (!command->folds)
		mysql_connect_done(step->trace, m);
}

static void set_mode(const struct mysql_conn *m, struct statement *s)
{
	s->no_backslash_escapes = m->status & MYSQL_STATUS_NO_BACKSLASH;
	s->ansi_quotes = m->mariadb && m->status & MARIADB_STATUS_ANSI_QUOTES;
	s->odd_charset = m->odd_charset;
}

static struct mysql_pending *command_new(struct trace *trace, struct mysql_conn *m, uint8_t code)
{
	struct mysql_pending *command = pool_take(&trace->pools.pending);

	if (!command)
		return NULL;
	command->code = code;
	list_init(&command->link);
	list_append(&m->pending, &command->link);
	m->pending_count++;
	return command;
}

/* Who sent what begins here; a one-way command may stand before it, of another thread. */
static uint32_t sender(const struct mysql_step *step)
{
	const struct turn *turn = &step->request;

	return turn->log->hands ? turn_tid(turn, step->m->fed[TURN_REQUEST]) : step->ex->tid;
}

static int command_add(struct mysql_step *step, const struct command_kind *kind,
		       const struct mysql_packet *p, uint64_t start_ns)
{
	struct mysql_conn *m = step->m;
	struct mysql_pending *command = command_new(step->trace, m, p->payload.at[0]);
	struct node *node = command ? book_node(step->trace, step->served, &command->node) : NULL;

	if (!command)
		return -ENOMEM;
	if (!node) {
		mysql_command_free(m, command);
		return -ENOMEM;
	}
	node->s.kind = kind->kind;
	memcpy(node->s.command, kind->name, sizeof(node->s.command));
	node->s.peer = m->peer;
	node->s.start_ns = start_ns;
	node->s.tgid = step->ex->tgid;
	node->s.tid = sender(step);
	set_mode(m, &node->s);
	if (set_details(step, command, p) < 0)
		return -ENOMEM;
	fold(step, command);
	return 0;
}

static int take_packet(struct mysql_step *step, const struct mysql_packet *p, uint64_t start_ns)
{
	const struct command_kind *kind;

	/* Continuations, and data of LOCAL INFILE. */
	if (p->seq || !p->payload.len)
		return 0;
	kind = kind_of(p->payload.at[0]);
	if (p->payload.at[0] == MYSQL_COM_STMT_CLOSE)
		mysql_prepared_remove(step->m, statement_id(p->payload));
	if (kind->silent)
		return 0;
	if (step->m->pending_count >= MYSQL_PENDING_MAX) {
		step->trace->counters.unparsed++;
		return 0;
	}
	return command_add(step, kind, p, start_ns);
}

/* The packet's header was not captured: what is left of the turn is unknown. */
static void unread(struct mysql_step *step, bool continued)
{
	if (!continued && !(step->ex->flags & BX_EX_WITHHELD))
		step->trace->counters.unparsed++;
	step->m->fed[TURN_REQUEST] = step->request.total;
}

int mysql_commands_read(struct mysql_step *step)
{
	const struct turn *turn = &step->request;
	uint64_t *fed = &step->m->fed[TURN_REQUEST];
	bool sent = step->final || step->response.total;
	bool continued = false;
	struct mysql_packet p;

	while (*fed < turn->total) {
		struct bytes in = turn_at(turn, *fed);
		int r;

		/* The rest may come with the next record, unless the server has begun to answer. */
		if (mysql_parse_packet(in, &p) > 0 && *fed + 4 + p.len > turn->total && !sent)
			return 0;
		if (mysql_parse_packet(in, &p) <= 0 || (p.len && !p.payload.len)) {
			unread(step, continued);
			return 0;
		}
		r = take_packet(step, &p, turn_byte_ns(turn, *fed));
		if (r < 0)
			return r;
		continued = p.len == 0xffffff;
		*fed += 4 + (uint64_t)p.len;
	}
	return 0;
}
