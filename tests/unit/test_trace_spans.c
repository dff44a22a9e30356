// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_spans.c - --db-spans: which round trips become statements, and what the connect span
 * covers.
 */
#include "trace_mysql.h"

#include <stdio.h>

#include "util/array.h"

/*
 * A new connection as mysql.connector under Django opens it, then a transaction with a ping before
 * it.
 */
static void conversation(struct db *db)
{
	static const uint8_t execute[] = { 0x17, 5, 0, 0, 0, 0, 1, 0, 0, 0 };

	db_connect(db, 0);			      /* 20 .. 23 */
	db_query(db, "SET NAMES 'utf8mb4'");	      /* 24 .. 25 */
	db_query(db, "set autocommit=0");	      /* 26 .. 27 */
	db_query(db, "SELECT VERSION(), @@sql_mode"); /* 28 .. 29 */
	db_query(db, "set autocommit=1");	      /* 30 .. 31 */
	db_exchange(db, PACKETS(0, LIT("\x0e")), PACKETS(1, OK), 0);
	db_query(db, "INSERT INTO todo VALUES (1)"); /* 34 */
	db_exchange(db, PACKETS(0, LIT("\x16SELECT a FROM t")),
		    PACKETS(1, PREPARED("\x00", "\x00")), 0); /* 36 */
	db_exchange(db, PACKETS(0, bytes_of(execute, sizeof(execute))), PACKETS(1, OK), 0);
	db_exchange(db, PACKETS(0, LIT("\x16SELECT b FROM")), PACKETS(1, ERR), 0); /* 40 */
	db_query(db, "COMMIT");							   /* 42 */
	db_query(db, "ROLLBACK");						   /* 44 */
	db_quit(db);
}

struct table {
	enum db_spans spans;
	const char *commands; /* of the statements, each with a blank behind it */
	uint64_t filtered;
};

TEST(trace_spans_table)
{
	static const struct table table[] = {
		{ DB_SPANS_ALL,
		  "connect query query query query ping query prepare execute prepare query query ",
		  0 },
		{ DB_SPANS_APP, "connect query query execute prepare query query ", 5 },
		{ DB_SPANS_SDK, "query query execute prepare ", 8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char commands[256] = "";
		size_t len = 0;
		struct bench b;
		struct db db = { .bench = &b, .ms = 20 };
		const struct request *r;

		unit_context("spans %d", table[i].spans);
		bench_begin(&b, table[i].spans);
		conversation(&db);
		web_request(&b, 60, 14);
		r = bench_only(&b);
		for (size_t n = 0; r && n < r->statement_count; n++)
			len += (size_t)snprintf(commands + len, sizeof(commands) - len, "%s ",
						r->statements[n].command);
		CHECK_STR(commands, table[i].commands);
		CHECK_EQ(COUNTERS(&b)->statements_filtered, table[i].filtered);
		CHECK_EQ(COUNTERS(&b)->statements_unproven, 0);
		bench_end(&b);
	}
}

/* `app`: from connect() over the set-up that follows directly, and not over what comes later. */
TEST(trace_spans_connect_covers_set_up)
{
	struct bench b;
	struct db db = { .bench = &b, .ms = 20 };
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	conversation(&db);
	web_request(&b, 60, 14);
	r = bench_only(&b);
	if (r && CHECK(r->statement_count > 1)) {
		CHECK_EQ(r->statements[0].kind, STATEMENT_CONNECT);
		CHECK_EQ(r->statements[0].end_ns, NS(27));
		CHECK_EQ(r->statements[1].start_ns, NS(28));
	}
	bench_end(&b);
}

/* A connection that is opened, set up and left open: the span goes with its request. */
TEST(trace_spans_connect_alone)
{
	struct bench b;
	struct db db = { .bench = &b, .ms = 20 };
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	db_connect(&db, 0);
	db_query(&db, "SET NAMES utf8mb4");
	web_request(&b, 60, 3);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 1)) {
		CHECK_EQ(r->statements[0].end_ns, NS(25));
		CHECK(!r->statements[0].incomplete);
	}
	/* what the next request does with it is its own */
	db_query(&db, "SET autocommit=1");
	CHECK_EQ(COUNTERS(&b)->statements_filtered, 2);
	bench_end(&b);
}

/* A connection opened outside of any request has no parent; its later statements may. */
TEST(trace_spans_connect_outside_of_requests)
{
	struct bench b;
	struct db db = { .bench = &b, .ms = 2, .unowned = true };
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	db_connect(&db, 0);
	db.unowned = false;
	db.ms = 20;
	db_query(&db, "SELECT 1");
	web_request(&b, 60, 1);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 1)) {
		CHECK_STR(r->statements[0].sql, "SELECT 1");
		CHECK_STR(r->statements[0].peer.user, "app");
	}
	bench_settle(&b);
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 1);
	bench_end(&b);
}
