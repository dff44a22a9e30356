// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_route.c - requests for the same target whose records come in another order than their
 * times: walks stop early, at none that may still belong.
 */
#include "trace_mysql.h"

#define NGINX  10
#define WORKER 20

/* Over unix sockets whose ends the kernel could not name: times alone tell. */
static void hop(struct bench *b)
{
	EXCHANGE(b, .conn = 3, .tid = NGINX, .role = BX_ROLE_CLIENT, .family = 1,
		 .request = LITERAL(WEB_GET), .request_ms = 1, .response = LITERAL(WEB_OK),
		 .response_ms = 2, .flags = BX_EX_CLOSED_LOCAL);
}

static void front(struct bench *b, uint64_t conn, double from_ms, double to_ms)
{
	EXCHANGE(b, .conn = conn, .tid = NGINX, .request = LITERAL(WEB_GET), .request_ms = from_ms,
		 .response = LITERAL(WEB_OK), .response_ms = to_ms, .flags = BX_EX_SNAPSHOT);
}

static void inner(struct bench *b, uint64_t conn, double from_ms, double to_ms)
{
	EXCHANGE(b, .conn = conn, .tid = WORKER, .family = 1, .request = LITERAL(WEB_GET),
		 .request_ms = from_ms, .response = LITERAL(WEB_OK), .response_ms = to_ms,
		 .flags = BX_EX_CLOSED_LOCAL);
}

static void pass(struct bench *b, int from_ms, int to_ms)
{
	for (int ms = from_ms; ms <= to_ms; ms += 50)
		bench_tick(b, ms);
}

/* A front that began after the worker is there first, and stays. */
TEST(trace_route_begun_out_of_order)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	hop(&b);
	EXCHANGE(&b, .conn = 5, .tid = NGINX, .request = LITERAL(WEB_GET), .request_ms = 15,
		 .flags = BX_EX_SNAPSHOT);
	front(&b, 6, 10, 22);
	inner(&b, 12, 13, 19);
	pass(&b, 30, 1000);
	CHECK_EQ(b.count, 1);
	CHECK_EQ(COUNTERS(&b)->fronts_joined, 1);
	bench_end(&b);
}

/* A worker's request that began after the front's end is there first. */
TEST(trace_route_awaited_out_of_order)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	hop(&b);
	EXCHANGE(&b, .conn = 12, .tid = WORKER, .family = 1, .request = LITERAL(WEB_GET),
		 .request_ms = 30, .flags = BX_EX_SNAPSHOT);
	EXCHANGE(&b, .conn = 14, .tid = WORKER + 1, .family = 1, .request = LITERAL(WEB_GET),
		 .request_ms = 13, .flags = BX_EX_SNAPSHOT);
	front(&b, 6, 10, 22);
	pass(&b, 30, 1000);
	CHECK_EQ(b.count, 0);
	bench_end(&b);
}

/* The fronts' records come when both workers' requests were told, the one that ended first last. */
TEST(trace_route_told_out_of_order)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	hop(&b);
	inner(&b, 12, 31, 500);
	inner(&b, 14, 13, 20);
	pass(&b, 510, 900);
	CHECK_EQ(b.count, 2);
	front(&b, 5, 30, 501);
	front(&b, 6, 10, 22);
	pass(&b, 910, 1500);
	CHECK_EQ(b.count, 2);
	CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 2);
	bench_end(&b);
}
