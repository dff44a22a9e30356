// SPDX-License-Identifier: Apache-2.0
/*
 * test_mysql.c - the protocol's single packets but the login's: query text, OK, ERR, EOF, prepare.
 *
 * Every input ends at a guard page, and every beginning of it is parsed too.
 */
#include "unit.h"

#include <errno.h>

#include "proto/mysql.h"
#include "util/array.h"

#define LIT(text)                                                                                  \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static struct bytes guarded(struct bytes in)
{
	return bytes_of(guard_copy(in), in.len);
}

TEST(mysql_packet_header)
{
	struct mysql_packet packet;
	struct bytes in = guarded(LITERAL("\x03\x00\x00\x07"
					  "abcd"));

	CHECK_EQ(mysql_parse_packet(bytes_take(in, 3), &packet), 0);
	CHECK_EQ(mysql_parse_packet(in, &packet), 4);
	CHECK_EQ(packet.len, 3);
	CHECK_EQ(packet.seq, 7);
	CHECK_VIEW(packet.payload, "abc");
	CHECK_EQ(mysql_parse_packet(bytes_take(in, 5), &packet), 4);
	CHECK_EQ(packet.len, 3);
	CHECK_VIEW(packet.payload, "a");
	CHECK_EQ(mysql_parse_packet(LITERAL("\xff\xfe\xfd\xff"), &packet), 4);
	CHECK_EQ(packet.len, 0xfdfeff);
	CHECK_EQ(packet.seq, 255);
}

TEST(mysql_lenenc)
{
	static const struct {
		struct bytes in;
		int ret;
		uint64_t value;
	} cases[] = {
		{ LIT(""), 0, 0 },
		{ LIT("\x00"), 1, 0 },
		{ LIT("\xfa"), 1, 0xfa },
		{ LIT("\xfb"), -EBADMSG, 0 },
		{ LIT("\xff"), -EBADMSG, 0 },
		{ LIT("\xfc\x01\x02"), 3, 0x201 },
		{ LIT("\xfc\x01"), 0, 0 },
		{ LIT("\xfd\x01\x02\x03"), 4, 0x30201 },
		{ LIT("\xfd\x01\x02"), 0, 0 },
		{ LIT("\xfe\x01\x02\x03\x04\x05\x06\x07\x80"), 9, 0x8007060504030201 },
		{ LIT("\xfe\x01\x02\x03\x04\x05\x06\x07"), 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t value = 0;

		unit_context("row %zu", i);
		CHECK_EQ(mysql_parse_lenenc(guarded(cases[i].in), &value), cases[i].ret);
		CHECK(cases[i].ret <= 0 || value == cases[i].value);
	}
}

struct text_case {
	struct bytes in;
	int attributes;
	int ret;
	const char *text;
};

#define TRACEPARENT                                                                                \
	"\x01\x01\x00\x01\xfe\x00\x0b"                                                             \
	"traceparent"                                                                              \
	"\x05"                                                                                     \
	"00-ab"

static const struct text_case TEXTS[] = {
	{ LIT("\x03"
	      "select 1"),
	  0, 0, "select 1" },
	{ LIT("\x03"
	      "select 1"),
	  -1, 0, "select 1" },
	{ LIT("\x03"
	      "\n\tselect 1"),
	  -1, 0, "\n\tselect 1" },
	{ LIT("\x03"), 0, 0, "" },
	{ LIT("\x03"), -1, 0, "" },
	{ LIT("\x03"), 1, -EBADMSG, NULL },
	{ LIT("\x16"
	      "select 1"),
	  0, -EBADMSG, NULL },
	{ LIT(""), -1, -EBADMSG, NULL },
	{ LIT("\x03\x00\x01"
	      "select 1"),
	  1, 0, "select 1" },
	{ LIT("\x03\x00\x01"
	      "select 1"),
	  -1, 0, "select 1" },
	{ LIT("\x03\x00\x02"
	      "select 1"),
	  1, -EBADMSG, NULL },
	{ LIT("\x03" TRACEPARENT "select 1"), 1, 0, "select 1" },
	{ LIT("\x03" TRACEPARENT "select 1"), -1, 0, "select 1" },
	{ LIT("\x03" TRACEPARENT), -1, 0, "" },
	/* NULL value: in the bitmap, not among the values */
	{ LIT("\x03\x02\x01\x01\x01\x08\x00\x01"
	      "a"
	      "\x08\x00\x01"
	      "b"
	      "12345678"
	      "do 1"),
	  1, 0, "do 1" },
	/* every width, a time, a string behind it */
	{ LIT("\x03\x09\x01\x00\x00\x01"
	      "\x01\x00\x00"
	      "\x02\x80\x00"
	      "\x03\x00\x00"
	      "\x04\x00\x00"
	      "\x05\x00\x00"
	      "\x08\x00\x00"
	      "\x0c\x00\x00"
	      "\x06\x00\x00"
	      "\xfd\x00\x00"
	      "1"
	      "22"
	      "4444"
	      "4444"
	      "88888888"
	      "88888888"
	      "\x04"
	      "2026"
	      "\x02"
	      "ab"
	      "do 2"),
	  -1, 0, "do 2" },
	{ LIT("\x03\x01\x01\x00\x01\x77\x00\x00"
	      "x"),
	  1, -EBADMSG, NULL },
	{ LIT("\x03\x01\x01\x00\x00\xfe\x00\x00\x01"
	      "x"),
	  1, -EBADMSG, NULL },
	{ LIT("\x03\x01\x01\x00\x01\xfe\x00\x00\x09"
	      "select"),
	  1, -EBADMSG, NULL },
	{ LIT("\x03\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x01"), 1, -EBADMSG, NULL },
	{ LIT("\x03\xfb\x01"
	      "select"),
	  1, -EBADMSG, NULL },
};

TEST(mysql_query_text_cases)
{
	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++) {
		struct bytes text;

		unit_context("row %zu", i);
		if (CHECK_EQ(mysql_query_text(guarded(TEXTS[i].in), TEXTS[i].attributes, &text),
			     TEXTS[i].ret) &&
		    !TEXTS[i].ret)
			CHECK_VIEW(text, TEXTS[i].text);
		for (size_t n = 0; n <= TEXTS[i].in.len; n++) {
			(void)mysql_query_text(guarded(bytes_take(TEXTS[i].in, n)), -1, &text);
			(void)mysql_query_text(guarded(bytes_take(TEXTS[i].in, n)), 1, &text);
			guard_release();
		}
	}
}

TEST(mysql_ok_packet)
{
	struct mysql_ok ok;
	struct bytes in = guarded(LITERAL("\x00\x02\xfc\x00\x01\x02\x40\x03\x00"
					  "\x00"
					  "\x09"
					  "\x00\x02\x01"
					  "x"
					  "\x01\x03\x02"
					  "db"));

	if (!CHECK_EQ(mysql_parse_ok(in, MYSQL_CAP_SESSION_TRACK, &ok), 0))
		return;
	CHECK_EQ(ok.affected, 2);
	CHECK_EQ(ok.insert_id, 256);
	CHECK_EQ(ok.status, 0x4002);
	CHECK_EQ(ok.warnings, 3);
	CHECK(ok.has_schema);
	CHECK_VIEW(ok.schema, "db");
	CHECK_EQ(mysql_parse_ok(in, 0, &ok), 0);
	CHECK(!ok.has_schema);
	/* As a server's answer to the login tells the database. */
	CHECK_EQ(mysql_parse_ok(LITERAL("\x00\x00\x00\x02\x40\x00\x00\x00\x04\x01\x02\x01"
					"d"),
				MYSQL_CAP_SESSION_TRACK, &ok),
		 0);
	CHECK_VIEW(ok.schema, "d");
	for (size_t n = 0; n < in.len; n++) {
		unit_context("%zu bytes", n);
		CHECK_EQ(mysql_parse_ok(guarded(bytes_take(in, n)), MYSQL_CAP_SESSION_TRACK, &ok),
			 n < 9 ? -EBADMSG : 0);
		CHECK(!ok.has_schema);
	}
	CHECK_EQ(mysql_parse_ok(LITERAL("\x01\x00\x00\x02\x00\x00\x00"), 0, &ok), -EBADMSG);
}

TEST(mysql_err_packet)
{
	struct mysql_err err;
	struct bytes in = guarded(LITERAL("\xff\x28\x04#42000You have"));

	CHECK_EQ(mysql_parse_err(in, &err), 0);
	CHECK_EQ(err.code, 1064);
	CHECK_STR(err.sqlstate, "42000");
	CHECK_VIEW(err.message, "You have");
	CHECK_EQ(mysql_parse_err(LITERAL("\xff\x69\x04Host"), &err), 0);
	CHECK_STR(err.sqlstate, "");
	CHECK_VIEW(err.message, "Host");
	CHECK_EQ(mysql_parse_err(LITERAL("\xff\xff\xff\x01#4200"), &err), 0);
	CHECK_EQ(err.code, 0xffff);
	CHECK_EQ(mysql_parse_err(LITERAL("\xff\x28\x04#4200\x01x"), &err), -EBADMSG);
	CHECK_EQ(mysql_parse_err(LITERAL("\x00\x28\x04#42000"), &err), -EBADMSG);
	for (size_t n = 0; n < in.len; n++)
		CHECK_EQ(mysql_parse_err(guarded(bytes_take(in, n)), &err), n < 3 ? -EBADMSG : 0);
}

TEST(mysql_eof_and_prepare_packets)
{
	struct mysql_eof eof;
	struct mysql_prepare_ok prepare;
	struct bytes in = guarded(LITERAL("\x00\x01\x02\x03\x04\x05\x00\x06\x00\x00\x00\x00"));

	CHECK_EQ(mysql_parse_eof(LITERAL("\xfe\x01\x00\x22\x00"), &eof), 0);
	CHECK_EQ(eof.warnings, 1);
	CHECK_EQ(eof.status, 0x22);
	CHECK_EQ(mysql_parse_eof(LITERAL("\xfe\x01\x00\x22"), &eof), -EBADMSG);
	CHECK_EQ(mysql_parse_eof(LITERAL("\xfe\x01\x00\x22\x00\x00"), &eof), -EBADMSG);
	CHECK_EQ(mysql_parse_eof(LITERAL("\x00\x01\x00\x22\x00"), &eof), -EBADMSG);
	CHECK_EQ(mysql_parse_prepare_ok(in, &prepare), 0);
	CHECK_EQ(prepare.statement_id, 0x04030201);
	CHECK_EQ(prepare.columns, 5);
	CHECK_EQ(prepare.params, 6);
	for (size_t n = 0; n < in.len; n++)
		CHECK_EQ(mysql_parse_prepare_ok(guarded(bytes_take(in, n)), &prepare), -EBADMSG);
}
