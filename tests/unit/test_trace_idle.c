// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_idle.c - which connections are told to be idle, so that the kernel side may forget
 * their exchange, and that they go on as if nothing had happened.
 */
#include "trace_mysql.h"
#include "util/array.h"

#define TWO_ASKED WEB_GET "GET /b HTTP/1.1\r\n\r\n"
#define BEGUN	  WEB_GET "GET /b HT"
#define POSTING	  "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"

TEST(trace_idle_told)
{
	static const struct {
		const char *request;
		const char *response;
		uint32_t flags;
		size_t told;
	} table[] = {
		{ WEB_GET, WEB_OK, BX_EX_SNAPSHOT, 1 },
		{ WEB_GET, WEB_OK, 0, 0 }, /* the kernel has ended it itself */
		{ WEB_GET, WEB_OK, BX_EX_CLOSED_LOCAL, 0 },
		{ WEB_GET, "", BX_EX_SNAPSHOT, 0 },
		{ WEB_GET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", BX_EX_SNAPSHOT, 0 },
		{ WEB_GET, "HTTP/1.1 200 OK\r\n\r\nok", BX_EX_SNAPSHOT, 0 },
		{ TWO_ASKED, WEB_OK, BX_EX_SNAPSHOT, 0 },
		{ BEGUN, WEB_OK, BX_EX_SNAPSHOT, 0 },
		{ POSTING, WEB_OK, BX_EX_SNAPSHOT, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct bench b;

		unit_context("row %zu", i);
		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = 1, .seq = 1, .request = bytes_str(table[i].request),
			 .request_ms = 10, .response = bytes_str(table[i].response),
			 .response_ms = 20, .flags = table[i].flags);
		bench_tick(&b, 50);
		bench_tick(&b, 900);
		CHECK_EQ(b.idle_count, 0);
		bench_tick(&b, 1100);
		bench_tick(&b, 5000);
		CHECK_EQ(b.idle_count, table[i].told);
		if (table[i].told) {
			CHECK_EQ(b.idle_conn, 1);
			CHECK_EQ(b.idle_seq, 1);
		}
		bench_end(&b);
	}
}

/* There is room for two: of three that are idle the oldest is told before its time. */
TEST(trace_idle_crowded)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	trace_keep_idle(b.trace, 2);
	for (uint64_t conn = 1; conn <= 3; conn++)
		EXCHANGE(&b, .conn = conn, .seq = 1, .request = LITERAL(WEB_GET),
			 .request_ms = 10 * conn, .response = LITERAL(WEB_OK),
			 .response_ms = 10 * conn + 5, .flags = BX_EX_SNAPSHOT);
	bench_tick(&b, 50);
	CHECK_EQ(b.idle_count, 1);
	CHECK_EQ(b.idle_conn, 1);
	bench_tick(&b, 60);
	CHECK_EQ(b.idle_count, 1);
	bench_tick(&b, 1100);
	CHECK_EQ(b.idle_count, 3);
	bench_end(&b);
}

/* The kernel ends the exchange with its header alone; the next request comes as another one. */
TEST(trace_idle_and_on)
{
	struct bench_exchange first = { .conn = 1,
					.request = LITERAL(WEB_GET),
					.request_ms = 10,
					.response = LITERAL(WEB_OK),
					.response_ms = 20,
					.flags = BX_EX_SNAPSHOT };
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	bench_exchange(&b, &first);
	bench_tick(&b, 50);
	bench_tick(&b, 1100);
	CHECK_EQ(b.idle_count, 1);
	bench_same(&b, &first, 0);
	bench_tick(&b, 2990);
	EXCHANGE(&b, .conn = 1, .seq = 2, .request = LITERAL(WEB_GET), .request_ms = 3000,
		 .response = LITERAL(WEB_OK), .response_ms = 3010, .flags = BX_EX_SNAPSHOT);
	CHECK_EQ(b.count, 2);
	CHECK_EQ(COUNTERS(&b)->sequence_gaps, 0);
	/* busy until a second has passed again */
	bench_tick(&b, 3050);
	CHECK_EQ(b.idle_count, 1);
	bench_tick(&b, 4200);
	CHECK_EQ(b.idle_count, 2);
	CHECK_EQ(b.idle_seq, 2);
	bench_end(&b);
}
