// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_owner.c - which statement belongs to which request: the proof, the wait for late
 * records, and what is counted when there is no proof.
 */
#include "trace_mysql.h"
#include "util/array.h"

#define TWO "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"

/* A query of its own connection, proven MySQL by the strict rule, 1 ms long. */
static void query(struct bench *b, uint64_t conn, uint64_t owner, double ms, uint32_t flags)
{
	EXCHANGE(b, .conn = conn, .seq = 9, .protocol = BX_PROTO_MYSQL, .owner_conn = owner,
		 .owner_seq = owner ? 1 : 0, .request = LITERAL("\x09\x00\x00\x00\x03SELECT 1"),
		 .request_ms = ms,
		 .response = LITERAL("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
		 .response_ms = ms + 1, .flags = BX_EX_MIDSTREAM | flags);
}

static void web_told(struct bench *b, uint64_t conn, double from_ms, double to_ms,
		     uint32_t children, uint32_t flags)
{
	EXCHANGE(b, .conn = conn, .request = LITERAL(WEB_GET), .request_ms = from_ms,
		 .response = LITERAL(WEB_OK), .response_ms = to_ms, .children = children,
		 .flags = flags);
}

static void web(struct bench *b, uint64_t conn, double from_ms, double to_ms, uint32_t children)
{
	web_told(b, conn, from_ms, to_ms, children, BX_EX_CLOSED_LOCAL);
}

TEST(trace_owner_statement_before_and_after_its_request)
{
	struct bench b;

	for (int after = 0; after < 2; after++) {
		unit_context("after %d", after);
		bench_begin(&b, DB_SPANS_APP);
		if (!after)
			query(&b, 50, 1, 15, 0);
		web(&b, 1, 10, 20, 1);
		CHECK_EQ(b.count, !after);
		if (after)
			query(&b, 50, 1, 15, 0);
		bench_tick(&b, 30);
		if (CHECK_EQ(b.count, 1)) {
			CHECK_EQ(b.requests[0].statement_count, 1);
			CHECK_EQ(b.requests[0].flags, 0);
		}
		bench_end(&b);
	}
}

/* A child that turned out to be no MySQL is not waited for, and not missed. */
TEST(trace_owner_child_is_disowned)
{
	struct bench b;

	for (int told = 0; told < 2; told++) {
		unit_context("told before %d", told);
		bench_begin(&b, DB_SPANS_APP);
		if (told)
			query(&b, 50, 1, 15, BX_EX_SNAPSHOT);
		bench_fragment(&b, 50, 9, 0, 4000, 0, LITERAL("of something else"));
		EXCHANGE(&b, .conn = 50, .seq = 9, .protocol = BX_PROTO_OTHER,
			 .role = BX_ROLE_CLIENT, .owner_conn = 1, .owner_seq = 1,
			 .request_total = 5000, .request_ms = 15, .response_total = 12,
			 .response_ms = 16, .flags = BX_EX_MIDSTREAM);
		web(&b, 1, 10, 20, 1);
		bench_only(&b);
		CHECK_EQ(COUNTERS(&b)->children_missing, 0);
		CHECK_EQ(COUNTERS(&b)->fragments_orphaned, 0);
		bench_end(&b);
	}
}

/* The kernel counts a statement behind the answer, which is told when it is over. */
TEST(trace_owner_waits_for_what_is_under_way)
{
	struct bench b;

	for (int comes = 0; comes < 2; comes++) {
		bench_begin(&b, DB_SPANS_APP);
		bench_tick(&b, 9000);
		web_told(&b, 1, 10, 20, 1, BX_EX_SNAPSHOT);
		bench_tick(&b, 9050);
		bench_tick(&b, 9200);
		web_told(&b, 1, 10, 20, 2, BX_EX_SNAPSHOT);
		bench_tick(&b, 9400);
		CHECK_EQ(b.count, 0);
		if (comes) {
			query(&b, 51, 1, 16, 0);
			query(&b, 52, 1, 17, 0);
		}
		bench_tick(&b, 9451);
		if (CHECK_EQ(b.count, 1))
			CHECK_EQ(b.requests[0].flags, comes ? 0 : REQUEST_CHILDREN_MISSING);
		bench_end(&b);
	}
}

TEST(trace_owner_wait_is_bounded)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	bench_tick(&b, 9000);
	query(&b, 50, 1, 15, 0);
	web(&b, 1, 10, 20, 3);
	bench_tick(&b, 9100); /* the reader was late: the wait begins here */
	bench_tick(&b, 9300);
	CHECK_EQ(b.count, 0);
	bench_tick(&b, 9351);
	if (CHECK_EQ(b.count, 1)) {
		CHECK_EQ(b.requests[0].flags, REQUEST_CHILDREN_MISSING);
		CHECK_EQ(b.requests[0].children_seen, 3);
		CHECK_EQ(b.requests[0].statement_count, 1);
	}
	CHECK_EQ(COUNTERS(&b)->children_missing, 2);
	/* too late: there is nobody to give it to */
	query(&b, 51, 1, 16, 0);
	bench_settle(&b);
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 1);
	bench_end(&b);
}

/* The last statement of a pooled connection is open in the kernel until a snapshot of it comes. */
TEST(trace_owner_statement_finished_by_a_snapshot)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	web(&b, 1, 10, 20, 1);
	bench_tick(&b, 25);
	query(&b, 50, 1, 15, BX_EX_SNAPSHOT);
	bench_tick(&b, 75);
	if (CHECK_EQ(b.count, 1))
		CHECK_EQ(b.requests[0].statement_count, 1);
	bench_end(&b);
}

TEST(trace_owner_not_proven)
{
	static const struct {
		const char *why;
		uint64_t owner;
		uint32_t tid;
		double ms;
		uint32_t flags;
	} table[] = {
		{ "another thread", 1, 777, 15, 0 },
		{ "before the request", 1, 0, 9, 0 },
		{ "after the answer", 1, 0, 20.5, 0 },
		{ "nobody's", 0, 0, 15, 0 },
		{ "a multiplexing thread", 1, 0, 15, BX_EX_MULTIPLEX },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct bench b;

		unit_context("%s", table[i].why);
		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = 50, .seq = 9, .protocol = BX_PROTO_MYSQL,
			 .owner_conn = table[i].owner, .owner_seq = !!table[i].owner,
			 .tid = table[i].tid, .request = LITERAL("\x09\x00\x00\x00\x03SELECT 1"),
			 .request_ms = table[i].ms,
			 .response = LITERAL("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
			 .response_ms = table[i].ms + 1, .flags = BX_EX_MIDSTREAM | table[i].flags);
		web(&b, 1, 10, 20, 0);
		bench_settle(&b);
		if (CHECK_EQ(b.count, 1))
			CHECK_EQ(b.requests[0].statement_count, 0);
		CHECK_EQ(COUNTERS(&b)->statements_unproven, 1);
		bench_end(&b);
	}
}

/*
 * Two requests open on one thread: from the second head on nothing is proven; what was earlier is.
 */
TEST(trace_owner_multiplexing_thread)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	query(&b, 50, 1, 12, 0);
	/*
	 * the thread reads another head while request 1 has half an answer: a snapshot of it comes
	 * first
	 */
	EXCHANGE(&b, .conn = 1, .request = LITERAL(WEB_GET), .request_ms = 10,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
		 .response_ms = 14, .children = 1, .flags = BX_EX_SNAPSHOT);
	query(&b, 51, 2, 16, 0);
	web(&b, 2, 15, 18, 1);
	web(&b, 1, 10, 20, 1);
	/* and a third one long after: the thread stays what it is */
	query(&b, 52, 3, 32, 0);
	web(&b, 3, 30, 35, 1);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 3)) {
		CHECK_EQ(b.requests[0].statement_count, 0);
		CHECK_EQ(b.requests[1].statement_count, 1);
		CHECK_EQ(b.requests[2].statement_count, 0);
		CHECK_EQ(b.requests[2].flags, REQUEST_MULTIPLEXED);
	}
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 2);
	bench_end(&b);
}

/* The same found out late: the long request's records come when the short one is gone. */
TEST(trace_owner_overlap_seen_late)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	web(&b, 2, 15, 18, 0);
	query(&b, 50, 1, 12, 0);
	query(&b, 51, 1, 16, 0);
	web(&b, 1, 10, 20, 2);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 2))
		CHECK_EQ(b.requests[1].statement_count, 1);
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 1);
	bench_end(&b);
}

/* Requests one after another on one thread, over several connections, are no overlap. */
TEST(trace_owner_one_after_another)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	for (uint64_t i = 0; i < 5; i++) {
		query(&b, 50 + i, 1 + i, 11 + 10.0 * (double)i, 0);
		web(&b, 1 + i, 10 + 10.0 * (double)i, 20 + 10.0 * (double)i, 1);
	}
	if (CHECK_EQ(b.count, 5))
		CHECK_EQ(b.requests[4].statement_count, 1);
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 0);
	bench_end(&b);
}

/*
 * Pipelining on one connection: each statement goes to the earliest request without an answer at
 * its time.
 */
TEST(trace_owner_pipelined)
{
	static const char answers[] = WEB_OK WEB_OK;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	query(&b, 50, 1, 12, 0);
	query(&b, 51, 1, 17, 0);
	query(&b, 52, 1, 18, 0);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(TWO), .request_ms = 10,
		 .response = LITERAL(answers), .children = 3,
		 .response_calls = { { sizeof(WEB_OK) - 1, 15 }, { sizeof(answers) - 1, 20 } });
	bench_settle(&b);
	if (CHECK_EQ(b.count, 2)) {
		CHECK_EQ(b.requests[0].statement_count, 1);
		CHECK_EQ(b.requests[1].statement_count, 2);
	}
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 0);
	bench_end(&b);
}

/* A request that goes on in the next exchange (100-continue) owns what is under either. */
TEST(trace_owner_over_two_exchanges)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request_ms = 10, .children = 1,
		 .request = LITERAL(
			 "POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"),
		 .response = LITERAL("HTTP/1.1 100 Continue\r\n\r\n"), .response_ms = 12);
	query(&b, 50, 1, 11, 0);
	EXCHANGE(&b, .conn = 51, .seq = 9, .protocol = BX_PROTO_MYSQL, .owner_conn = 1,
		 .owner_seq = 2, .request = LITERAL("\x09\x00\x00\x00\x03SELECT 2"),
		 .request_ms = 15,
		 .response = LITERAL("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
		 .response_ms = 16, .flags = BX_EX_MIDSTREAM);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL("x"), .request_ms = 14,
		 .response = LITERAL(WEB_OK), .response_ms = 20, .children = 1);
	if (CHECK_EQ(b.count, 1)) {
		CHECK_EQ(b.requests[0].statement_count, 2);
		CHECK_EQ(b.requests[0].children_seen, 2);
		CHECK_STR(b.requests[0].statements[1].sql, "SELECT 2");
	}
	bench_end(&b);
}

/*
 * The client has gone away, the handler has not: what it asks the database still belongs to its
 * request.
 */
TEST(trace_owner_of_an_aborted_request)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	query(&b, 50, 1, 30, 0);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(WEB_GET), .request_ms = 10, .children = 1,
		 .closed_ms = 25, .flags = BX_EX_CLOSED_PEER);
	if (CHECK_EQ(b.count, 1)) {
		CHECK_EQ(b.requests[0].statement_count, 1);
		CHECK_EQ(b.requests[0].end_ns, NS(31));
		CHECK_EQ(b.requests[0].flags, REQUEST_NO_RESPONSE | REQUEST_ABORTED);
	}
	bench_end(&b);
}

/*
 * Over unix sockets nobody tells when a response without a length has ended: that the thread went
 * on to the next request is no proof of two at once, until the sweep has found out.
 */
TEST(trace_owner_unix_until_close)
{
	const struct bench_exchange open = { .conn = 1,
					     .family = 1,
					     .request = LITERAL(WEB_GET),
					     .request_ms = 10,
					     .response = LITERAL("HTTP/1.0 200 OK\r\n\r\nabc"),
					     .response_ms = 14,
					     .flags = BX_EX_SNAPSHOT };
	struct bench b;

	for (int found = 0; found < 2; found++) {
		unit_context("found %d", found);
		bench_begin(&b, DB_SPANS_APP);
		bench_exchange(&b, &open);
		query(&b, 50, 2, 22, 0);
		web(&b, 2, 20, 30, 1);
		bench_tick(&b, 40);
		CHECK_EQ(b.count, 0);
		if (found)
			bench_same(&b, &open, BX_EX_CLOSED_LOCAL);
		bench_tick(&b, 300);
		CHECK_EQ(b.count, 1 + found);
		CHECK_EQ(b.requests[found].statement_count, found);
		bench_end(&b);
	}
}

TEST(trace_owner_failed_connect)
{
	static const struct {
		uint16_t port;
		enum db_spans spans;
		size_t statements;
	} table[] = {
		{ 3306, DB_SPANS_APP, 1 },
		{ 3306, DB_SPANS_ALL, 1 },
		{ 3306, DB_SPANS_SDK, 0 },
		{ 6379, DB_SPANS_ALL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct bench b;

		unit_context("port %d spans %d", table[i].port, table[i].spans);
		bench_begin(&b, table[i].spans);
		EXCHANGE(&b, .conn = 50, .protocol = BX_PROTO_OTHER, .role = BX_ROLE_CLIENT,
			 .peer = 0x7f000001, .peer_port = table[i].port, .owner_conn = 1,
			 .owner_seq = 1, .connect_ms = 12, .opened_ms = 14, .error = 111,
			 .flags = BX_EX_CONNECT_FAILED);
		web(&b, 1, 10, 20, 1);
		if (CHECK_EQ(b.count, 1) &&
		    CHECK_EQ(b.requests[0].statement_count, table[i].statements) &&
		    table[i].statements) {
			const struct statement *s = &b.requests[0].statements[0];

			CHECK_EQ(s->kind, STATEMENT_CONNECT);
			CHECK(s->failed);
			CHECK_EQ(s->err_code, 2003);
			CHECK_STR(s->peer.address, "127.0.0.1");
			CHECK_EQ(s->start_ns, NS(12));
			CHECK_EQ(s->end_ns, NS(14));
			CHECK_STR(s->err_message, "connect: Connection refused");
		}
		CHECK_EQ(b.requests[0].flags, 0);
		bench_end(&b);
	}
}

TEST(trace_owner_never_came)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	query(&b, 50, 1, 15, 0);
	trace_flush(b.trace, NS(100));
	CHECK_EQ(b.count, 0);
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 1);
	bench_end(&b);
}
