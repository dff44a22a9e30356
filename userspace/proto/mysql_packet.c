// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_packet.c - the server's small packets: header, OK, ERR, EOF, prepare's OK.
 *
 * Payloads may be cut short by the capture: what a packet must have to be what it claims is
 * demanded, the rest is read as far as it goes.
 */
#include "proto/mysql_read.h"

#include <errno.h>

/* Session state entries follow the OK (SERVER_SESSION_STATE_CHANGED); entry type: schema. */
#define STATUS_STATE_CHANGED 0x4000
#define TRACK_SCHEMA	     1

#define ERR_PROGRESS 0xffff

int mysql_parse_packet(struct bytes in, struct mysql_packet *ret)
{
	struct mysql_reader r = mysql_reader_of(in);

	if (in.len < 4)
		return 0;
	ret->len = (uint32_t)mysql_read_int(&r, 3);
	ret->seq = (uint8_t)mysql_read_int(&r, 1);
	ret->payload = bytes_take(r.left, ret->len);
	return 4;
}

int mysql_parse_lenenc(struct bytes in, uint64_t *ret)
{
	struct mysql_reader r = mysql_reader_of(in);
	uint8_t first = (uint8_t)mysql_read_int(&r, 1);
	unsigned int width = first == 0xfc ? 2 : first == 0xfd ? 3 : first == 0xfe ? 8 : 0;

	if (!in.len)
		return 0;
	if (first == 0xfb || first == 0xff)
		return -EBADMSG;
	*ret = width ? mysql_read_int(&r, width) : first;
	return r.cut ? 0 : 1 + (int)width;
}

struct bytes mysql_real_version(struct bytes version)
{
	static const char prefix[] = "5.5.5-";
	struct bytes rest = bytes_skip(version, strlen(prefix));

	if (bytes_starts_with(version, prefix) && memmem(rest.at, rest.len, "MariaDB", 7))
		return rest;
	return version;
}

/* Finds a new default schema among the session state entries behind an OK. */
static void read_session_state(struct mysql_reader r, struct mysql_ok *ret)
{
	struct mysql_reader entries;

	mysql_read_lenenc_bytes(&r); /* info for people */
	entries = mysql_reader_of(mysql_read_lenenc_bytes(&r));
	while (entries.left.len) {
		uint8_t type = (uint8_t)mysql_read_int(&entries, 1);
		struct mysql_reader data = mysql_reader_of(mysql_read_lenenc_bytes(&entries));
		struct bytes schema = mysql_read_lenenc_bytes(&data);

		if (type != TRACK_SCHEMA || entries.cut || data.cut)
			continue;
		ret->schema = schema;
		ret->has_schema = true;
	}
}

int mysql_parse_ok(struct bytes payload, uint32_t capabilities, struct mysql_ok *ret)
{
	struct mysql_reader r = mysql_reader_of(payload);
	uint8_t first = (uint8_t)mysql_read_int(&r, 1);

	*ret = (struct mysql_ok){ 0 };
	if (first != 0x00 && first != 0xfe)
		return -EBADMSG;
	ret->affected = mysql_read_lenenc(&r);
	ret->insert_id = mysql_read_lenenc(&r);
	ret->status = (uint16_t)mysql_read_int(&r, 2);
	ret->warnings = (uint16_t)mysql_read_int(&r, 2);
	if (r.cut)
		return -EBADMSG;
	if ((capabilities & MYSQL_CAP_SESSION_TRACK) && (ret->status & STATUS_STATE_CHANGED))
		read_session_state(r, ret);
	return 0;
}

static bool is_sqlstate(struct bytes s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!(s.at[i] >= '0' && s.at[i] <= '9') && !(s.at[i] >= 'A' && s.at[i] <= 'Z'))
			return false;
	}
	return s.len == 5;
}

int mysql_parse_err(struct bytes payload, struct mysql_err *ret)
{
	struct mysql_reader r = mysql_reader_of(payload);
	struct bytes state;
	bool marked;

	*ret = (struct mysql_err){ 0 };
	marked = mysql_read_int(&r, 1) == 0xff;
	ret->code = (uint16_t)mysql_read_int(&r, 2);
	if (!marked || r.cut)
		return -EBADMSG;
	ret->message = r.left;
	/* Errors before the login, and progress reports, have no SQLSTATE. */
	if (ret->code == ERR_PROGRESS || !r.left.len || r.left.at[0] != '#')
		return 0;
	mysql_read_int(&r, 1);
	state = bytes_take(r.left, 5);
	ret->message = bytes_skip(r.left, 5);
	if (state.len < 5)
		return 0; /* cut by the capture */
	if (!is_sqlstate(state))
		return -EBADMSG;
	memcpy(ret->sqlstate, state.at, 5);
	return 0;
}

int mysql_parse_eof(struct bytes payload, struct mysql_eof *ret)
{
	struct mysql_reader r = mysql_reader_of(payload);

	*ret = (struct mysql_eof){ 0 };
	if (payload.len != 5 || mysql_read_int(&r, 1) != 0xfe)
		return -EBADMSG;
	ret->warnings = (uint16_t)mysql_read_int(&r, 2);
	ret->status = (uint16_t)mysql_read_int(&r, 2);
	return 0;
}

int mysql_parse_prepare_ok(struct bytes payload, struct mysql_prepare_ok *ret)
{
	struct mysql_reader r = mysql_reader_of(payload);
	bool ok = mysql_read_int(&r, 1) == 0;

	*ret = (struct mysql_prepare_ok){ 0 };
	ret->statement_id = (uint32_t)mysql_read_int(&r, 4);
	ret->columns = (uint16_t)mysql_read_int(&r, 2);
	ret->params = (uint16_t)mysql_read_int(&r, 2);
	/* A filler of 0 and the warnings make it 12 bytes; newer servers append to that. */
	if (!ok || mysql_read_int(&r, 1) != 0 || (mysql_read_int(&r, 2), r.cut))
		return -EBADMSG;
	return 0;
}
