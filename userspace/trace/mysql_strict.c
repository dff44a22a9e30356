// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_strict.c - connections that were open before the trace: no greeting was seen, so an
 * exchange must prove by itself that it is MySQL. Commands must fill the turn to the byte, say
 * something sensible, and get the answer that such a command gets.
 */
#include "trace/mysql_conn.h"

#include "proto/sql.h"

static bool printable(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.at[i] < 0x20 || in.at[i] == 0x7f)
			return false;
	return in.len > 0;
}

static uint32_t u32_at(struct bytes in, size_t at)
{
	return in.at[at] | (uint32_t)in.at[at + 1] << 8 | (uint32_t)in.at[at + 2] << 16 |
	       (uint32_t)in.at[at + 3] << 24;
}

static bool plausible_query(struct bytes payload)
{
	struct bytes text;

	return !mysql_query_text(payload, -1, &text) && sql_looks_like_statement(text);
}

/* Whether the packet's length and bytes are what its command says. */
static bool plausible(const struct mysql_packet *p)
{
	struct bytes body = bytes_skip(p->payload, 1);

	switch (p->payload.at[0]) {
	case MYSQL_COM_QUERY:
		return plausible_query(p->payload);
	case MYSQL_COM_STMT_PREPARE:
		return sql_looks_like_statement(body);
	case MYSQL_COM_INIT_DB:
		return p->len <= 1 + 4 * 64 && printable(body);
	case MYSQL_COM_QUIT:
	case MYSQL_COM_PING:
	case MYSQL_COM_STATISTICS:
	case MYSQL_COM_RESET_CONNECTION:
		return p->len == 1;
	case MYSQL_COM_STMT_CLOSE:
	case MYSQL_COM_STMT_RESET:
		return p->len == 5;
	case MYSQL_COM_STMT_EXECUTE:
		return p->len >= 10 && p->payload.len >= 10 && u32_at(p->payload, 6) == 1;
	case MYSQL_COM_STMT_BULK_EXECUTE:
	case MYSQL_COM_STMT_SEND_LONG_DATA:
		return p->len >= 7;
	case MYSQL_COM_STMT_FETCH:
		return p->len == 9;
	case MYSQL_COM_SET_OPTION:
		return p->len == 3;
	default:
		return false;
	}
}

static bool has_reply(uint8_t code)
{
	return code != MYSQL_COM_QUIT && code != MYSQL_COM_STMT_CLOSE &&
	       code != MYSQL_COM_STMT_SEND_LONG_DATA;
}

static bool is_ok(const struct mysql_packet *p)
{
	return p->payload.at[0] == 0x00 && p->len >= 7;
}

static bool is_err(const struct mysql_packet *p)
{
	uint32_t code;

	if (p->payload.at[0] != 0xff || p->payload.len < 9)
		return false;
	code = p->payload.at[1] | (uint32_t)p->payload.at[2] << 8;
	return code >= 1000 && code <= 9999 && p->payload.at[3] == '#';
}

/* A column count, with MariaDB's or MySQL's metadata flag or without. */
static bool is_count(const struct mysql_packet *p)
{
	uint8_t first = p->payload.at[0];

	if (first == 0xfc)
		return p->len == 3 || p->len == 4;
	return first <= 0xfa && p->len <= 2;
}

static bool answers(uint8_t code, const struct mysql_packet *p)
{
	if (is_err(p))
		return true;
	switch (code) {
	case MYSQL_COM_QUERY:
	case MYSQL_COM_STMT_EXECUTE:
	case MYSQL_COM_STMT_BULK_EXECUTE:
		return is_ok(p) || p->payload.at[0] == 0xfb || is_count(p);
	case MYSQL_COM_STMT_PREPARE:
		return p->payload.at[0] == 0x00 && (p->len == 12 || p->len == 13);
	case MYSQL_COM_STATISTICS:
		return printable(p->payload);
	case MYSQL_COM_SET_OPTION:
		return is_ok(p) || (p->payload.at[0] == 0xfe && p->len == 5);
	case MYSQL_COM_STMT_FETCH:
		return p->payload.at[0] == 0x00 || p->payload.at[0] == 0xfe;
	default:
		return is_ok(p);
	}
}

/*
 * Walks the request turn. Returns the first command that gets a reply, 0 when there is none, -1
 * when it is not MySQL; and how many packets that command took, as far as they are known.
 */
static int first_command(const struct turn *turn, uint8_t *ret_packets)
{
	struct mysql_packet p;
	uint64_t at = 0;
	int code = 0;
	bool more = false;
	bool first = false;

	while (at < turn->total) {
		if (mysql_parse_packet(turn_at(turn, at), &p) <= 0)
			/* Continuations of a statement over 16 MB are not captured. */
			return more ? code : -1;
		if (!more && (p.seq || !p.payload.len || !plausible(&p)))
			return -1;
		if (!more) {
			first = !code && has_reply(p.payload.at[0]);
			code = first ? p.payload.at[0] : code;
		}
		*ret_packets += first;
		more = p.len == 0xffffff;
		at += 4 + (uint64_t)p.len;
	}
	return at == turn->total ? code : -1;
}

/* The answer continues the command's numbers: 1, or more behind a statement over 16 MB. */
static bool follows(const struct mysql_packet *reply, const struct turn *request, uint8_t packets)
{
	if (request->total > 0xffffff)
		return reply->seq >= packets;
	return reply->seq == 1;
}

/* As much of the first reply packet as any rule above looks at: errno, mark and state. */
static bool reply_judgeable(const struct turn *turn)
{
	struct mysql_packet p;

	if (mysql_parse_packet(turn_at(turn, 0), &p) <= 0)
		return false;
	return p.payload.len && p.payload.len >= (p.len < 9 ? p.len : 9);
}

enum mysql_verdict mysql_strict(const struct mysql_step *step)
{
	const struct turn *turn = &step->response;
	struct mysql_packet p;
	uint8_t packets = 0;
	int code;

	if (!step->final && !reply_judgeable(turn))
		return VERDICT_LATER;
	if (!step->request.total)
		return VERDICT_NOTHING;
	code = first_command(&step->request, &packets);
	if (code <= 0)
		return code ? VERDICT_NO : VERDICT_NOTHING;
	if (mysql_parse_packet(turn_at(turn, 0), &p) <= 0 || !p.payload.len)
		return VERDICT_NO;
	if (!follows(&p, &step->request, packets))
		return VERDICT_NO;
	return answers((uint8_t)code, &p) ? VERDICT_YES : VERDICT_NO;
}
