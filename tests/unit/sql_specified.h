/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_specified.h - the rows of the sanitiser's specification, for the tests that go by them.
 */
#ifndef BPFXRAY_TESTS_SQL_SPECIFIED_H
#define BPFXRAY_TESTS_SQL_SPECIFIED_H

#include "proto/sql.h"
#include "util/array.h"

struct sanitize_case {
	const char *in;
	const char *out;
	struct sql_mode mode;
};

#define ANSI                                                                                       \
	{                                                                                          \
		.ansi_quotes = true                                                                \
	}
#define NO_BACKSLASH                                                                               \
	{                                                                                          \
		.no_backslash_escapes = true                                                       \
	}
#define ODD                                                                                        \
	{                                                                                          \
		.odd_charset = true                                                                \
	}
#define TRUNCATED                                                                                  \
	{                                                                                          \
		.truncated = true                                                                  \
	}

/* The rows of the specification's table, one line per piece of a row. */
static const struct sanitize_case SPECIFIED[] = {
	/* 1 */
	{ "'it''s \\' x'", "?", { 0 } },
	{ "\"a\"\"b\"", "?", { 0 } },
	/* 2 */
	{ "select 'a' 'b' from t", "select ? ? from t", { 0 } },
	/* 3 */
	{ "id in (1,2,3)", "id in (?)", { 0 } },
	/* 4 */
	{ "(id,v) in ((1,'a'),(2,'b'))", "(id,v) in ((?))", { 0 } },
	/* 5 */
	{ "select -5, - 5, 3-2, a.id-1", "select ?, ?, ?-?, a.id-?", { 0 } },
	/* 6 */
	{ "select NULL, v is null, v is not null", "select NULL, v is null, v is not null", { 0 } },
	/* 7 */
	{ "x'4D', 0x4d, b'01', 0b01, X'0F'", "?, ?, ?, ?, ?", { 0 } },
	/* 8 */
	{ "1.5e-3, .5, 1., 1e5", "?, ?, ?, ?", { 0 } },
	/* 9 */
	{ "`we``ird 1`.id", "`we``ird 1`.id", { 0 } },
	/* 10 */
	{ "t1.id, 1 as col1", "t1.id, ? as col1", { 0 } },
	/* 11 */
	{ "/* c1 'x' */ select a", "select a", { 0 } },
	{ "select a -- tail", "select a", { 0 } },
	{ "select a # x", "select a", { 0 } },
	/* 12 */
	{ "/*+ MAX_EXECUTION_TIME(10) */ /*!40101 1 */", "", { 0 } },
	/* 13 */
	{ "values (1,'a'),(2,'b')", "values (?)", { 0 } },
	/* 14 */
	{ "_utf8mb4'\xc3\xa9', N'x', '\xc3\xa9'", "?, ?, ?", { 0 } },
	/* 15 */
	{ "json_extract('{\"a\":1}','$.a')", "json_extract(?, ?)", { 0 } },
	{ "c->>'$.a'", "c->>?", { 0 } },
	/* 16 */
	{ "true, DATE '2020-01-01', interval 1 day", "true, DATE ?, interval ? day", { 0 } },
	/* 17 */
	{ "@a:=5, @@session.sql_mode", "@a:=?, @@session.sql_mode", { 0 } },
	{ "set @s='secret'", "set @s=?", { 0 } },
	/* 18 */
	{ "limit 10 offset 5", "limit ? offset ?", { 0 } },
	/* 19 */
	{ "5--1", "?-?", { 0 } },
	{ "a--b", "a--b", { 0 } },
	{ "a- -1", "a-?", { 0 } },
	/* 20 */
	{ "select 'unterminated", "select ?...", { 0 } },
	{ "select 'unterminated", "select ?...", TRUNCATED },
};

#endif
