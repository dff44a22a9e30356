// SPDX-License-Identifier: Apache-2.0
/*
 * test_sql.c - the sanitiser by table, the specification's rows first. Each output goes through it
 * once more, and stays.
 */
#include "sql_specified.h"
#include "unit.h"
#include "util/array.h"

static const struct sanitize_case CASES[] = {
	/* strings */
	{ "select 'a\\\\', b", "select ?, b", { 0 } },
	{ "select 'a\\', b from t where c = 'd'", "select ?, b from t where c = ?", NO_BACKSLASH },
	{ "select 'a\\''b', c", "select ??...", { 0 } },
	{ "select '', c", "select ?, c", { 0 } },
	{ "select '''', c", "select ?, c", { 0 } },
	{ "select '\"', c, \"'\", d", "select ?, c, ?, d", { 0 } },
	{ "select \"a\", b", "select ?, b", { 0 } },
	{ "select \"a\", b", "select \"a\", b", ANSI },
	{ "select \"a\"\"1\", '2'", "select \"a\"\"1\", ?", ANSI },
	{ "select \"a\\\", b", "select \"a\\\", b", ANSI },
	{ "select \"a", "select ?...", ANSI },
	{ "select `a, 'b'", "select ?...", { 0 } },
	{ "select '--', '#', '/*', a", "select ?, ?, ?, a", { 0 } },
	{ "select 'a;b'; select 2", "select ?; select ?", { 0 } },
	{ "select 'a\nb'", "select ?", { 0 } },
	{ "select _latin1 'x', _binary  \"y\"", "select ?, ?", { 0 } },
	{ "select _binary'\\0\\'', _id from t", "select ?, _id from t", { 0 } },
	{ "select n'x', column'y'", "select ?, column?", { 0 } },
	{ "select 'caf\xc3\xa9' caf\xc3\xa9", "select ? caf\xc3\xa9", { 0 } },
	{ "grantee = @'x'", "grantee = @?", { 0 } },
	{ "select a'b'c", "select a?c", { 0 } },
	/* numbers */
	{ "select 2fa", "select ?", { 0 } },
	{ "select t.2fa, `t`.2fa", "select t.2fa, `t`.2fa", { 0 } },
	{ "select t .5, t. 5", "select t ?, t. ?", { 0 } },
	{ "select 5.5.5, 1..2", "select ?, ?", { 0 } },
	{ "select a..5", "select a.?", { 0 } },
	{ "select `a`5", "select `a`?", { 0 } },
	{ "x=1and.5<y", "x=?<y", { 0 } },
	{ "x=1 and.5<y", "x=? and?<y", { 0 } },
	{ "select 0x1e-5, 0X1E+5", "select ?-?, ?+?", { 0 } },
	{ "select 1e-5, 1E+5, 1e-a", "select ?, ?, ?-a", { 0 } },
	{ "select 1;", "select ?", { 0 } },
	{ "select $5, a$5, a5", "select $5, a$5, a5", { 0 } },
	{ "select 5%3, 5/3*2", "select ?%?, ?/?*?", { 0 } },
	{ "select \xc3\xa9"
	  "5, 5",
	  "select \xc3\xa9"
	  "5, ?",
	  { 0 } },
	{ "select @5, @@x.5", "select @5, @@x.5", { 0 } },
	/* signs */
	{ "a = -1", "a = ?", { 0 } },
	{ "a=-1", "a=?", { 0 } },
	{ "a= -1", "a=?", { 0 } },
	{ "a - -1", "a - ?", { 0 } },
	{ "a -1", "a -?", { 0 } },
	{ "select - -5, +5, -  +5", "select ?, ?, ?", { 0 } },
	{ "(-1)", "(?)", { 0 } },
	{ "-1", "?", { 0 } },
	{ "between -1 and -2", "between ? and ?", { 0 } },
	{ "f(-1)-1", "f(?)-?", { 0 } },
	{ "select -a, -'5'", "select -a, -?", { 0 } },
	{ "? -1", "? -?", { 0 } },
	{ "a-/**/-b", "a- -b", { 0 } },
	{ "a--/**/b", "a--b", { 0 } },
	/* lists */
	{ "in (1)", "in (?)", { 0 } },
	{ "in ()", "in ()", { 0 } },
	{ "IN( 1 , 2 )", "IN(?)", { 0 } },
	{ "in (-1, - 2, +3)", "in (?)", { 0 } },
	{ "in (1, 2, a, 3)", "in (?, ?, a, ?)", { 0 } },
	{ "in (1, NULL)", "in (?, NULL)", { 0 } },
	{ "in (?, ?, ?)", "in (?)", { 0 } },
	{ "in (%s, %s)", "in (%s, %s)", { 0 } },
	{ "in (select 1, 2)", "in (select ?, ?)", { 0 } },
	{ "f(1, 2, 3)", "f(?, ?, ?)", { 0 } },
	{ "in (1, (2), 3)", "in (?, (?), ?)", { 0 } },
	{ "in ((1,2),(3,4)) and x in (5,6)", "in ((?)) and x in (?)", { 0 } },
	{ "values (1, now()), (2, now())", "values (?, now())", { 0 } },
	{ "values (1, a), (2, b)", "values (?, a), (?, b)", { 0 } },
	{ "values (1, 2), (3, NULL), (4, NULL)", "values (?), (?, NULL)", { 0 } },
	{ "values (1),(2) on duplicate key update a = values(a), b = 3",
	  "values (?) on duplicate key update a = values(a), b = ?",
	  { 0 } },
	{ "values ('a' 'b', 1)", "values (?)", { 0 } },
	{ "values (1,)", "values (?, )", { 0 } },
	{ "values (1,'a'),(2,", "values (?),(?...", TRUNCATED },
	{ "in (1, 2, 'a", "in (?...", TRUNCATED },
	{ ")) in (1,2)", ")) in (?)", { 0 } },
	/* comments */
	{ "select/**/1", "select ?", { 0 } },
	{ "select a --\nfrom t", "select a from t", { 0 } },
	{ "select a -- it's\nfrom t", "select a from t", { 0 } },
	{ "select a # it's\nfrom t", "select a from t", { 0 } },
	{ "select /* it's */ 'x' /* \"y */", "select ?", { 0 } },
	{ "select /*/ 'x' */ 1", "select ?", { 0 } },
	{ "select a /* open", "select a ?...", { 0 } },
	{ "select a -- 12", "select a ?...", TRUNCATED },
	{ "select a --1", "select a -?", { 0 } },
	{ "/*!40101 set names 'x' */ select b", "select b", { 0 } },
	{ "/*! select '*/', x, '*/ y", "?...", { 0 } },
	{ "/*! a /* b */ 'c' */ d", "?...", { 0 } },
	{ "/*M!100100 'x' */ a", "a", { 0 } },
	/* white space, statements */
	{ "  select\t\r\n a ,  b ;  ", "select a , b", { 0 } },
	{ "select a;;select b;", "select a; select b", { 0 } },
	{ ";", "", { 0 } },
	{ "", "", { 0 } },
	{ "", "...", TRUNCATED },
	{ "select a", "select a...", TRUNCATED },
	{ "select f(1,2) from `t` where a<>'b'", "select f(?, ?) from `t` where a<>?", { 0 } },
	/* accounts */
	{ "SET PASSWORD = 'x'", "SET PASSWORD", { 0 } },
	{ "set  /* c */ password for u@h = 'x'", "set password", { 0 } },
	{ "create user u@'h' identified by 'x'", "create user", { 0 } },
	{ "CREATE OR REPLACE USER u IDENTIFIED BY 'x'", "CREATE OR REPLACE USER", { 0 } },
	{ "alter user u identified by 'x'", "alter user", { 0 } },
	{ "grant all on *.* to u", "grant", { 0 } },
	{ "revoke all on *.* from u", "revoke", { 0 } },
	{ "CHANGE MASTER TO MASTER_PASSWORD='x'", "CHANGE MASTER", { 0 } },
	{ "change replication source to a='x'", "change replication", { 0 } },
	{ "select 1; set password = 'x'; select 2", "select ?; set password", { 0 } },
	{ "set passwords = 1", "set passwords = ?", { 0 } },
	{ "create table user (a int)", "create table user (a int)", { 0 } },
	/* odd charsets */
	{ "SELECT 'x' from t", "SELECT", ODD },
	{ " ( /* c */ select '\x95\x5c' or b", "select", ODD },
	{ "'x", "?", ODD },
	/* bytes that are no text */
	{ "select caf\xe9", "select caf_", { 0 } },
	{ "select `a\tb`", "select `a_b`", { 0 } },
	{ "select caf\xc3", "select caf...", TRUNCATED },
};

static void check_case(const struct sanitize_case *c, size_t row)
{
	char out[SQL_SANITIZED_CAP];
	struct bytes in = bytes_of(guard_copy(bytes_str(c->in)), strlen(c->in));
	size_t len = sql_sanitize(in, c->mode, out, sizeof(out));

	unit_context("row %zu: %s", row, c->in);
	CHECK_EQ(len, strlen(out));
	CHECK_STR(out, c->out);
}

/* What was sanitised once has nothing left to take away. */
static void check_again(const struct sanitize_case *c, size_t row)
{
	char once[SQL_SANITIZED_CAP], again[SQL_SANITIZED_CAP];
	struct sql_mode mode = { .ansi_quotes = c->mode.ansi_quotes };

	if (c->mode.odd_charset)
		return;
	unit_context("row %zu again: %s", row, c->in);
	sql_sanitize(bytes_str(c->in), c->mode, once, sizeof(once));
	sql_sanitize(bytes_str(once), mode, again, sizeof(again));
	CHECK_STR(again, once);
}

static void check_table(const struct sanitize_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_case(&cases[i], i);
		check_again(&cases[i], i);
		guard_release();
	}
}

TEST(sql_sanitize_does_what_is_specified)
{
	check_table(SPECIFIED, ARRAY_LEN(SPECIFIED));
}

TEST(sql_sanitize_cases)
{
	check_table(CASES, ARRAY_LEN(CASES));
}
