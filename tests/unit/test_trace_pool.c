// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_pool.c - pools of threads behind pipelining connections (gunicorn's gthread): one
 * thread reads several heads, others answer. What each did is known by its answers alone.
 */
#include "trace_mysql.h"
#include "util/array.h"

#define TWO   "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
#define POOL  BENCH_THREAD /* the process */
#define OTHER 222

/* A query of thread @tid, which the kernel gave to nobody, 1 ms long. */
static void query(struct bench *b, uint64_t conn, uint32_t tid, double ms)
{
	EXCHANGE(b, .conn = conn, .seq = 9, .protocol = BX_PROTO_MYSQL, .tid = tid, .tgid = POOL,
		 .request = LITERAL("\x09\x00\x00\x00\x03SELECT 2"), .request_ms = ms,
		 .response = LITERAL("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
		 .response_ms = ms + 1, .flags = BX_EX_MIDSTREAM);
}

/* Two requests that POOL's first thread reads at @ms; that and OTHER answer after 5 and 10 ms. */
static void pair(struct bench *b, uint64_t conn, double ms)
{
	static const char answers[] = WEB_OK WEB_OK;

	EXCHANGE(b, .conn = conn, .tid = POOL, .request = LITERAL(TWO), .request_ms = ms,
		 .request_hands = { { 0, POOL } }, .response = LITERAL(answers),
		 .response_hands = { { 0, POOL }, { sizeof(WEB_OK) - 1, OTHER } },
		 .response_calls = { { sizeof(WEB_OK) - 1, ms + 5 },
				     { sizeof(answers) - 1, ms + 10 } });
}

/*
 * The machine has been up for long when the trace begins: what comes before the first tick is not
 * old.
 */
TEST(trace_pool_pipelined)
{
	static const double uptimes[] = { 0, 60000 };

	for (size_t i = 0; i < ARRAY_LEN(uptimes); i++) {
		double up = uptimes[i];
		struct bench b;

		unit_context("uptime %f ms", up);
		bench_begin(&b, DB_SPANS_APP);
		query(&b, 51, OTHER, up + 17);
		bench_tick(&b, up + 19);
		pair(&b, 1, up + 10);
		bench_settle(&b);
		if (CHECK_EQ(b.count, 2)) {
			CHECK_EQ(b.requests[0].tid, POOL);
			CHECK_EQ(b.requests[0].statement_count, 0);
			CHECK_EQ(b.requests[1].tid, OTHER);
			if (CHECK_EQ(b.requests[1].statement_count, 1))
				CHECK_STR(b.requests[1].statements[0].sql, "SELECT 2");
		}
		CHECK_EQ(COUNTERS(&b)->statements_unproven, 0);
		bench_end(&b);
	}
}

/*
 * POOL reads a request and half of the next one's head, answers the first, and serves another
 * connection; OTHER reads the rest and answers. Nobody served two at once.
 */
TEST(trace_pool_half_a_head)
{
	static const char both[] = "GET /a HTTP/1.1\r\n\r\nGET /b HT";
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .tid = POOL, .request = LITERAL(both), .request_ms = 10,
		 .request_hands = { { 0, POOL } }, .response = LITERAL(WEB_OK), .response_ms = 12,
		 .response_hands = { { 0, POOL } });
	EXCHANGE(&b, .conn = 51, .seq = 9, .protocol = BX_PROTO_MYSQL, .tid = POOL, .tgid = POOL,
		 .owner_conn = 2, .owner_seq = 1,
		 .request = LITERAL("\x09\x00\x00\x00\x03SELECT 2"), .request_ms = 15,
		 .response = LITERAL("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
		 .response_ms = 16, .flags = BX_EX_MIDSTREAM);
	EXCHANGE(&b, .conn = 1, .seq = 2, .tid = OTHER, .tgid = POOL,
		 .request = LITERAL("TP/1.1\r\n\r\n"), .request_ms = 13,
		 .request_hands = { { 0, OTHER } }, .flags = BX_EX_SNAPSHOT);
	EXCHANGE(&b, .conn = 2, .tid = POOL, .request = LITERAL("GET /c HTTP/1.1\r\n\r\n"),
		 .request_ms = 14, .request_hands = { { 0, POOL } }, .response = LITERAL(WEB_OK),
		 .response_ms = 20, .response_hands = { { 0, POOL } }, .children = 1);
	EXCHANGE(&b, .conn = 1, .seq = 2, .tid = OTHER, .tgid = POOL,
		 .request = LITERAL("TP/1.1\r\n\r\n"), .request_ms = 13,
		 .request_hands = { { 0, OTHER } }, .response = LITERAL(WEB_OK), .response_ms = 30,
		 .response_hands = { { 0, OTHER } });
	bench_settle(&b);
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 0);
	if (CHECK_EQ(b.count, 3))
		for (size_t i = 0; i < 3; i++) {
			bool c = !strcmp(b.requests[i].target, "/c");

			unit_context("%s", b.requests[i].target);
			CHECK_EQ(b.requests[i].flags, 0);
			CHECK_EQ(b.requests[i].statement_count, c);
			if (!strcmp(b.requests[i].target, "/b"))
				CHECK_EQ(b.requests[i].tid, OTHER);
		}
	bench_end(&b);
}

/*
 * A thread that answered a request which was read before the attach: what it did until then may
 * have been for that one, and is nobody's.
 */
TEST(trace_pool_strange_answers)
{
	static const struct {
		double strange_ms; /* the last byte of the strange answer */
		uint32_t tid;
		size_t statements;
	} table[] = {
		{ 12, OTHER, 1 }, /* before the statement */
		{ 18.5, OTHER, 0 },
		{ 18.5, POOL, 1 }, /* another thread */
		{ 30, OTHER, 1 },  /* after the request */
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct bench b;

		unit_context("row %zu", i);
		bench_begin(&b, DB_SPANS_APP);
		query(&b, 51, OTHER, 17);
		EXCHANGE(&b, .conn = 7, .tid = table[i].tid, .tgid = POOL, .opened_ms = 11,
			 .response = LITERAL(WEB_OK), .response_hands = { { 0, table[i].tid } },
			 .response_calls = { { 9, 11 },
					     { sizeof(WEB_OK) - 1, table[i].strange_ms } },
			 .flags = BX_EX_SNAPSHOT);
		pair(&b, 1, 10);
		bench_settle(&b);
		if (CHECK_EQ(b.count, 2))
			CHECK_EQ(b.requests[1].statement_count, table[i].statements);
		CHECK_EQ(COUNTERS(&b)->statements_unproven, !table[i].statements);
		CHECK_EQ(COUNTERS(&b)->begun_before, 1);
		bench_end(&b);
	}
}
