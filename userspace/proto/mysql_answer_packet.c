// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_answer_packet.c - takes what an OK, EOF or ERR of an answer says over into the walk, as
 * text and numbers that no longer point into the input.
 */
#include "proto/mysql_answer.h"
#include "util/utf8.h"

#define ERR_PROGRESS 0xffff

static void set_status(struct mysql_walk *walk, uint16_t status)
{
	walk->status = status;
	walk->has_status = true;
}

/* A copy of @in in @out as valid UTF-8 without control characters: each bad byte becomes `?`. */
static void copy_text(char *out, size_t cap, struct bytes in)
{
	size_t len = 0;

	while (in.len) {
		uint32_t c = 0;
		size_t n = utf8_decode(in, &c);
		bool good = n && c >= 0x20 && c != 0x7f;
		size_t add = good ? n : 1;

		if (len + add >= cap)
			break;
		memcpy(out + len, good ? (const char *)in.at : "?", add);
		len += add;
		in = bytes_skip(in, n ? n : 1);
	}
	out[len] = '\0';
}

bool mysql_answer_err(struct mysql_walk *walk, struct bytes payload)
{
	struct mysql_err err;

	if (mysql_parse_err(payload, &err))
		return false;
	if (err.code == ERR_PROGRESS)
		return true;
	walk->done = true;
	walk->failed = true;
	walk->err_code = err.code;
	memcpy(walk->err_sqlstate, err.sqlstate, sizeof(walk->err_sqlstate));
	copy_text(walk->err_message, sizeof(walk->err_message), err.message);
	return true;
}

bool mysql_answer_ok(struct mysql_walk *walk, struct bytes payload, struct mysql_ok *ok)
{
	uint32_t capabilities = walk->capabilities;

	/*
	 * State entries are only sent to those who asked: with unknown capabilities, believe them.
	 */
	if (!walk->caps_known)
		capabilities |= MYSQL_CAP_SESSION_TRACK;
	if (mysql_parse_ok(payload, capabilities, ok))
		return false;
	set_status(walk, ok->status);
	if (ok->has_schema)
		copy_text(walk->schema, sizeof(walk->schema), ok->schema);
	return true;
}

bool mysql_answer_eof(struct mysql_walk *walk, struct bytes payload)
{
	struct mysql_eof eof;

	if (mysql_parse_eof(payload, &eof))
		return false;
	set_status(walk, eof.status);
	return true;
}
