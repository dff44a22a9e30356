// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_sender.c - whose a statement is by the thread that has sent it: several threads in one
 * exchange, and a thread that serves more than requests.
 */
#include "trace_mysql.h"
#include "util/array.h"

#define CLOSE	  "\x05\x00\x00\x00\x19\x01\x00\x00\x00"
#define QUERY	  "\x09\x00\x00\x00\x03SELECT 1"
#define CLOSE_LEN (sizeof(CLOSE) - 1)

/* The request on @conn, and a query of thread @tid behind a one-way command of the request's own.
 */
static void web_with_query(struct bench *b, uint64_t conn, uint32_t tid)
{
	EXCHANGE(b, .conn = 50, .seq = 9, .protocol = BX_PROTO_MYSQL, .owner_conn = conn,
		 .owner_seq = 1, .request = LITERAL(CLOSE QUERY), .request_ms = 15,
		 .request_hands = { { 0, BENCH_THREAD }, { CLOSE_LEN, tid } },
		 .response = LITERAL("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
		 .response_ms = 16, .flags = BX_EX_MIDSTREAM);
	EXCHANGE(b, .conn = conn, .request = LITERAL(WEB_GET), .request_ms = 10,
		 .response = LITERAL(WEB_OK), .response_ms = 20, .children = 1,
		 .flags = BX_EX_CLOSED_LOCAL);
}

/* A connection that goes back to its pool behind a one-way command, and is taken at once. */
TEST(trace_sender_behind_a_one_way_command)
{
	static const struct {
		uint32_t tid;
		size_t statements;
	} table[] = { { BENCH_THREAD, 1 }, { 777, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct bench b;

		unit_context("the query is of thread %u", table[i].tid);
		bench_begin(&b, DB_SPANS_APP);
		web_with_query(&b, 1, table[i].tid);
		bench_settle(&b);
		if (CHECK_EQ(b.count, 1))
			CHECK_EQ(b.requests[0].statement_count, table[i].statements);
		CHECK_EQ(COUNTERS(&b)->statements_unproven, !table[i].statements);
		CHECK_EQ(COUNTERS(&b)->children_missing, 0);
		bench_end(&b);
	}
}

/* A thread that serves a WebSocket, too, may query for that while it serves a request. */
TEST(trace_sender_beside_a_websocket)
{
	for (int closed = 0; closed < 2; closed++) {
		struct bench b;

		unit_context("closed before %d", closed);
		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = 1,
			 .request = LITERAL("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
			 .request_ms = 2,
			 .response = LITERAL("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
			 .response_ms = 3, .flags = closed ? BX_EX_CLOSED_PEER : BX_EX_SNAPSHOT);
		web_with_query(&b, 2, BENCH_THREAD);
		bench_settle(&b);
		if (CHECK_EQ(b.count, 2))
			CHECK_EQ(b.requests[1].statement_count, closed);
		CHECK_EQ(COUNTERS(&b)->statements_unproven, !closed);
		bench_end(&b);
	}
}
