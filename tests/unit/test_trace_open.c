// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_open.c - which requests are told before their end, once each, and that their end bears
 * the same number.
 */
#include "trace_mysql.h"

#define NGINX  10
#define WORKER 20

static void asked(struct bench *b, uint64_t conn, double ms)
{
	EXCHANGE(b, .conn = conn, .request = LITERAL(WEB_GET), .request_ms = ms,
		 .flags = BX_EX_SNAPSHOT);
}

static void answered(struct bench *b, uint64_t conn, double ms, double end_ms)
{
	EXCHANGE(b, .conn = conn, .request = LITERAL(WEB_GET), .request_ms = ms,
		 .response = LITERAL(WEB_OK), .response_ms = end_ms, .flags = BX_EX_CLOSED_LOCAL);
}

TEST(trace_open_is_told_once)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	trace_tell_open(b.trace, NS(60000));
	asked(&b, 1, 10);
	bench_tick(&b, 59000);
	CHECK_EQ(b.open_count, 0);
	bench_tick(&b, 60500);
	CHECK_EQ(b.open_count, 1);
	bench_tick(&b, 200000);
	CHECK_EQ(b.open_count, 1);
	CHECK_EQ(b.gone_number, 0);
	answered(&b, 1, 10, 200010);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 1))
		CHECK_EQ(b.requests[0].number, b.open_number);
	CHECK_EQ(b.gone_number, b.open_number);
	bench_end(&b);
}

/* Each by its own number, in any order; one that is over in time has none. */
TEST(trace_open_numbers)
{
	struct bench b;
	uint64_t first;

	bench_begin(&b, DB_SPANS_APP);
	trace_tell_open(b.trace, NS(1000));
	asked(&b, 1, 10);
	bench_tick(&b, 2000);
	first = b.open_number;
	asked(&b, 2, 2010);
	answered(&b, 3, 2020, 2030);
	bench_tick(&b, 4000);
	CHECK_EQ(b.open_count, 2);
	CHECK(first && b.open_number != first);
	answered(&b, 2, 2010, 4010);
	answered(&b, 1, 10, 4020);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 3)) {
		CHECK_EQ(b.requests[0].number, 0);
		CHECK_EQ(b.requests[1].number, b.open_number);
		CHECK_EQ(b.requests[2].number, first);
	}
	bench_end(&b);
}

TEST(trace_open_not_asked_for)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	asked(&b, 1, 10);
	bench_tick(&b, 3600000);
	trace_tell_open(b.trace, 0);
	bench_tick(&b, 7200000);
	CHECK_EQ(b.open_count, 0);
	bench_end(&b);
}

/* The target is killed: its end is told, and nothing is left behind. */
TEST(trace_open_that_is_cut)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	trace_tell_open(b.trace, NS(1000));
	asked(&b, 1, 10);
	bench_tick(&b, 2000);
	EXCHANGE(&b, .conn = 1, .request = LITERAL(WEB_GET), .request_ms = 10,
		 .flags = BX_EX_CLOSED_LOCAL, .closed_ms = 2500);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 1)) {
		CHECK_EQ(b.requests[0].number, b.open_number);
		CHECK(b.requests[0].flags & REQUEST_NO_RESPONSE);
	}
	CHECK_EQ(b.gone_number, b.open_number);
	bench_end(&b);
}

/* nginx and a worker behind it: the worker's, which is what is told in the end, alone. */
TEST(trace_open_behind_a_front)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	trace_expect_fronts(b.trace);
	trace_tell_open(b.trace, NS(1000));
	EXCHANGE(&b, .conn = 1, .tid = NGINX, .peer = 0xc0000207, .established_ms = 9,
		 .request = LITERAL(WEB_GET), .request_ms = 10, .flags = BX_EX_SNAPSHOT);
	EXCHANGE(&b, .conn = 3, .tid = NGINX, .role = BX_ROLE_CLIENT, .local_port = 41000,
		 .peer_port = 8001, .request = LITERAL(WEB_GET), .request_ms = 11,
		 .flags = BX_EX_SNAPSHOT);
	EXCHANGE(&b, .conn = 2, .tid = WORKER, .peer = 0x7f000001, .peer_port = 41000,
		 .local_port = 8001, .request = LITERAL(WEB_GET), .request_ms = 12,
		 .flags = BX_EX_SNAPSHOT);
	bench_tick(&b, 200);
	bench_tick(&b, 3000);
	bench_tick(&b, 5000);
	CHECK_EQ(b.open_count, 1);
	EXCHANGE(&b, .conn = 2, .tid = WORKER, .peer = 0x7f000001, .peer_port = 41000,
		 .local_port = 8001, .request = LITERAL(WEB_GET), .request_ms = 12,
		 .response = LITERAL(WEB_OK), .response_ms = 5010, .flags = BX_EX_CLOSED_LOCAL);
	EXCHANGE(&b, .conn = 3, .tid = NGINX, .role = BX_ROLE_CLIENT, .local_port = 41000,
		 .peer_port = 8001, .request = LITERAL(WEB_GET), .request_ms = 11,
		 .response = LITERAL(WEB_OK), .response_ms = 5011, .flags = BX_EX_CLOSED_LOCAL);
	EXCHANGE(&b, .conn = 1, .tid = NGINX, .peer = 0xc0000207, .established_ms = 9,
		 .request = LITERAL(WEB_GET), .request_ms = 10, .response = LITERAL(WEB_OK),
		 .response_ms = 5012, .flags = BX_EX_SNAPSHOT);
	bench_tick(&b, 5100);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 1)) {
		CHECK(b.requests[0].flags & REQUEST_JOINED_FRONT);
		CHECK_EQ(b.requests[0].number, b.open_number);
	}
	bench_end(&b);
}
