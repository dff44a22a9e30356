// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_tail.c - recognises the end of an answer by its last bytes alone.
 *
 * Packet boundaries are unknown there, and rows hold anything. So a packet counts only when its
 * length reaches to the very last byte and its fields are what servers send; an OK that looks like
 * a binary row (first byte 00) only right behind the end of rows that announces it.
 */
#include "proto/mysql_answer.h"
#include "proto/mysql_read.h"
#include "util/array.h"

#define ROWS_END_LEN_MIN 5
#define OK_LEN_MIN	 7
/* Server errors begin at 1000; MariaDB's end below 6000, clients' own (2000..) never travel. */
#define ERR_CODE_MIN 1000
#define ERR_CODE_MAX 9999

struct ending {
	struct bytes payload;
	uint8_t seq;
};

/* Whether @at begins a packet that ends with @tail. */
static bool ends_with_packet(struct bytes tail, size_t at, struct ending *ret)
{
	struct mysql_packet packet;

	if (!mysql_parse_packet(bytes_skip(tail, at), &packet) || packet.len != tail.len - at - 4 ||
	    packet.len < ROWS_END_LEN_MIN)
		return false;
	*ret = (struct ending){ packet.payload, packet.seq };
	return true;
}

/* Whether an EOF may (a closing OK must) be expected on this connection. */
static bool may_be_eof(const struct mysql_walk *walk)
{
	return !(walk->capabilities & MYSQL_CAP_DEPRECATE_EOF);
}

static bool may_be_closing_ok(const struct mysql_walk *walk)
{
	return !walk->caps_known || !may_be_eof(walk);
}

/* Behind rows the OK's counts are 0. */
static bool is_closing_ok(struct bytes payload, uint8_t first)
{
	return payload.len >= OK_LEN_MIN && payload.at[0] == first && !payload.at[1] &&
	       !payload.at[2];
}

/* Parses what ends rows, EOF or OK, without recording it. */
static bool rows_end_status(const struct mysql_walk *walk, struct bytes payload, uint16_t *ret)
{
	struct mysql_eof eof;
	struct mysql_ok ok;

	if (may_be_eof(walk) && !mysql_parse_eof(payload, &eof)) {
		*ret = eof.status;
		return true;
	}
	if (!may_be_closing_ok(walk) || !is_closing_ok(payload, 0xfe) ||
	    mysql_parse_ok(payload, walk->capabilities, &ok))
		return false;
	*ret = ok.status;
	return true;
}

/* Whether the packet with @seq comes right behind an end of rows that says more is to follow. */
static bool announced(const struct mysql_walk *walk, struct bytes before, uint8_t seq)
{
	static const size_t lens[] = { 4 + ROWS_END_LEN_MIN, 4 + OK_LEN_MIN };
	struct ending end;
	uint16_t status;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		if (before.len >= lens[i] && ends_with_packet(before, before.len - lens[i], &end) &&
		    (uint8_t)(end.seq + 1) == seq && rows_end_status(walk, end.payload, &status) &&
		    (status & MYSQL_STATUS_MORE_RESULTS))
			return true;
	}
	return false;
}

static bool end_is_err(struct mysql_walk *walk, struct bytes payload)
{
	struct mysql_err err;

	if (payload.at[0] != 0xff || mysql_parse_err(payload, &err) || !err.sqlstate[0])
		return false;
	if (err.code < ERR_CODE_MIN || err.code > ERR_CODE_MAX)
		return false;
	return mysql_answer_err(walk, payload);
}

static bool end_is_rows_end(struct mysql_walk *walk, struct bytes payload)
{
	struct mysql_ok ok;
	uint16_t status;

	if (!rows_end_status(walk, payload, &status) || (status & MYSQL_STATUS_MORE_RESULTS))
		return false;
	return mysql_answer_eof(walk, payload) || mysql_answer_ok(walk, payload, &ok);
}

static bool end_is_ok(struct mysql_walk *walk, struct bytes before, const struct ending *end)
{
	struct mysql_ok ok;

	if (end->payload.at[0] != 0x00 || !announced(walk, before, end->seq) ||
	    mysql_parse_ok(end->payload, walk->capabilities, &ok) ||
	    (ok.status & MYSQL_STATUS_MORE_RESULTS))
		return false;
	if (!mysql_answer_ok(walk, end->payload, &ok))
		return false;
	walk->affected += ok.affected;
	walk->results++;
	return true;
}

bool mysql_walk_tail(struct mysql_walk *walk, struct bytes tail)
{
	if (!walk->lost || !walk->gap || walk->done)
		return false;
	/* The shortest packet first: a long one could only be the bytes of a row around it. */
	for (size_t n = 4 + ROWS_END_LEN_MIN; n <= tail.len; n++) {
		size_t at = tail.len - n;
		struct ending end;

		if (!ends_with_packet(tail, at, &end))
			continue;
		if (end_is_err(walk, end.payload) || end_is_rows_end(walk, end.payload) ||
		    end_is_ok(walk, bytes_take(tail, at), &end)) {
			walk->done = true;
			walk->end = walk->offset;
			return true;
		}
	}
	return false;
}
