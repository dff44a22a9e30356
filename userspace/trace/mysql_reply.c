// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_reply.c - the server's answers, matched in order to the commands that wait for them.
 */
#include "trace/mysql_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "trace/book.h"
#include "util/utf8.h"

static struct mysql_pending *first_pending(struct mysql_conn *m)
{
	return list_first(&m->pending, struct mysql_pending, link);
}

static void walk_begin(struct mysql_step *step, struct mysql_pending *command)
{
	struct mysql_conn *m = step->m;

	mysql_walk_init(&m->walk, mysql_command_walk(command->code), m->capabilities,
			m->mariadb_capabilities, m->caps_known);
	m->walking = true;
	m->walk_base = (int64_t)m->fed[TURN_RESPONSE];
	if (command->node)
		command->node->s.first_ns = turn_byte_ns(&step->response, m->fed[TURN_RESPONSE]);
}

/*
 * A stream offset of the walk as an offset in the current turn; what lay in earlier turns is its
 * beginning.
 */
static uint64_t in_turn(const struct mysql_conn *m, uint64_t stream)
{
	int64_t at = m->walk_base + (int64_t)stream;

	return at > 0 ? (uint64_t)at : 0;
}

/*
 * These drivers return from execute() when the metadata is there and read rows when asked for them.
 * Any other reader that stops exactly behind the metadata does the same. All others have read the
 * last row before they return. Of a driver that is not known (the login was before the trace) the
 * earlier end is taken: it lies inside the driver's call in either case.
 */
static bool reads_rows_later(const struct statement *s, const struct turn *turn, uint64_t meta_end)
{
	return !s->peer.driver[0] || !strncmp(s->peer.driver, "mysql-connector", 15) ||
	       !strncmp(s->peer.driver, "libmysql ", 9) || turn_call_ends(turn, meta_end);
}

static void note_progress(struct mysql_step *step, struct mysql_pending *command, bool had_meta)
{
	struct mysql_conn *m = step->m;
	uint64_t meta_end = in_turn(m, m->walk.meta_end);
	struct statement *s = command->node ? &command->node->s : NULL;

	if (!s)
		return;
	s->last_ns = turn_end_ns(&step->response, m->fed[TURN_RESPONSE]);
	if (had_meta || !m->walk.meta_end)
		return;
	s->meta_ns = turn_end_ns(&step->response, meta_end);
	command->meta_ends = reads_rows_later(s, &step->response, meta_end);
}

static void feed_some(struct mysql_step *step, struct mysql_pending *command)
{
	struct mysql_conn *m = step->m;
	uint64_t *fed = &m->fed[TURN_RESPONSE];
	struct bytes piece = turn_at(&step->response, *fed);
	bool had_meta = m->walk.meta_end;
	uint64_t gap;

	if (piece.len) {
		*fed += mysql_walk_feed(&m->walk, piece);
	} else {
		gap = turn_next(&step->response, *fed) - *fed;
		mysql_walk_skip(&m->walk, gap);
		*fed += gap;
	}
	note_progress(step, command, had_meta);
}

static void take_error(const struct mysql_walk *walk, struct statement *s)
{
	s->failed = true;
	s->err_code = walk->err_code;
	memcpy(s->err_sqlstate, walk->err_sqlstate, sizeof(s->err_sqlstate));
	s->err_message = strdup(walk->err_message);
}

static void take_counts(const struct mysql_walk *walk, struct statement *s)
{
	if (walk->failed || walk->lost)
		return;
	if (walk->meta_end || walk->kind == MYSQL_WALK_FETCH)
		s->rows = (int64_t)walk->rows;
	else
		s->affected = (int64_t)walk->affected;
}

static void set_database(struct mysql_conn *m, const char *name)
{
	snprintf(m->peer.database, sizeof(m->peer.database), "%s", name);
}

/* What a successful command changes for the ones behind it. */
static int take_effects(struct mysql_conn *m, struct mysql_pending *command)
{
	struct mysql_walk *walk = &m->walk;

	if (walk->has_status) {
		m->status = walk->status;
		m->has_status = true;
	}
	if (walk->failed)
		return 0;
	if (walk->schema[0])
		set_database(m, walk->schema);
	switch (command->code) {
	case MYSQL_COM_STMT_PREPARE:
		return mysql_prepared_add(m, walk->prepare.statement_id, command->text);
	case MYSQL_COM_CHANGE_USER:
	case MYSQL_COM_RESET_CONNECTION:
		mysql_prepared_clear(m);
		return 0;
	case MYSQL_COM_INIT_DB:
	case MYSQL_COM_QUERY:
		if (command->text && !walk->schema[0])
			set_database(m, command->text->data);
		return 0;
	default:
		return 0;
	}
}

static void command_done(struct trace *trace, struct mysql_conn *m, struct mysql_pending *command)
{
	struct node *node = command->node;

	if (node && command->folds && m->connect) {
		m->connect->s.last_ns = node->s.last_ns;
		m->connect->s.end_ns = node->s.end_ns;
		m->connect->s.peer = m->peer;
	}
	if (node && (node->s.kind == STATEMENT_QUERY || node->s.kind == STATEMENT_EXECUTE) &&
	    !node->s.sql)
		trace->counters.statements_no_text++;
	if (node)
		book_node_done(trace, node);
	mysql_command_free(m, command);
	m->walking = false;
}

void mysql_reply_whole(struct trace *trace, struct mysql_conn *m)
{
	struct mysql_pending *command = first_pending(m);
	struct statement *s = command->node ? &command->node->s : NULL;
	bool had_status = m->has_status;

	/* Without memory an execute will be without text, which is counted. */
	(void)take_effects(m, command);
	if (s) {
		if (m->walk.failed)
			take_error(&m->walk, s);
		take_counts(&m->walk, s);
		if (!had_status)
			s->no_backslash_escapes = m->status & MYSQL_STATUS_NO_BACKSLASH;
		s->end_ns = command->meta_ends && s->meta_ns ? s->meta_ns : s->last_ns;
	}
	command_done(trace, m, command);
}

void mysql_reply_missing(struct trace *trace, struct mysql_conn *m, uint64_t end_ns, bool lost)
{
	struct mysql_pending *command = first_pending(m);
	struct statement *s = command->node ? &command->node->s : NULL;

	if (s) {
		s->incomplete = !lost;
		s->lost_connection = lost;
		s->failed = lost;
		s->err_code = lost ? 2013 : 0;
		if (!s->last_ns)
			s->last_ns = s->start_ns;
		if (lost && end_ns > s->last_ns)
			s->last_ns = end_ns;
		s->end_ns = !lost && command->meta_ends && s->meta_ns ? s->meta_ns : s->last_ns;
	}
	command_done(trace, m, command);
}

/*
 * Bytes were missing in front of the answer's end. The turn's last bytes tell how the last answer
 * in it ended; the ones before it are over too.
 */
static void find_end(struct mysql_step *step)
{
	struct mysql_conn *m = step->m;
	struct bytes end = turn_end(&step->response);
	uint64_t end_ns = turn_end_ns(&step->response, step->response.total);

	if (!m->walking || !m->walk.lost || !end.len || !mysql_walk_tail(&m->walk, end))
		return;
	while (m->pending_count > 1) {
		struct mysql_walk walk = m->walk;

		mysql_reply_missing(step->trace, m, 0, false);
		m->walk = walk;
	}
	if (first_pending(m)->node)
		first_pending(m)->node->s.last_ns = end_ns;
	mysql_reply_whole(step->trace, m);
}

/* True when the first pending command's answer is complete with what the turn has. */
static bool read_one(struct mysql_step *step, struct mysql_pending *command)
{
	struct mysql_conn *m = step->m;
	uint64_t *fed = &m->fed[TURN_RESPONSE];

	while (!m->walk.done && *fed < step->response.total)
		feed_some(step, command);
	if (m->walk.lost)
		return false;
	return m->walk.done || m->walk.open_end;
}

void mysql_replies_read(struct mysql_step *step)
{
	struct mysql_conn *m = step->m;
	uint64_t *fed = &m->fed[TURN_RESPONSE];
	struct mysql_pending *command;

	while ((command = first_pending(m)) && *fed < step->response.total) {
		if (!m->walking)
			walk_begin(step, command);
		if (!read_one(step, command))
			break;
		mysql_reply_whole(step->trace, m);
	}
	/* What nobody waits for: a server that says why it closes. */
	if (!first_pending(m))
		*fed = step->response.total;
	find_end(step);
}
