// SPDX-License-Identifier: Apache-2.0
/*
 * test_sql_kind.c - which statements are a driver's own, and what begins a statement at all.
 */
#include "unit.h"

#include "proto/sql.h"
#include "util/array.h"

struct kind_case {
	const char *in;
	enum sql_kind kind;
};

static const struct kind_case KINDS[] = {
	{ "SET NAMES utf8mb4", SQL_SESSION },
	{ "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_0900_ai_ci'", SQL_SESSION },
	{ "set character set utf8", SQL_SESSION },
	{ "set autocommit=0", SQL_SESSION },
	{ "SET AUTOCOMMIT = 0", SQL_SESSION },
	{ " /* x */ SET autocommit=1 ;", SQL_SESSION },
	{ "SET @@session.autocommit = OFF", SQL_SESSION },
	{ "SET @@session.sql_mode='ANSI'", SQL_SESSION },
	{ "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", SQL_OTHER },
	{ "SELECT @@session.sql_mode", SQL_SESSION },
	{ "select @@version_comment limit 1", SQL_SESSION },
	{ "SELECT @@a AS a, @@session.b AS b", SQL_SESSION },
	{ "SET @@global.x = 1", SQL_OTHER },
	{ "SET @@persist.x = 1", SQL_OTHER },
	{ "SET GLOBAL x = 1", SQL_OTHER },
	{ "SET NAMES utf8; DELETE FROM t", SQL_OTHER },
	{ "SET foreign_key_checks=0", SQL_OTHER },
	{ "SET @a = 1", SQL_OTHER },
	{ "SET PASSWORD = 'x'", SQL_OTHER },
	{ "SET", SQL_OTHER },
	{ "SELECT @@a FROM t", SQL_OTHER },
	{ "SELECT @@a, b", SQL_OTHER },
	{ "SELECT @a", SQL_OTHER },
	{ "COMMIT", SQL_COMMIT },
	{ "commit work;", SQL_COMMIT },
	{ "COMMIT AND CHAIN", SQL_OTHER },
	{ "COMMITTED", SQL_OTHER },
	{ "ROLLBACK", SQL_ROLLBACK },
	{ "-- x\nrollback work", SQL_ROLLBACK },
	{ "ROLLBACK TO SAVEPOINT `s1`", SQL_OTHER },
	{ "ROLLBACK TO s1", SQL_OTHER },
	{ "SAVEPOINT s1", SQL_OTHER },
	{ "RELEASE SAVEPOINT s1", SQL_OTHER },
	{ "BEGIN", SQL_BEGIN },
	{ "begin work", SQL_BEGIN },
	{ "BEGIN NOT ATOMIC SELECT 1; END", SQL_OTHER },
	{ "START TRANSACTION", SQL_BEGIN },
	{ "START TRANSACTION READ ONLY", SQL_BEGIN },
	{ "START TRANSACTION; DELETE FROM t", SQL_OTHER },
	{ "START SLAVE", SQL_OTHER },
	{ "SELECT VERSION()", SQL_PROBE },
	{ "\n  SELECT VERSION(),\n    @@sql_mode,\n    @@default_storage_engine,\n"
	  "    CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL\n",
	  SQL_PROBE },
	{ "SELECT VERSION() FROM t", SQL_OTHER },
	{ "SELECT VERSION() + 1", SQL_OTHER },
	{ "SELECT VERSION(), 1; DELETE FROM t", SQL_OTHER },
	{ "SET @_p_arg1='x'", SQL_CALLPROC_ARGS },
	{ "SET @_my_proc_arg12=f(1,2), @_my_proc_arg13 := NULL", SQL_CALLPROC_ARGS },
	{ "SET @_p_0=1,@_p_1='a,b'", SQL_CALLPROC_ARGS },
	{ "SET @`_p_0`='x'", SQL_CALLPROC_ARGS },
	{ "SET @_p_arg1=1, @other=2", SQL_OTHER },
	{ "SET @_p_arg=1", SQL_OTHER },
	{ "SET @_1=1", SQL_OTHER },
	{ "SELECT @_p_arg1, @_p_arg2", SQL_CALLPROC_ARGS },
	{ "SELECT @_db.p_arg1", SQL_CALLPROC_ARGS },
	{ "SELECT @_p_arg1, CAST(@_p_arg2 AS CHAR(10))", SQL_CALLPROC_ARGS },
	{ "SELECT @_p_arg1 AS p_arg1", SQL_CALLPROC_ARGS },
	{ "SELECT @_p_arg1 AS p_arg1,  CAST(@_p_arg2 AS CHAR) AS p_arg2", SQL_CALLPROC_ARGS },
	{ "SELECT @_p_arg1 AS p_arg1 FROM t", SQL_OTHER },
	{ "SELECT @_p_arg1 FROM t", SQL_OTHER },
	{ "SELECT 1", SQL_OTHER },
	{ "(SELECT VERSION())", SQL_OTHER },
	{ "INSERT INTO t VALUES (1)", SQL_OTHER },
	{ "", SQL_OTHER },
	{ "/* open", SQL_OTHER },
	{ "SET NAMES 'open", SQL_OTHER },
};

TEST(sql_kind_cases)
{
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
		struct bytes in = bytes_str(KINDS[i].in);

		unit_context("%s", KINDS[i].in);
		CHECK_EQ(sql_kind(bytes_of(guard_copy(in), in.len)), KINDS[i].kind);
		guard_release();
	}
}

TEST(sql_looks_like_statement_cases)
{
	static const struct {
		const char *in;
		bool yes;
	} cases[] = {
		{ "select 1", true },
		{ " \n SELECT", true },
		{ "((select 1) union (select 2))", true },
		{ "/* c */ -- d\n# e\n insert into t", true },
		{ "/*!40101 SET NAMES utf8 */", true },
		{ "/*M!100100 SET x=1 */", true },
		{ "COMMIT", true },
		{ "xa start 'x'", true },
		{ "selects", false },
		{ "select1", false },
		{ "hello", false },
		{ "", false },
		{ "(", false },
		{ "/* select", false },
		{ "'select'", false },
		{ "`select`", false },
		{ "GET / HTTP/1.1", false },
		{ "5 select", false },
		{ "@select", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bytes in = bytes_str(cases[i].in);

		unit_context("%s", cases[i].in);
		CHECK_EQ(sql_looks_like_statement(bytes_of(guard_copy(in), in.len)), cases[i].yes);
	}
}
