// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_join.c - fronts and workers of one tree: when two requests are one, who waits for
 * whom, and how long.
 */
#include "trace_mysql.h"
#include "util/array.h"

#define ROUTER	   10
#define WORKER	   20
#define CLIENT	   0xc0000207 /* 192.0.2.7 */
#define FRONT_CONN 1
#define INNER_CONN 2

/* The variables that a front sends for GET /todos/ of 192.0.2.7:@port. */
static struct bytes variables(uint8_t buf[512], const char *port)
{
	static const char *const names[] = { "REQUEST_METHOD", "REQUEST_URI", "REMOTE_ADDR",
					     "REMOTE_PORT",    "HTTP_HOST",   "SERVER_PROTOCOL" };
	const char *const values[] = { "GET", "/todos/", "192.0.2.7", port, "h", "HTTP/1.1" };
	size_t n = 4;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *texts[] = { names[i], values[i] };

		for (size_t t = 0; t < 2; t++) {
			size_t len = strlen(texts[t]);

			buf[n++] = (uint8_t)len;
			buf[n++] = 0;
			memcpy(buf + n, texts[t], len);
			n += len;
		}
	}
	buf[0] = 0;
	buf[1] = (uint8_t)(n - 4);
	buf[2] = (uint8_t)((n - 4) >> 8);
	buf[3] = 0;
	return bytes_of(buf, n);
}

static void router(struct bench *b, double from_ms, double to_ms, const char *answer)
{
	EXCHANGE(b, .conn = FRONT_CONN, .tid = ROUTER, .peer = CLIENT, .peer_port = 34567,
		 .established_ms = from_ms - 2, .request = LITERAL(WEB_GET), .request_ms = from_ms,
		 .response = bytes_str(answer), .response_ms = to_ms, .closed_ms = to_ms + 1,
		 .flags = BX_EX_CLOSED_LOCAL);
}

static void worker(struct bench *b, const char *port, double from_ms, double to_ms,
		   uint32_t children)
{
	uint8_t buf[512];

	EXCHANGE(b, .conn = INNER_CONN, .protocol = BX_PROTO_UWSGI, .tid = WORKER,
		 .request = variables(buf, port), .request_ms = from_ms,
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		 .response_ms = to_ms, .children = children, .flags = BX_EX_CLOSED_LOCAL);
}

static void worker_query(struct bench *b, uint64_t owner, double ms)
{
	EXCHANGE(b, .conn = 50, .seq = 9, .protocol = BX_PROTO_MYSQL, .owner_conn = owner,
		 .owner_seq = 1, .tid = WORKER, .request = LITERAL("\x09\x00\x00\x00\x03SELECT 1"),
		 .request_ms = ms,
		 .response = LITERAL("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
		 .response_ms = ms + 1, .flags = BX_EX_MIDSTREAM);
}

/*
 * So that the tree is known to have workers of the uwsgi protocol: a request that came from
 * outside.
 */
static void known_worker(struct bench *b)
{
	uint8_t buf[512];

	EXCHANGE(b, .conn = 77, .protocol = BX_PROTO_UWSGI, .tid = WORKER,
		 .request = variables(buf, "999"), .request_ms = 1, .response = LITERAL(WEB_OK),
		 .response_ms = 2, .flags = BX_EX_CLOSED_LOCAL);
	bench_tick(b, 3);
	bench_tick(b, 300);
	CHECK_EQ(b->count, 1);
	bench_forget(&b->requests[0]);
	b->count = 0;
}

/*
 * 34567 arrives as 1927 through uWSGI's own router, as it is through nginx; either record may come
 * first.
 */
TEST(trace_join_uwsgi_router)
{
	static const char *const ports[] = { "34567", "1927" };
	struct bench b;

	for (int i = 0; i < 4; i++) {
		const struct request *r;

		unit_context("port %s front first %d", ports[i & 1], i >> 1);
		bench_begin(&b, DB_SPANS_APP);
		if (i >> 1)
			known_worker(&b);
		worker_query(&b, INNER_CONN, 16);
		if (i >> 1)
			router(&b, 10, 25, WEB_OK);
		worker(&b, ports[i & 1], 13, 20, 1);
		if (!(i >> 1)) {
			bench_tick(&b, 310);
			CHECK_EQ(b.count, 0);
			router(&b, 10, 25, WEB_OK);
		}
		bench_tick(&b, 400);
		bench_tick(&b, 9000);
		r = bench_only(&b);
		if (r) {
			CHECK_EQ(r->flags, REQUEST_JOINED_FRONT);
			CHECK_EQ(r->start_ns, NS(10));
			CHECK_EQ(r->end_ns, NS(25));
			CHECK_EQ(r->first_byte_ns, NS(25));
			CHECK_EQ(r->queue_ns, NS(5));
			CHECK_EQ(r->tid, WORKER);
			CHECK_STR(r->client_ip, "192.0.2.7");
			CHECK_STR(r->target, "/todos/");
			CHECK_EQ(r->bytes_in, sizeof(WEB_GET) - 1);
			CHECK_EQ(r->statement_count, 1);
		}
		CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 0);
		bench_end(&b);
	}
}

/*
 * One client asks for the same three times without waiting: the front passes one on after the
 * other, and each worker's request has the answer that its own front's request got.
 */
TEST(trace_join_pipelined_behind_uwsgi)
{
	static const char answers[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
				      "HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n"
				      "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n";
	const uint32_t each = (sizeof(answers) - 1) / 3;
	uint8_t buf[512];
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	known_worker(&b);
	EXCHANGE(&b, .conn = FRONT_CONN, .tid = ROUTER, .peer = CLIENT, .peer_port = 34567,
		 .request = LITERAL(WEB_GET WEB_GET WEB_GET), .request_ms = 10,
		 .response = LITERAL(answers),
		 .response_calls = { { each, 20 }, { 2 * each, 30 }, { 3 * each, 40 } },
		 .closed_ms = 41, .flags = BX_EX_CLOSED_LOCAL);
	for (uint32_t i = 0; i < 3; i++)
		EXCHANGE(&b, .conn = INNER_CONN + i, .protocol = BX_PROTO_UWSGI, .tid = WORKER + i,
			 .request = variables(buf, "34567"), .request_ms = 11 + 10 * i,
			 .response = LITERAL(WEB_OK), .response_ms = 19 + 10 * i,
			 .flags = BX_EX_CLOSED_LOCAL);
	bench_tick(&b, 400);
	bench_settle(&b);
	if (CHECK_EQ(b.count, 3))
		for (uint32_t i = 0; i < 3; i++) {
			unit_context("request %u", i);
			CHECK_EQ(b.requests[i].status, 200 + i);
			CHECK_EQ(b.requests[i].end_ns / NS(1), 20 + 10 * i);
			CHECK_EQ(b.requests[i].tid, WORKER + i);
			CHECK_EQ(b.requests[i].flags, REQUEST_JOINED_FRONT);
		}
	bench_end(&b);
}

/*
 * The client's view counts: a worker that was killed, and a front that says 502; a client that
 * left before the end.
 */
TEST(trace_join_status_is_the_fronts)
{
	static const struct {
		const char *answer;
		int status;
		uint32_t flags;
	} table[] = {
		{ "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", 502,
		  REQUEST_JOINED_FRONT },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nabc", 200,
		  REQUEST_JOINED_FRONT | REQUEST_ABORTED },
		{ "", 0, REQUEST_JOINED_FRONT | REQUEST_NO_RESPONSE },
	};
	uint8_t buf[512];

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct request *r;
		struct bench b;

		unit_context("row %zu", i);
		bench_begin(&b, DB_SPANS_APP);
		EXCHANGE(&b, .conn = INNER_CONN, .protocol = BX_PROTO_UWSGI, .tid = WORKER,
			 .request = variables(buf, "34567"), .request_ms = 13, .closed_ms = 20,
			 .flags = BX_EX_CLOSED_LOCAL);
		router(&b, 10, 25, table[i].answer);
		bench_tick(&b, 30);
		r = bench_only(&b);
		if (r) {
			CHECK_EQ(r->status, table[i].status);
			CHECK_EQ(r->flags, table[i].flags);
		}
		bench_end(&b);
	}
}

/* No worker has seen it: after a while the front's own request goes out, and says so. */
TEST(trace_join_front_only)
{
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	worker(&b, "34567", 13, 20, 0);
	router(&b, 10, 25, WEB_OK);
	bench_tick(&b, 30);
	CHECK_EQ(b.count, 1);
	EXCHANGE(&b, .conn = 5, .tid = ROUTER, .peer = CLIENT, .request = LITERAL(WEB_GET),
		 .request_ms = 40,
		 .response = LITERAL("HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"),
		 .response_ms = 45, .flags = BX_EX_CLOSED_LOCAL);
	bench_tick(&b, 100);
	bench_tick(&b, 300);
	CHECK_EQ(b.count, 1);
	bench_tick(&b, 360);
	if (CHECK_EQ(b.count, 2)) {
		r = &b.requests[1];
		CHECK_EQ(r->status, 504);
		CHECK_EQ(r->flags, REQUEST_FRONT_ONLY);
		CHECK_STR(r->client_ip, "192.0.2.7");
	}
	bench_end(&b);
}

/* Workers whose front is not traced: the first request waits once, later ones do not. */
TEST(trace_join_no_front_in_the_tree)
{
	struct bench b;
	const struct request *r;
	uint8_t buf[512];

	bench_begin(&b, DB_SPANS_APP);
	bench_tick(&b, 1);
	worker(&b, "34567", 13, 20, 0);
	bench_tick(&b, 30);
	bench_tick(&b, 270);
	CHECK_EQ(b.count, 0);
	bench_tick(&b, 281);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->flags, 0);
		CHECK_STR(r->client_ip, "192.0.2.7");
		CHECK_STR(r->host, "h");
	}
	EXCHANGE(&b, .conn = 6, .protocol = BX_PROTO_UWSGI, .tid = WORKER,
		 .request = variables(buf, "34568"), .request_ms = 300, .response = LITERAL(WEB_OK),
		 .response_ms = 310, .flags = BX_EX_CLOSED_LOCAL);
	CHECK_EQ(b.count, 2);
	bench_end(&b);
}

/* A slow client: the worker has answered long ago, the front is still sending. */
TEST(trace_join_waits_for_an_open_front)
{
	static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab";
	struct bench_exchange front = { .conn = FRONT_CONN,
					.tid = ROUTER,
					.peer = CLIENT,
					.peer_port = 34567,
					.request = LITERAL(WEB_GET),
					.request_ms = 10,
					.response = LITERAL(half),
					.response_ms = 21,
					.flags = BX_EX_SNAPSHOT };
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	bench_exchange(&b, &front);
	worker(&b, "34567", 13, 20, 0);
	for (int ms = 100; ms < 9000; ms += 500)
		bench_tick(&b, ms);
	CHECK_EQ(b.count, 0);
	front.response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd");
	front.response_ms = 9000;
	bench_exchange(&b, &front);
	r = bench_only(&b);
	if (r)
		CHECK_EQ(r->end_ns, NS(9000));
	bench_end(&b);
}

/* A server without fronts and workers around it is never delayed. */
TEST(trace_join_plain_server_is_not_delayed)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	router(&b, 10, 25, WEB_OK);
	CHECK_EQ(b.count, 1);
	bench_end(&b);
}

/*
 * The router gave up and said 504; the worker goes on for a long time. One request: what the client
 * saw, with what the worker did.
 */
TEST(trace_join_worker_outlasts_its_front)
{
	struct bench_exchange open = { .conn = INNER_CONN,
				       .protocol = BX_PROTO_UWSGI,
				       .tid = WORKER,
				       .request_ms = 13,
				       .flags = BX_EX_SNAPSHOT };
	const struct request *r;
	uint8_t buf[512];
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	known_worker(&b);
	open.request = variables(buf, "34567");
	bench_exchange(&b, &open);
	router(&b, 10, 25, "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n");
	for (int ms = 400; ms < 9000; ms += 500)
		bench_tick(&b, ms);
	CHECK_EQ(b.count, 0);
	worker_query(&b, INNER_CONN, 8000);
	worker(&b, "34567", 13, 9000, 1);
	bench_tick(&b, 9300);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->status, 504);
		CHECK_EQ(r->flags, REQUEST_JOINED_FRONT);
		CHECK_EQ(r->end_ns, NS(25));
		CHECK_EQ(r->statement_count, 1);
	}
	bench_settle(&b);
	CHECK_EQ(b.count, 1);
	bench_end(&b);
}

/* It never ends: the front's answer goes out after a while, and the worker's not at all. */
TEST(trace_join_worker_never_ends)
{
	const struct request *r;
	uint8_t buf[512];
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	known_worker(&b);
	EXCHANGE(&b, .conn = INNER_CONN, .protocol = BX_PROTO_UWSGI, .tid = WORKER,
		 .request = variables(buf, "34567"), .request_ms = 13, .flags = BX_EX_SNAPSHOT);
	router(&b, 10, 25, "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n");
	bench_tick(&b, 400);
	bench_tick(&b, 590000);
	CHECK_EQ(b.count, 0);
	bench_tick(&b, 601000);
	r = bench_only(&b);
	if (r)
		CHECK_EQ(r->status, 504);
	worker(&b, "34567", 13, 602000, 0);
	bench_settle(&b);
	CHECK_EQ(b.count, 1);
	bench_end(&b);
}
