// SPDX-License-Identifier: Apache-2.0
/* test_compare_calls.c - the same for the calls to a database: pairing by time, texts, versions. */
#include "unit.h"

#include <stdio.h>

#include "compare_fixture.h"
#include "util/array.h"

/* The SDK's call in text, ours, and what comes of them. */
struct text_row {
	const char *sdk, *ours;
	enum reason reason;
	unsigned int count;
};

static const struct text_row texts[] = {
	{ "COMMIT", "COMMIT", REASON_NONE, 0 },
	{ "SELECT %s", "SELECT ?", REASON_SQL_FORM, 1 },
	{ "SELECT  a\\n FROM t LIMIT 21", "SELECT a FROM t LIMIT ?", REASON_SQL_FORM, 1 },
	{ "INSERT INTO t (a, b) VALUES (%s, %s)", "INSERT INTO t (a, b) VALUES (?)",
	  REASON_SQL_FORM, 1 },
	{ "INSERT INTO t (a, b) VALUES (%s, %s)", "INSERT INTO t (a, b) VALUES (?, NULL)",
	  REASON_SQL_FORM, 1 },
	{ "SELECT a FROM seq_1_to_%s", "SELECT a FROM seq_1_to_2000", REASON_SQL_FORM, 1 },
	{ "SELECT '10%%' FROM t", "SELECT ? FROM t", REASON_SQL_FORM, 1 },
	{ "SELECT a FROM t WHERE b = %s", "SELECT a FROM t WH...", REASON_SQL_CUT, 1 },
	{ "todo_count", "CALL todo_count(@_todo_count_arg1)", REASON_MANY, 1 },
	{ "todo_count", "CALL `todo_count`(@`_todo_count_0`)", REASON_MANY, 1 },
	{ "todo_count", "CALL `todo_count(?)", REASON_NONE, 1 },
	{ "SELECT %s", "SELECT a", REASON_NONE, 1 },
	{ "SELECT a FROM t1", "SELECT a FROM t2", REASON_NONE, 1 },
	{ "SELECT a FROM t", "SELECT a FROM t WHERE b = ?", REASON_NONE, 1 },
	{ "SELECT NULLIF(a, b)", "SELECT ?(a, b)", REASON_NONE, 1 },
	{ "todo_count", "CALL todo_counts(?)", REASON_NONE, 1 },
};

TEST(compare_statement_texts)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char sdk[1024], ours[1024];
		struct comparison one;

		unit_context("row %zu: %s | %s", i, texts[i].sdk, texts[i].ours);
		snprintf(sdk, sizeof(sdk),
			 SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11,
				 INSIDE(CALL("c", "s", 10.1, 10.3, SQL("%s")))),
			 texts[i].sdk);
		snprintf(ours, sizeof(ours),
			 SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11,
				 INSIDE(CALL("d", "o", 10.15, 10.25, SQL("%s")))),
			 texts[i].ours);
		compare(&one, sdk, ours);
		CHECK_EQ(one.calls.paired, 1);
		CHECK_EQ(one.reasons[texts[i].reason], texts[i].count);
		CHECK_EQ(documented(&one) + one.reasons[REASON_NONE], texts[i].count);
		comparison_clear(&one);
	}
}

#define SERVED(pid, tid) ",\"metadata\":{\"bpfxray\":{\"pid\":" #pid ",\"tid\":" #tid "}}"

/* The SDK gives a call from 10.4 on the text of another request's; its request did nothing since
 * 10.2.
 */
#define RACE(other)                                                                                \
	{                                                                                          \
		SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11,                                    \
			INSIDE(CALL("b", "s", 10.1, 10.2, SQL("SELECT a")) "," CALL(               \
				"c", "s", 10.4, 10.5, SQL("SELECT b WHERE c = %s")))),             \
			SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11,                            \
				INSIDE(CALL("x", "o", 10.1, 10.2, SQL("SELECT a")) "," CALL(       \
					"d", "o", 10.4, 10.5, SQL("SELECT a"))) SERVED(7, 8))      \
				other                                                              \
	}
/* The other request has the statement from @from on, and did nothing since @since. */
#define OTHER(since, from, text, pid, tid)                                                         \
	SEGMENT("p", TRACE_B, "http://h/p", 400, since, 99,                                        \
		INSIDE(CALL("e", "p", from, 99, SQL(text))) SERVED(pid, tid))

static const struct {
	const char *what;
	const char *files[2];
	bool excused;
} races[] = {
	{ "both begin at one time", RACE(OTHER(10, 10.4, "SELECT b WHERE c = ?", 7, 9)), true },
	/* its thread put the text down, and had the CPU again a second later */
	{ "sent late", RACE(OTHER(10.3, 11.5, "SELECT b WHERE c = ?", 7, 9)), true },
	{ "sent while this one had not begun", RACE(OTHER(10, 10.3, "SELECT b WHERE c = ?", 7, 9)),
	  true },
	{ "sent before this one's last call was over",
	  RACE(OTHER(10, 10.15, "SELECT b WHERE c = ?", 7, 9)), false },
	{ "begun when this one was sent", RACE(OTHER(10.4, 10.41, "SELECT b WHERE c = ?", 7, 9)),
	  false },
	{ "another process", RACE(OTHER(10, 10.4, "SELECT b WHERE c = ?", 6, 9)), false },
	{ "the same thread", RACE(OTHER(10, 10.4, "SELECT b WHERE c = ?", 7, 8)), false },
	{ "another text", RACE(OTHER(10, 10.4, "SELECT b WHERE d = ?", 7, 9)), false },
	{ "nobody", RACE(""), false },
};

/* The SDK wrote what another thread was about to send: only that excuses the text. */
TEST(compare_text_of_a_concurrent_call)
{
	for (size_t i = 0; i < sizeof(races) / sizeof(*races); i++) {
		struct comparison one;

		unit_context("%s", races[i].what);
		compare(&one, races[i].files[0], races[i].files[1]);
		CHECK_EQ(one.reasons[REASON_SDK_RACE], races[i].excused);
		CHECK_EQ(comparison_undocumented(&one), !races[i].excused);
		comparison_clear(&one);
	}
}

static const struct text_row versions[] = {
	{ "8.0.36", "8.0.36", REASON_NONE, 0 },
	{ "8.0.36", "8.0.36-0ubuntu1", REASON_DB_VERSION, 1 },
	{ "5.5.5", "10.11.19-MariaDB-log", REASON_DB_VERSION, 1 },
	{ "5.5.5-10.11.19-MariaDB-log", "10.11.19-MariaDB-log", REASON_DB_VERSION, 1 },
	{ "5.5.5-10.11.18-MariaDB", "10.11.19-MariaDB", REASON_NONE, 1 },
	{ "5.5.5", "8.0.36", REASON_NONE, 1 },
	{ "8.0.3", "8.0.36", REASON_NONE, 1 },
	{ "8.0", "8.0.36", REASON_NONE, 1 },
};

#define VERSION(text) ",\"sql\":{\"database_version\":\"" text "\"}"

TEST(compare_database_versions)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		char sdk[1024], ours[1024];
		struct comparison one;

		unit_context("row %zu: %s | %s", i, versions[i].sdk, versions[i].ours);
		snprintf(sdk, sizeof(sdk),
			 SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11,
				 INSIDE(CALL("c", "s", 10.1, 10.3, VERSION("%s")))),
			 versions[i].sdk);
		snprintf(ours, sizeof(ours),
			 SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11,
				 INSIDE(CALL("d", "o", 10.15, 10.25, VERSION("%s")))),
			 versions[i].ours);
		compare(&one, sdk, ours);
		CHECK_EQ(one.reasons[versions[i].reason], versions[i].count);
		CHECK_EQ(documented(&one) + one.reasons[REASON_NONE], versions[i].count);
		comparison_clear(&one);
	}
}

static const struct text_row names[] = {
	{ "db", "db", REASON_NONE, 0 },
	{ "execute", "db.example", REASON_DB_NAME, 1 },
	{ "callproc", "10.0.0.7", REASON_DB_NAME, 1 },
	{ "db", "db.internal.example", REASON_DB_NAME, 1 },
	{ "db.example", "10.0.0.7", REASON_DB_NAME, 1 },
	{ "127.0.0.1", "localhost", REASON_DB_NAME, 1 },
	{ "db", "dbx.example", REASON_NONE, 1 },
	{ "db.example", "db", REASON_NONE, 1 },
	{ "10.0.0.8", "10.0.0.7", REASON_NONE, 1 },
};

#define NAMED(id, parent, name)                                                                    \
	INSIDE("{\"id\":\"" id "\",\"name\":\"" name "\",\"parent_id\":\"" parent                  \
	       "\",\"start_time\":10.1,\"end_time\":10.2,\"type\":\"subsegment\","                 \
	       "\"namespace\":\"remote\",\"sql\":{}}")

TEST(compare_database_names)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char sdk[1024], ours[1024];
		struct comparison one;

		unit_context("row %zu: %s | %s", i, names[i].sdk, names[i].ours);
		snprintf(sdk, sizeof(sdk),
			 SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11, NAMED("c", "s", "%s")),
			 names[i].sdk);
		snprintf(ours, sizeof(ours),
			 SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11, NAMED("d", "o", "%s")),
			 names[i].ours);
		compare(&one, sdk, ours);
		CHECK_EQ(one.calls.paired, 1);
		CHECK_EQ(one.reasons[names[i].reason], names[i].count);
		CHECK_EQ(documented(&one) + one.reasons[REASON_NONE], names[i].count);
		comparison_clear(&one);
	}
}

/* Django's subsegment, the driver's inside of it, and the second alone in a datagram: two calls. */
TEST(compare_nested_and_independent_subsegments)
{
	struct comparison one;

	compare(&one,
		SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11,
			INSIDE(CALL("c1", "s", 10.1, 10.4,
				    SQL("SELECT %s") INSIDE(CALL("c2", "c1", 10.2, 10.3,
								 ",\"sql\":{\"user\":\"todo\"}")))))
			CALL("c4", "c3", 10.6, 10.7, ",\"sql\":{\"user\":\"todo\"}") "\n" CALL(
				"c3", "s", 10.5, 10.8, SQL("SELECT %s")) "\n",
		SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11,
			INSIDE(CALL("d1", "o", 10.2, 10.3,
				    ",\"sql\":{\"sanitized_query\":\"SELECT "
				    "?\",\"user\":\"todo\"}") "," CALL("d2", "o", 10.6, 10.7,
								       ",\"sql\":{\"sanitized_"
								       "query\":\"SELECT "
								       "?\",\"user\":"
								       "\"todo\"}"))));
	CHECK_EQ(one.sdk.orphans, 0);
	CHECK_EQ(one.calls.sdk, 2);
	CHECK_EQ(one.calls.paired, 2);
	CHECK_EQ(one.reasons[REASON_SQL_FORM], 2);
	CHECK_EQ(comparison_undocumented(&one), 0);
	comparison_clear(&one);
}

TEST(compare_calls_without_partner)
{
	struct comparison one;

	compare(&one,
		SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11,
			INSIDE(CALL("c1", "s", 10.1, 10.2, SQL("SELECT a")) "," CALL(
				"c2", "s", 10.3, 10.4,
				SQL("SELECT b") ",\"fault\":true") "," CALL("c3", "s", 10.5, 10.6,
									    ""))),
		SEGMENT("o", TRACE_A, "http://h/", 200, 10, 12,
			INSIDE(CALL("d1", "o", 10.7, 10.8, SQL("SELECT c")) "," CALL(
				"d2", "o", 10.8, 10.9,
				SQL("SET NAMES utf8mb4")) "," CALL("d3", "o", 11.1, 11.2,
								   SQL("SELECT d")))));
	CHECK_EQ(one.calls.only_sdk, 3);
	CHECK_EQ(one.calls.only_ours, 3);
	CHECK_EQ(one.reasons[REASON_UNSENT], 1);
	CHECK_EQ(one.reasons[REASON_NOT_SQL], 1);
	CHECK_EQ(one.reasons[REASON_SESSION], 1);
	CHECK_EQ(one.reasons[REASON_LATER], 1);
	CHECK_EQ(comparison_undocumented(&one), 2);
	comparison_clear(&one);
}

TEST(compare_statement_that_outlasts_the_drivers_call)
{
	struct comparison one;

	compare(&one,
		SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11,
			INSIDE(CALL("c", "s", 10.1, 10.3, SQL("SELECT a")))),
		SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11,
			INSIDE(CALL("d", "o", 10.1, 10.4, SQL("SELECT a")))));
	CHECK_EQ(comparison_undocumented(&one), 1);
	CHECK_STR(one.findings[0].field, "times (ours inside theirs)");
	comparison_clear(&one);
}
