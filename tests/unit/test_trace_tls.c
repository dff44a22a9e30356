// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_tls.c - MySQL connections that turn to TLS, with their plain text and without; and
 * HTTP over TLS.
 */
#include "trace_mysql.h"

TEST(trace_tls_login_is_one_connect_span)
{
	struct bench b;
	struct db db = { .bench = &b, .ms = 20 };
	const struct request *r;
	const struct statement *s;

	bench_begin(&b, DB_SPANS_ALL);
	db_connect_tls(&db);
	db_query(&db, "SELECT 1");
	db_quit(&db);
	web_request(&b, 60, 5);
	r = bench_only(&b);
	if (!r || !CHECK_EQ(r->statement_count, 2))
		return;
	s = &r->statements[0];
	CHECK_EQ(s->kind, STATEMENT_CONNECT);
	/* from the greeting, which came in the open, to the answer to the login */
	CHECK_EQ(s->start_ns, NS(21));
	CHECK_EQ(s->end_ns, NS(25));
	CHECK(!s->failed);
	CHECK_STR(s->peer.user, "app");
	CHECK_STR(s->peer.database, "todo");
	CHECK_STR(s->peer.version, "10.11.19-MariaDB-0");
	s = &r->statements[1];
	CHECK_STR(s->sql, "SELECT 1");
	CHECK_STR(s->peer.user, "app");
	CHECK_EQ(r->flags, 0);
	CHECK_EQ(COUNTERS(&b)->encrypted, 1);
	bench_end(&b);
}

/* No library that is probed: the connection is counted, and no request waits for it. */
TEST(trace_tls_without_plain_text_is_counted)
{
	struct bench b;
	struct db db = { .bench = &b, .ms = 20 };
	const struct request *r;

	bench_begin(&b, DB_SPANS_ALL);
	db_ask_for_tls(&db);
	web_request(&b, 60, 2);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->statement_count, 0);
		CHECK_EQ(r->flags, 0);
	}
	CHECK_EQ(COUNTERS(&b)->encrypted, 1);
	bench_end(&b);
}

/* The library got its probes behind the login: what comes first is a statement, not the login. */
TEST(trace_tls_first_statement_behind_an_unread_login)
{
	struct bench b;
	struct db db = { .bench = &b, .ms = 20 };
	const struct request *r;

	bench_begin(&b, DB_SPANS_ALL);
	db_ask_for_tls(&db);
	db.flags |= BX_EX_TLS | BX_EX_MIDSTREAM;
	db_query(&db, "SET NAMES utf8mb4");
	db_query(&db, "SELECT 1");
	web_request(&b, 60, 4);
	r = bench_only(&b);
	if (!r || !CHECK_EQ(r->statement_count, 2))
		return;
	CHECK_STR(r->statements[0].sql, "SET NAMES utf8mb4");
	CHECK_STR(r->statements[1].sql, "SELECT 1");
	CHECK_EQ(r->flags, 0);
	bench_end(&b);
}

TEST(trace_tls_refused_login_is_a_fault)
{
	struct bench b;
	struct db db = { .bench = &b, .ms = 20 };
	const struct request *r;
	const struct statement *s;

	bench_begin(&b, DB_SPANS_APP);
	db_ask_for_tls(&db);
	db.flags |= BX_EX_TLS;
	/* what the client sent was withheld; the server's answer is there */
	db_exchange(&db, (struct stream){ 0 },
		    PACKETS(3, LIT("\xff\x15\x04#28000Access denied for user")), BX_EX_LOGIN);
	web_request(&b, 60, 3);
	r = bench_only(&b);
	if (!r || !CHECK_EQ(r->statement_count, 1))
		return;
	s = &r->statements[0];
	CHECK_EQ(s->kind, STATEMENT_CONNECT);
	CHECK(s->failed);
	CHECK_EQ(s->err_code, 1045);
	CHECK_STR(s->err_sqlstate, "28000");
	bench_end(&b);
}

TEST(trace_tls_requests_have_the_scheme_https)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = OWNER, .request = LITERAL(WEB_GET), .request_ms = 10,
		 .response = LITERAL(WEB_OK), .response_ms = 20, .flags = BX_EX_TLS);
	r = bench_only(&b);
	if (r)
		CHECK_STR(r->scheme, "https");
	bench_end(&b);
}
