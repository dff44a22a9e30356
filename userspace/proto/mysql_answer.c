// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_answer.c - the state machine of an answer, one whole message at a time.
 *
 *	RESULT	 OK | ERR | fb file | count, definitions, [EOF], rows, EOF or OK; again while the
 *		 status says that more results follow
 *	PREPARE	 OK | ERR, [parameter definitions, [EOF]], [column definitions, [EOF]]
 *
 * Whether the EOFs behind definitions are sent is the connection's DEPRECATE_EOF; unknown, the
 *first message behind the definitions tells: an EOF there has 5 bytes and begins with fe, which no
 *row, definition or closing OK does.
 */
#include "proto/mysql_answer.h"

enum state {
	STATE_FIRST,	       /* the first message of a result */
	STATE_DEFINITIONS,     /* definitions_left of them */
	STATE_DEFINITIONS_END, /* the EOF behind them, or (not known to be sent) what follows it */
	STATE_ROWS,
	STATE_PREPARE,
	STATE_SIMPLE,
	STATE_TEXT,
};

enum section {
	SECTION_RESULT,
	SECTION_PARAMS,
	SECTION_COLUMNS,
};

enum eof {
	EOF_UNKNOWN,
	EOF_SENT,
	EOF_DEPRECATED,
};

/* More than any server allows (4,096): a message that claims it is not a column count. */
#define COLUMNS_MAX 65535
/* Shortest OK: header, two one-byte integers, status, warnings. */
#define OK_LEN_MIN 7
/* Header, code, mark and SQLSTATE. */
#define ERR_HEAD_LEN 9

void mysql_answer_begin(struct mysql_walk *walk)
{
	static const uint8_t states[] = {
		[MYSQL_WALK_RESULT] = STATE_FIRST,  [MYSQL_WALK_PREPARE] = STATE_PREPARE,
		[MYSQL_WALK_SIMPLE] = STATE_SIMPLE, [MYSQL_WALK_TEXT] = STATE_TEXT,
		[MYSQL_WALK_FIELDS] = STATE_ROWS,   [MYSQL_WALK_FETCH] = STATE_ROWS,
	};

	walk->state = states[walk->kind];
	if (walk->caps_known)
		walk->eof =
			walk->capabilities & MYSQL_CAP_DEPRECATE_EOF ? EOF_DEPRECATED : EOF_SENT;
}

static struct bytes peeked(const struct mysql_walk *walk)
{
	return bytes_of(walk->peek, walk->peek_len);
}

/* The message's first byte; -1 when it was not captured or there is none. */
static int first_byte(const struct mysql_walk *walk)
{
	return walk->peek_len ? walk->peek[0] : -1;
}

/* Servers of the 4.1 days send a lone fe behind definitions; nothing else is that short. */
static bool is_eof(const struct mysql_walk *walk)
{
	return (walk->message_len == 5 || walk->message_len == 1) && first_byte(walk) == 0xfe;
}

static bool take_eof(struct mysql_walk *walk)
{
	if (walk->message_len > 1)
		return mysql_answer_eof(walk, peeked(walk));
	/* The old form tells no status: what an earlier result said is over. */
	walk->status = 0;
	return true;
}

/* A result has ended: the next one begins, or the answer is complete. */
static void result_end(struct mysql_walk *walk)
{
	walk->state = STATE_FIRST;
	walk->done = !(walk->kind == MYSQL_WALK_RESULT && walk->has_status &&
		       (walk->status & MYSQL_STATUS_MORE_RESULTS));
}

/* EOF, or the OK in its place: what ends rows. */
static bool take_rows_end(struct mysql_walk *walk)
{
	struct mysql_ok ok;

	if (is_eof(walk) ? !take_eof(walk) : !mysql_answer_ok(walk, peeked(walk), &ok))
		return false;
	result_end(walk);
	return true;
}

static bool first_ok(struct mysql_walk *walk)
{
	struct mysql_ok ok;

	if (!mysql_answer_ok(walk, peeked(walk), &ok))
		return false;
	walk->results++;
	walk->affected += ok.affected;
	result_end(walk);
	return true;
}

/* Where the first result set's metadata ends; later ones do not count. */
static void metadata_end(struct mysql_walk *walk, uint64_t at)
{
	if (walk->section == SECTION_RESULT && !walk->meta_end)
		walk->meta_end = at;
}

static void definitions_begin(struct mysql_walk *walk, enum section section, uint64_t n);

/* The definitions and their EOF, if any, are behind us. */
static void section_end(struct mysql_walk *walk)
{
	if (walk->section == SECTION_RESULT)
		walk->state = STATE_ROWS;
	else if (walk->section == SECTION_PARAMS && walk->prepare.columns)
		definitions_begin(walk, SECTION_COLUMNS, walk->prepare.columns);
	else
		result_end(walk);
}

static void definitions_end(struct mysql_walk *walk)
{
	walk->definitions_end = walk->offset;
	if (walk->eof == EOF_DEPRECATED) {
		metadata_end(walk, walk->offset);
		return section_end(walk);
	}
	walk->state = STATE_DEFINITIONS_END;
	walk->open_end = walk->eof == EOF_UNKNOWN &&
			 (walk->section == SECTION_COLUMNS ||
			  (walk->section == SECTION_PARAMS && !walk->prepare.columns));
	if (walk->open_end)
		walk->end = walk->offset;
}

static void definitions_begin(struct mysql_walk *walk, enum section section, uint64_t n)
{
	walk->section = section;
	walk->definitions_left = n;
	walk->state = STATE_DEFINITIONS;
	if (!n)
		definitions_end(walk);
}

/*
 * Reads a result set's header: a column count alone, behind MySQL's metadata flag, or before
 * MariaDB's. Flags are 0 or 1 and a count is not 0, so that the two forms only agree where they
 * mean the same.
 */
static bool parse_count(const struct mysql_walk *walk, uint64_t *count, bool *follow)
{
	struct bytes p = peeked(walk);
	bool mysql = !walk->caps_known || (walk->capabilities & MYSQL_CAP_OPTIONAL_METADATA);
	bool mariadb =
		!walk->caps_known || (walk->mariadb_capabilities & MARIADB_CAP_CACHE_METADATA);
	int used = mysql_parse_lenenc(p, count);

	if (p.len != walk->message_len || p.len < 1)
		return false;
	*follow = true;
	if (used > 0 && (size_t)used == p.len)
		return *count > 0;
	if (mariadb && used > 0 && *count && (size_t)used + 1 == p.len && p.at[used] <= 1) {
		*follow = p.at[used];
		return true;
	}
	if (!mysql || p.at[0] > 1)
		return false;
	*follow = p.at[0];
	used = mysql_parse_lenenc(bytes_skip(p, 1), count);
	return used > 0 && (size_t)used + 1 == p.len && *count > 0;
}

static bool first_result_set(struct mysql_walk *walk)
{
	uint64_t count = 0;
	bool follow;

	if (!parse_count(walk, &count, &follow) || count > COLUMNS_MAX)
		return false;
	walk->results++;
	definitions_begin(walk, SECTION_RESULT, follow ? count : 0);
	return true;
}

static bool on_first(struct mysql_walk *walk)
{
	switch (first_byte(walk)) {
	case 0x00:
		return walk->message_len < OK_LEN_MIN ? first_result_set(walk) : first_ok(walk);
	case 0xfb:
		walk->local_infile = true;
		walk->seq_open = true;
		return true;
	case 0xff:
		return mysql_answer_err(walk, peeked(walk));
	default:
		return first_result_set(walk);
	}
}

static bool on_definition(struct mysql_walk *walk)
{
	if (first_byte(walk) == 0xff)
		return mysql_answer_err(walk, peeked(walk));
	if (!walk->message_len)
		return false;
	if (!--walk->definitions_left)
		definitions_end(walk);
	return true;
}

/*
 * An EOF packet right behind the definitions, where the capabilities say that there is none: what
 * they say of this connection is wrong, since DEPRECATE_EOF ends rows with a longer packet.
 */
static bool is_unexpected_eof(const struct mysql_walk *walk)
{
	return walk->eof == EOF_DEPRECATED && is_eof(walk) && walk->definitions_end &&
	       walk->offset == walk->definitions_end + 4 + walk->message_len;
}

/* The EOF behind a section's definitions. */
static bool metadata_eof(struct mysql_walk *walk)
{
	if (!take_eof(walk))
		return false;
	walk->eof = EOF_SENT;
	walk->capabilities &= ~MYSQL_CAP_DEPRECATE_EOF;
	walk->open_end = false;
	if (walk->meta_end == walk->definitions_end)
		walk->meta_end = 0; /* set too early */
	metadata_end(walk, walk->offset);
	/* With a cursor the rows come by FETCH: this EOF ends the result. */
	if (walk->section == SECTION_RESULT && (walk->status & MYSQL_STATUS_CURSOR_EXISTS))
		result_end(walk);
	else
		section_end(walk);
	return true;
}

static bool on_rows(struct mysql_walk *walk)
{
	/* A text row may begin with fe, the length byte of a field of 16 MB. */
	bool text_rows = walk->kind == MYSQL_WALK_RESULT;
	uint32_t limit = walk->eof == EOF_SENT && text_rows ? 9 : MYSQL_PACKET_MAX;
	int first = first_byte(walk);

	if (first < 0)
		return false;
	if (first == 0xff)
		return mysql_answer_err(walk, peeked(walk));
	if (is_unexpected_eof(walk))
		return metadata_eof(walk);
	if (first == 0xfe && walk->message_len < limit)
		return take_rows_end(walk);
	walk->rows += walk->kind != MYSQL_WALK_FIELDS;
	return true;
}

/* Behind definitions without an EOF: this message already belongs to what follows. */
static bool on_no_eof(struct mysql_walk *walk)
{
	if (walk->eof == EOF_SENT || walk->open_end || first_byte(walk) < 0)
		return false;
	walk->eof = EOF_DEPRECATED;
	walk->capabilities |= MYSQL_CAP_DEPRECATE_EOF;
	metadata_end(walk, walk->definitions_end);
	section_end(walk);
	return walk->state == STATE_ROWS ? on_rows(walk) : on_definition(walk);
}

static bool on_definitions_end(struct mysql_walk *walk)
{
	if (first_byte(walk) == 0xff)
		return mysql_answer_err(walk, peeked(walk));
	if (!is_eof(walk))
		return on_no_eof(walk);
	return metadata_eof(walk);
}

static bool on_prepare(struct mysql_walk *walk)
{
	struct bytes p = peeked(walk);
	bool follow = true;

	if (first_byte(walk) == 0xff)
		return mysql_answer_err(walk, p);
	if (mysql_parse_prepare_ok(p, &walk->prepare))
		return false;
	/* With OPTIONAL_METADATA a byte behind the warnings says whether definitions follow. */
	if (walk->caps_known && (walk->capabilities & MYSQL_CAP_OPTIONAL_METADATA) && p.len > 12)
		follow = p.at[12];
	walk->results++;
	if (follow && walk->prepare.params)
		definitions_begin(walk, SECTION_PARAMS, walk->prepare.params);
	else if (follow && walk->prepare.columns)
		definitions_begin(walk, SECTION_COLUMNS, walk->prepare.columns);
	else
		result_end(walk);
	return true;
}

static bool on_simple(struct mysql_walk *walk)
{
	int first = first_byte(walk);
	/* To a named plugin; a lone fe is the request for the hash of the 4.0 days. */
	bool switches = first == 0xfe &&
			(walk->message_len == 1 || (walk->message_len > OK_LEN_MIN &&
						    walk->peek_len > 1 && walk->peek[1] > 0x20));

	if (first == 0xff)
		return mysql_answer_err(walk, peeked(walk));
	if (first == 0x01 || switches) {
		/* CHANGE_USER authenticates: the client answers, then the server goes on. */
		walk->seq_open = true;
		return true;
	}
	if (first == 0x00)
		return first_ok(walk);
	return first == 0xfe && take_rows_end(walk);
}

static bool on_text(struct mysql_walk *walk)
{
	int first = first_byte(walk);

	/* Without all of an ERR's beginning it may be one, or not. */
	if (walk->peek_cut && (first < 0 || first == 0xff) && walk->peek_len < ERR_HEAD_LEN)
		return false;
	if (first == 0xff && mysql_answer_err(walk, peeked(walk)))
		return true;
	walk->done = true;
	return true;
}

bool mysql_answer_message(struct mysql_walk *walk)
{
	switch ((enum state)walk->state) {
	case STATE_FIRST:
		return on_first(walk);
	case STATE_DEFINITIONS:
		return on_definition(walk);
	case STATE_DEFINITIONS_END:
		return on_definitions_end(walk);
	case STATE_ROWS:
		return on_rows(walk);
	case STATE_PREPARE:
		return on_prepare(walk);
	case STATE_SIMPLE:
		return on_simple(walk);
	case STATE_TEXT:
		return on_text(walk);
	}
	return false;
}
