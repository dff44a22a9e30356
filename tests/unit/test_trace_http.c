// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_http.c - one server connection: which exchanges become which requests, with what
 * status and what times.
 */
#include "trace_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/array.h"

#define GET  "GET /todos/?page=2 HTTP/1.1\r\nHost: todo.example\r\nUser-Agent: probe/1\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

TEST(trace_http_keep_alive)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 10, .established_ms = 8,
		 .response = LITERAL(OK_2), .response_ms = 30);
	EXCHANGE(&b, .conn = 1, .seq = 2,
		 .request = LITERAL(
			 "POST /todos/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"),
		 .request_ms = 50, .established_ms = 8,
		 .response = LITERAL("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
		 .response_ms = 60, .flags = BX_EX_SNAPSHOT);
	if (!CHECK_EQ(b.count, 2))
		return;
	r = &b.requests[0];
	CHECK_STR(r->method, "GET");
	CHECK_STR(r->scheme, "http");
	CHECK_STR(r->host, "todo.example");
	CHECK_STR(r->target, "/todos/?page=2");
	CHECK_STR(r->user_agent, "probe/1");
	CHECK_STR(r->client_ip, "10.0.0.9");
	CHECK_STR(r->protocol, "HTTP/1.1");
	CHECK_STR(r->x_forwarded_for, NULL);
	CHECK_EQ(r->status, 200);
	CHECK_EQ(r->start_ns, NS(10));
	CHECK_EQ(r->first_byte_ns, NS(30));
	CHECK_EQ(r->end_ns, NS(30));
	CHECK_EQ(r->queue_ns, NS(2));
	CHECK_EQ(r->request_length, -1);
	CHECK_EQ(r->response_length, 2);
	CHECK_EQ(r->bytes_in, sizeof(GET) - 1);
	CHECK_EQ(r->bytes_out, sizeof(OK_2) - 1);
	CHECK_EQ(r->tid, BENCH_THREAD);
	CHECK_EQ(r->flags, 0);
	r = &b.requests[1];
	CHECK_STR(r->method, "POST");
	CHECK_EQ(r->status, 201);
	CHECK_EQ(r->queue_ns, -1);
	CHECK_EQ(r->request_length, 3);
	bench_end(&b);
}

TEST(trace_http_snapshot_then_same_is_one_request)
{
	const struct bench_exchange ex = { .conn = 1,
					   .request = LITERAL(GET),
					   .request_ms = 1,
					   .response = LITERAL(OK_2),
					   .response_ms = 2,
					   .flags = BX_EX_SNAPSHOT };
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	bench_exchange(&b, &ex);
	CHECK_EQ(b.count, 1);
	bench_same(&b, &ex, BX_EX_CLOSED_LOCAL);
	bench_exchange(&b, &ex);
	bench_tick(&b, 5000);
	trace_flush(b.trace, NS(5000));
	CHECK_EQ(b.count, 1);
	CHECK_EQ(COUNTERS(&b)->abandoned, 0);
	CHECK_EQ(COUNTERS(&b)->unparsed, 0);
	bench_end(&b);
}

TEST(trace_http_snapshot_that_grows)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Le"), .response_ms = 2,
		 .flags = BX_EX_SNAPSHOT);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"),
		 .response_calls = { { 26, 2 }, { 40, 9 } }, .flags = BX_EX_SNAPSHOT);
	CHECK_EQ(b.count, 0);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"),
		 .response_calls = { { 26, 2 }, { 40, 9 }, { 42, 12 } }, .flags = BX_EX_SNAPSHOT);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->first_byte_ns, NS(2));
		CHECK_EQ(r->end_ns, NS(12));
		CHECK_EQ(r->bytes_out, 42);
	}
	bench_end(&b);
}

/* @whole after a snapshot of its first @seen bytes; of the answer itself @kept were captured. */
static void check_answer_trace(size_t seen, size_t kept)
{
	static const char whole[] = "HTTP/1.1 200 OK\r\nX-Amzn-Trace-Id: Root=1-a-b\r\n"
				    "Content-Length: 2\r\nX-Long: aaaa\r\n\r\nok";
	const struct request *r;
	struct bench b;

	unit_context("%zu bytes first, %zu in all", seen, kept);
	bench_begin(&b, DB_SPANS_APP);
	if (seen)
		EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
			 .response = bytes_of(whole, seen), .response_ms = 2,
			 .flags = BX_EX_SNAPSHOT);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
		 .response = bytes_of(whole, kept), .response_total = sizeof(whole) - 1,
		 .response_ms = 3, .flags = BX_EX_CLOSED_LOCAL);
	bench_settle(&b);
	r = bench_only(&b);
	if (r && CHECK(r->answer_trace_header))
		CHECK_STR(r->answer_trace_header, "Root=1-a-b");
	bench_end(&b);
}

TEST(trace_http_answer_names_trace)
{
	check_answer_trace(0, 83);  /* at once */
	check_answer_trace(70, 83); /* in two pieces */
	check_answer_trace(0, 70);  /* cut behind the field */
	check_answer_trace(30, 70);
}

/* An exchange whose snapshot was its end: the next one's number says so. Nothing is missing. */
TEST(trace_http_ended_as_told)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	for (uint32_t seq = 1; seq <= 3; seq++)
		EXCHANGE(&b, .conn = 1, .seq = seq, .flags = BX_EX_SNAPSHOT,
			 .request = LITERAL("GET /a HTTP/1.1\r\n\r\n"), .request_ms = 10 * seq,
			 .response = LITERAL(OK_2), .response_ms = 10 * seq + 5);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 3)) {
		CHECK_EQ(b.requests[2].start_ns, NS(30));
		CHECK_EQ(b.requests[2].end_ns, NS(35));
	}
	CHECK_EQ(trace_counters(b.trace)->sequence_gaps, 0);
	CHECK_EQ(trace_counters(b.trace)->requests_lost, 0);
	bench_end(&b);
}

/*
 * Two heads in one turn, both answers in one turn; each answer has the time of its own last byte.
 */
TEST(trace_http_pipelining)
{
	static const char heads[] = "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
	static const char answers[] = OK_2 "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx";
	struct bench b;

	for (int snapshots = 0; snapshots < 2; snapshots++) {
		unit_context("snapshots %d", snapshots);
		bench_begin(&b, DB_SPANS_APP);
		if (snapshots)
			EXCHANGE(&b, .conn = 1, .request = LITERAL(heads), .request_ms = 1,
				 .response = LITERAL(OK_2), .response_ms = 5,
				 .flags = BX_EX_SNAPSHOT);
		CHECK_EQ(b.count, snapshots);
		EXCHANGE(&b, .conn = 1, .request = LITERAL(heads), .request_ms = 1,
			 .response = LITERAL(answers),
			 .response_calls = { { sizeof(OK_2) - 1, 5 }, { sizeof(answers) - 1, 9 } });
		bench_settle(&b);
		if (CHECK_EQ(b.count, 2)) {
			CHECK_STR(b.requests[0].target, "/a");
			CHECK_EQ(b.requests[0].status, 200);
			CHECK_EQ(b.requests[0].end_ns, NS(5));
			CHECK_STR(b.requests[1].target, "/b");
			CHECK_EQ(b.requests[1].status, 404);
			CHECK_EQ(b.requests[1].first_byte_ns, NS(9));
			CHECK_EQ(b.requests[1].end_ns, NS(9));
			CHECK_EQ(b.requests[1].flags, 0);
		}
		bench_end(&b);
	}
}

/* The second head comes when the first answer has begun already. */
TEST(trace_http_pipelining_over_exchanges)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL("GET /a HTTP/1.1\r\n\r\nGET /b HT"),
		 .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"),
		 .response_ms = 2);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL("TP/1.1\r\n\r\n"), .request_ms = 3,
		 .response = LITERAL("cdHTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
		 .response_calls = { { 2, 4 }, { 42, 6 } });
	bench_settle(&b);
	if (CHECK_EQ(b.count, 2)) {
		CHECK_EQ(b.requests[0].end_ns, NS(4));
		CHECK_STR(b.requests[1].target, "/b");
		CHECK_EQ(b.requests[1].start_ns, NS(1));
		CHECK_EQ(b.requests[1].status, 500);
		CHECK_EQ(b.requests[1].first_byte_ns, NS(6));
	}
	bench_end(&b);
}

TEST(trace_http_100_continue)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1,
		 .request = LITERAL(
			 "POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"),
		 .request_ms = 1, .response = LITERAL("HTTP/1.1 100 Continue\r\n\r\n"),
		 .response_ms = 2);
	CHECK_EQ(b.count, 0);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL("abc"), .request_ms = 3,
		 .response = LITERAL(OK_2), .response_ms = 9);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->status, 200);
		CHECK_EQ(r->start_ns, NS(1));
		CHECK_EQ(r->first_byte_ns, NS(9));
		CHECK_EQ(r->end_ns, NS(9));
	}
	CHECK_EQ(COUNTERS(&b)->unparsed, 0);
	bench_end(&b);
}

/* The server answers before the body is there, then reads the rest and serves the next request. */
TEST(trace_http_early_answer)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1,
		 .request = LITERAL("POST /big HTTP/1.1\r\nContent-Length: 6\r\n\r\nab"),
		 .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"),
		 .response_ms = 2);
	CHECK_EQ(b.count, 1);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL("cdefGET /next HTTP/1.1\r\n\r\n"),
		 .request_calls = { { 4, 3 }, { 26, 7 } }, .response = LITERAL(OK_2),
		 .response_ms = 9);
	if (CHECK_EQ(b.count, 2)) {
		CHECK_EQ(b.requests[0].status, 413);
		CHECK_STR(b.requests[1].target, "/next");
		CHECK_EQ(b.requests[1].start_ns, NS(7));
		CHECK_EQ(b.requests[1].status, 200);
	}
	bench_end(&b);
}

TEST(trace_http_chunked_both_ways)
{
	static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				      "3\r\nabc\r\n0\r\n\r\n";
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1,
		 .request = LITERAL("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
				    "2\r\nhi\r\n0\r\n\r\nGET /d HTTP/1.1\r\n\r\n"),
		 .request_ms = 1, .response = LITERAL(chunked), .response_ms = 4);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = BYTES_NONE, .response = LITERAL(OK_2),
		 .response_ms = 6);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 2)) {
		CHECK_STR(b.requests[0].target, "/c");
		CHECK_EQ(b.requests[0].bytes_out, sizeof(chunked) - 1);
		CHECK_EQ(b.requests[0].response_length, -1);
		CHECK_STR(b.requests[1].target, "/d");
		CHECK_EQ(b.requests[1].end_ns, NS(6));
	}
	bench_end(&b);
}

/* Answers without a body: the next request is answered in the same run of bytes. */
TEST(trace_http_answers_without_body)
{
	static const char *const table[][2] = {
		{ "HEAD /x HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" },
		{ "GET /x HTTP/1.1\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n" },
		{ "GET /x HTTP/1.1\r\n\r\n",
		  "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" },
	};
	struct bench b;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char request[128];
		char response[256];

		unit_context("%s", table[i][1]);
		snprintf(request, sizeof(request), "%s%s", table[i][0], "GET /y HTTP/1.1\r\n\r\n");
		snprintf(response, sizeof(response), "%s%s", table[i][1], OK_2);
		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = 1, .request = bytes_str(request), .request_ms = 1,
			 .response = bytes_str(response), .response_ms = 2);
		bench_settle(&b);
		if (CHECK_EQ(b.count, 2)) {
			CHECK_EQ(b.requests[0].status, atoi(table[i][1] + 9));
			CHECK_EQ(b.requests[1].status, 200);
		}
		bench_end(&b);
	}
}

/*
 * Of the second answer's head nothing was captured, or not its status: the third, seen behind the
 * gap, is the third request's all the same.
 */
TEST(trace_http_answer_behind_a_cut_head)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static const char third[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
	static const char begun[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1";
	struct bench b;

	for (int cut = 0; cut < 2; cut++) {
		unit_context("cut %d", cut);
		bench_begin(&b, DB_SPANS_APP);
		bench_fragment(&b, 1, 1, 1, 9000, BX_FRAG_HEAD, LITERAL(third));
		EXCHANGE(&b, .conn = 1, .request = LITERAL(GET GET GET), .request_ms = 1,
			 .response = cut ? LITERAL(begun) : LITERAL(first),
			 .response_total = 9000 + sizeof(third) - 1,
			 .response_calls = { { sizeof(first) - 1, 3 },
					     { 9000, 5 },
					     { 9000 + sizeof(third) - 1, 7 } });
		bench_settle(&b);
		if (CHECK_EQ(b.count, 3)) {
			CHECK_EQ(b.requests[1].status, 0);
			CHECK_EQ(b.requests[1].end_ns / 1000, NS(5) / 1000);
			CHECK_EQ(b.requests[2].status, 503);
			CHECK_EQ(b.requests[2].end_ns, NS(7));
		}
		CHECK_EQ(COUNTERS(&b)->unparsed, 1);
		bench_end(&b);
	}
}
