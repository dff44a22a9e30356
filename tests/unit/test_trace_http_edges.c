// SPDX-License-Identifier: Apache-2.0
/* test_trace_http_edges.c - connections that end badly, switch protocols, are captured in part. */
#include <stdlib.h>

#include "trace_build.h"

#define GET  "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define OPEN "HTTP/1.0 200 OK\r\n\r\n"

TEST(trace_http_until_close)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
		 .response = LITERAL(OPEN "0123456789"),
		 .response_calls = { { 19, 3 }, { 24, 5 }, { 29, 8 } }, .flags = BX_EX_SNAPSHOT);
	bench_tick(&b, 1000);
	CHECK_EQ(b.count, 0);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .response = LITERAL(OPEN "0123456789"),
		 .response_calls = { { 19, 3 }, { 24, 5 }, { 29, 8 } }, .request_ms = 1,
		 .closed_ms = 40, .flags = BX_EX_CLOSED_LOCAL);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->first_byte_ns, NS(3));
		CHECK_EQ(r->end_ns, NS(8));
		CHECK_EQ(r->response_length, -1);
		CHECK_EQ(r->flags, 0);
	}
	bench_end(&b);
}

/* How the connection ends decides what an unfinished answer is called. */
TEST(trace_http_cut_short)
{
	static const struct {
		const char *response;
		uint32_t flags;
		int status;
		uint32_t expect;
		double end_ms;
	} table[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", BX_EX_CLOSED_LOCAL, 200,
		  REQUEST_ABORTED, 70 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
		  BX_EX_CLOSED_LOCAL | BX_EX_RESET, 200, REQUEST_ABORTED, 70 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		  BX_EX_CLOSED_LOCAL, 200, REQUEST_ABORTED, 70 },
		{ OPEN "abc", BX_EX_CLOSED_LOCAL, 200, 0, 5 },
		{ OPEN "abc", BX_EX_CLOSED_LOCAL | BX_EX_CLOSED_PEER, 200, 0, 5 },
		{ OPEN "abc", BX_EX_RESET, 200, REQUEST_ABORTED, 70 },
		{ OPEN "abc", BX_EX_CLOSED_PEER, 200, REQUEST_ABORTED, 70 },
		{ "", BX_EX_CLOSED_LOCAL, 0, REQUEST_NO_RESPONSE, 70 },
		{ "", BX_EX_CLOSED_LOCAL | BX_EX_CLOSED_PEER, 0,
		  REQUEST_NO_RESPONSE | REQUEST_ABORTED, 70 },
		{ "HTTP/1.1 200", BX_EX_CLOSED_LOCAL, 0, REQUEST_ABORTED, 70 },
		{ "HTTP/1.1 404\r\nA", BX_EX_CLOSED_LOCAL, 404, REQUEST_ABORTED, 70 },
		{ OK_2, BX_EX_CLOSED_LOCAL | BX_EX_RESET, 200, 0, 5 },
	};
	struct bench b;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct request *r;

		unit_context("row %zu", i);
		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
			 .response = bytes_str(table[i].response), .response_ms = 5,
			 .closed_ms = 70, .flags = table[i].flags);
		r = bench_only(&b);
		if (r) {
			CHECK_EQ(r->status, table[i].status);
			CHECK_EQ(r->flags, table[i].expect);
			CHECK_EQ(r->end_ns, NS(table[i].end_ms));
		}
		bench_end(&b);
	}
}

/* A router that closes after each answer drops what was pipelined behind it. */
TEST(trace_http_pipelined_behind_a_close)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET GET), .request_ms = 1,
		 .response = LITERAL(OK_2), .response_ms = 5, .flags = BX_EX_CLOSED_LOCAL);
	CHECK_EQ(b.count, 1);
	CHECK_EQ(COUNTERS(&b)->not_served, 1);
	bench_end(&b);
}

/* Nor was what stands behind a request that the connection's end left without an answer. */
TEST(trace_http_pipelined_behind_no_answer)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL("GET /first HTTP/1.1\r\n\r\n" GET GET),
		 .request_ms = 1, .flags = BX_EX_CLOSED_PEER);
	r = bench_only(&b);
	if (r)
		CHECK_STR(r->target, "/first");
	CHECK_EQ(COUNTERS(&b)->not_served, 2);
	bench_end(&b);
}

TEST(trace_http_upgrade_ends_at_the_switch)
{
	static const char *const table[][2] = {
		{ "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		  "HTTP/1.1 101 Switching Protocols\r\n\r\n" },
		{ "CONNECT far:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n" },
	};
	struct bench b;

	for (size_t i = 0; i < 2; i++) {
		const struct request *r;

		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = 1, .request = bytes_str(table[i][0]), .request_ms = 1,
			 .response = bytes_str(table[i][1]), .response_ms = 3);
		EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL("\x81\x02hi"), .request_ms = 8,
			 .response = LITERAL("\x81\x02yo"), .response_ms = 9,
			 .flags = BX_EX_CLOSED_PEER);
		r = bench_only(&b);
		if (r) {
			CHECK_EQ(r->status, i ? 200 : 101);
			CHECK_EQ(r->end_ns, NS(3));
			CHECK_EQ(r->flags, REQUEST_UPGRADED);
		}
		CHECK_EQ(COUNTERS(&b)->unparsed, 0);
		bench_end(&b);
	}
}

/* A head of which the text has the beginning, and fragments the rest. */
TEST(trace_http_head_in_fragments)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	bench_fragment(&b, 1, 1, 0, 20, 0, LITERAL("g HTTP/1.1\r\nHost: "));
	bench_fragment(&b, 1, 1, 0, 38, 0, LITERAL("far.example\r\nUser-Agent: u\r\n\r\n"));
	EXCHANGE(&b, .conn = 1, .request = LITERAL("GET /a-target-so-long"), .request_total = 68,
		 .request_calls = { { 21, 1 }, { 38, 2 }, { 68, 3 } }, .response = LITERAL(OK_2),
		 .response_ms = 5);
	r = bench_only(&b);
	if (r) {
		/* the fragments overlap the text by one byte: only what is new counts */
		CHECK_STR(r->target, "/a-target-so-long");
		CHECK_STR(r->user_agent, "u");
		CHECK_EQ(r->flags, 0);
	}
	CHECK_EQ(COUNTERS(&b)->fragments_orphaned, 0);
	bench_end(&b);
}

/* A hole in the head: what stands in front of it is used, and the request says so. */
TEST(trace_http_head_with_a_hole)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	bench_fragment(&b, 1, 1, 0, 4000, 0, LITERAL("\r\n\r\n"));
	EXCHANGE(&b, .conn = 1, .request = LITERAL("GET /h HTTP/1.1\r\nHost: here\r\nCookie: x"),
		 .request_total = 4004, .request_ms = 1, .response = LITERAL(OK_2),
		 .response_ms = 5);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL(GET), .request_ms = 6,
		 .response = LITERAL(OK_2), .response_ms = 7);
	if (CHECK_EQ(b.count, 2)) {
		r = &b.requests[0];
		CHECK_STR(r->host, "here");
		CHECK_EQ(r->status, 200);
		CHECK_EQ(r->flags, REQUEST_HEAD_CUT);
		CHECK_EQ(b.requests[1].flags, 0);
	}
	bench_end(&b);
}

/* The server refuses a head that has not ended yet. */
TEST(trace_http_answer_to_half_a_head)
{
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL("GET /slow HTTP/1.1\r\nHost: h\r\nX-Y"),
		 .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"),
		 .response_ms = 9, .flags = BX_EX_CLOSED_LOCAL);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->status, 408);
		CHECK_EQ(r->flags, REQUEST_HEAD_CUT);
	}
	bench_end(&b);
}

/*
 * The second answer begins behind the capture: its length field's arithmetic, or its own call,
 * finds it.
 */
TEST(trace_http_second_answer_past_the_capture)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n";
	static const char chunks[] =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n";
	static const char second[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
	struct bench b;

	for (int chunked = 0; chunked < 2; chunked++) {
		struct bytes head = chunked ? LITERAL(chunks) : LITERAL(first);
		uint64_t at = head.len + 9000;

		unit_context("chunked %d", chunked);
		bench_begin(&b, DB_SPANS_APP);
		bench_fragment(&b, 1, 1, 1, at, BX_FRAG_HEAD, LITERAL(second));
		EXCHANGE(&b, .conn = 1, .request = LITERAL(GET GET), .request_ms = 1,
			 .response = head, .response_total = at + sizeof(second) - 1,
			 .response_calls = { { (uint32_t)at, 5 },
					     { (uint32_t)(at + sizeof(second) - 1), 9 } });
		bench_settle(&b);
		if (CHECK_EQ(b.count, 2)) {
			CHECK_EQ(b.requests[0].end_ns, NS(5));
			CHECK_EQ(b.requests[0].flags, 0);
			CHECK_EQ(b.requests[1].status, 503);
			CHECK_EQ(b.requests[1].end_ns, NS(9));
		}
		CHECK_EQ(COUNTERS(&b)->unparsed, 0);
		bench_end(&b);
	}
}

/* Without that fragment the second status is unknown, and said to be. */
TEST(trace_http_second_answer_unknown)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET GET), .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n"),
		 .response_total = 9000, .response_ms = 5);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 2)) {
		CHECK_EQ(b.requests[0].status, 200);
		CHECK_EQ(b.requests[1].status, 0);
	}
	CHECK_EQ(COUNTERS(&b)->unparsed, 1);
	bench_end(&b);
}

/* A long chunked answer ends where its captured tail says: no later record is needed. */
TEST(trace_http_chunked_tail)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n";
	struct bench b;
	const struct request *r;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1, .response = LITERAL(head),
		 .response_total = 8000, .response_ms = 5, .flags = BX_EX_SNAPSHOT);
	CHECK_EQ(b.count, 0);
	bench_fragment(&b, 1, 1, 1, 8990, BX_FRAG_TAIL, LITERAL("xyz\r\n0\r\n\r\n"));
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1, .response = LITERAL(head),
		 .response_total = 9000, .response_calls = { { 8000, 5 }, { 9000, 7 } },
		 .flags = BX_EX_SNAPSHOT);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->end_ns, NS(7));
		CHECK_EQ(r->bytes_out, 9000);
		CHECK_EQ(r->flags, 0);
	}
	bench_end(&b);
}

/* Attached in the middle of a body: the next turn that begins with a head is the first request. */
TEST(trace_http_begun_before)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL("the rest of some upload"), .request_ms = 1,
		 .response = LITERAL(OK_2), .response_ms = 2, .flags = BX_EX_MIDSTREAM);
	CHECK_EQ(b.count, 0);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL(GET), .request_ms = 5,
		 .response = LITERAL(OK_2), .response_ms = 6, .flags = BX_EX_MIDSTREAM);
	CHECK_EQ(b.count, 1);
	CHECK_EQ(COUNTERS(&b)->begun_before, 1);
	CHECK_EQ(COUNTERS(&b)->unparsed, 0);
	bench_end(&b);
}

TEST(trace_http_sequence_gap)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"),
		 .request_ms = 1, .response = LITERAL("HTTP/1.1 100 Continue\r\n\r\n"),
		 .response_ms = 2);
	EXCHANGE(&b, .conn = 1, .seq = 4, .request = LITERAL(GET), .request_ms = 5,
		 .response = LITERAL(OK_2), .response_ms = 6);
	CHECK_EQ(b.count, 1);
	CHECK_EQ(COUNTERS(&b)->sequence_gaps, 2);
	CHECK_EQ(COUNTERS(&b)->requests_lost, 1);
	bench_end(&b);
}

/* The pool was full: times and totals only. */
TEST(trace_http_without_text)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request_total = 90, .request_ms = 1, .response_total = 40,
		 .response_ms = 2, .flags = BX_EX_NO_TEXT);
	CHECK_EQ(b.count, 0);
	CHECK_EQ(COUNTERS(&b)->unparsed, 1);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL(GET), .request_ms = 5,
		 .response = LITERAL(OK_2), .response_ms = 6);
	CHECK_EQ(b.count, 1);
	bench_end(&b);
}

TEST(trace_http_open_at_the_end_is_counted)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(GET), .request_ms = 1,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"),
		 .response_ms = 2, .flags = BX_EX_SNAPSHOT);
	bench_fragment(&b, 2, 1, 0, 2000, 0, LITERAL("never followed by its exchange"));
	trace_flush(b.trace, NS(9));
	CHECK_EQ(b.count, 0);
	CHECK_EQ(COUNTERS(&b)->abandoned, 1);
	CHECK_EQ(COUNTERS(&b)->fragments_orphaned, 1);
	bench_end(&b);
}

TEST(trace_http_target_forms)
{
	static const struct {
		const char *request;
		const char *host;
		const char *scheme;
	} table[] = {
		{ "GET http://abs.example:81/p HTTP/1.1\r\n\r\n", "abs.example:81", "http" },
		{ "GET http://abs.example/p HTTP/1.1\r\nHost: field\r\n\r\n", "field", "http" },
		{ "GET /p HTTP/1.0\r\n\r\n", "127.0.0.1:8000", "http" },
		{ "GET /p HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n", "h", "https" },
	};
	struct bench b;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct request *r;

		unit_context("%s", table[i].request);
		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = 1, .request = bytes_str(table[i].request), .request_ms = 1,
			 .response = LITERAL(OK_2), .response_ms = 2);
		r = bench_only(&b);
		if (r) {
			CHECK_STR(r->host, table[i].host);
			CHECK_STR(r->scheme, table[i].scheme);
		}
		bench_end(&b);
	}
}

/* No input crashes: each prefix of a conversation, with wrong totals and as a snapshot. */
TEST(trace_http_any_prefix)
{
	static const char request[] =
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
	static const char response[] = OK_2 OK_2 "garbage";
	struct bench b;

	for (size_t i = 0; i < sizeof(request); i++)
		for (size_t j = 0; j < sizeof(response); j += 3) {
			bench_begin(&b, DB_SPANS_ALL);
			EXCHANGE(&b, .conn = 1, .request = bytes_of(request, i),
				 .request_total = i + j, .response = bytes_of(response, j),
				 .response_total = j * 2, .request_ms = 1, .response_ms = 2,
				 .flags = BX_EX_SNAPSHOT);
			EXCHANGE(&b, .conn = 1, .request = bytes_of(request, i),
				 .response = bytes_of(response, j), .request_ms = 1,
				 .response_ms = 2, .flags = BX_EX_CLOSED_PEER);
			trace_flush(b.trace, NS(9));
			CHECK(b.count <= 2);
			bench_end(&b);
		}
}
