// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_fronts.c - workers that speak HTTP behind a front of the same tree: which of its
 * requests is which of theirs, and that no request is told twice or not at all when that is not
 * proven.
 */
#include "trace_mysql.h"
#include "util/array.h"

#define NGINX	   10
#define WORKER	   20
#define CLIENT	   0xc0000207 /* 192.0.2.7 */
#define INNER_CONN 2
#define HOP_CONN   3
#define HOP_INO	   7001

#define ANSWER(status) "HTTP/1.1 " status " X\r\nContent-Length: 2\r\n\r\nok"
#define OPEN_ANSWER    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"
#define AGENT(name)    "GET /todos/ HTTP/1.1\r\nHost: h\r\nUser-Agent: " name "\r\n\r\n"

/* One exchange on the way from the client to the worker. */
struct leg {
	const char *head;
	const char *answer;
	double from_ms;
	double to_ms;
	uint32_t client;
};

/* A request that nginx got on @conn, and passed on. */
static void front(struct bench *b, uint64_t conn, struct leg leg)
{
	EXCHANGE(b, .conn = conn, .tid = NGINX, .peer = leg.client ? leg.client : CLIENT,
		 .established_ms = leg.from_ms - 1,
		 .request = bytes_str(leg.head ? leg.head : WEB_GET), .request_ms = leg.from_ms,
		 .response = bytes_str(leg.answer ? leg.answer : WEB_OK), .response_ms = leg.to_ms,
		 .flags = BX_EX_SNAPSHOT);
}

/* nginx's connection to the worker. */
static void hop(struct bench *b, double from_ms, double to_ms)
{
	EXCHANGE(b, .conn = HOP_CONN, .tid = NGINX, .role = BX_ROLE_CLIENT, .local_port = 41000,
		 .peer_port = 8001, .request = LITERAL(WEB_GET), .request_ms = from_ms,
		 .response = LITERAL(WEB_OK), .response_ms = to_ms, .flags = BX_EX_CLOSED_LOCAL);
}

/* The worker's end of it. */
static void inner(struct bench *b, struct leg leg)
{
	EXCHANGE(b, .conn = INNER_CONN, .tid = WORKER, .peer = 0x7f000001, .peer_port = 41000,
		 .local_port = 8001, .request = bytes_str(leg.head ? leg.head : WEB_GET),
		 .request_ms = leg.from_ms, .response = bytes_str(leg.answer ? leg.answer : WEB_OK),
		 .response_ms = leg.to_ms, .flags = BX_EX_CLOSED_LOCAL);
}

/* Both over a unix socket: @ino is the front's end; 0: the kernel could not name it. */
static void unix_hop(struct bench *b, uint64_t conn, uint32_t nginx, uint64_t ino, double ms)
{
	EXCHANGE(b, .conn = conn, .tid = nginx, .role = BX_ROLE_CLIENT, .family = 1, .ino = ino,
		 .request = LITERAL(WEB_GET), .request_ms = ms, .response = LITERAL(WEB_OK),
		 .response_ms = ms + 7, .flags = BX_EX_CLOSED_LOCAL);
}

static void unix_inner(struct bench *b, uint64_t conn, uint64_t ino, struct leg leg)
{
	EXCHANGE(b, .conn = conn, .tid = WORKER, .family = 1, .peer_ino = ino,
		 .request = bytes_str(leg.head ? leg.head : WEB_GET), .request_ms = leg.from_ms,
		 .response = bytes_str(leg.answer ? leg.answer : WEB_OK), .response_ms = leg.to_ms,
		 .flags = BX_EX_CLOSED_LOCAL);
}

/* Time passes as it does for the agent. */
static void pass(struct bench *b, int from_ms, int to_ms)
{
	for (int ms = from_ms; ms <= to_ms; ms += 50)
		bench_tick(b, ms);
}

static size_t joined(const struct bench *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += !!(b->requests[i].flags & REQUEST_JOINED_FRONT);
	return n;
}

static size_t with_status(const struct bench *b, int status)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += b->requests[i].status == status;
	return n;
}

TEST(trace_fronts_http)
{
	struct bench b;

	for (int order = 0; order < 3; order++) {
		const struct request *r;

		unit_context("order %d", order);
		bench_begin(&b, DB_SPANS_APP);
		/* in the last the tree is known to have a proxy: the worker's record may be first
		 */
		if (order == 2)
			EXCHANGE(&b, .conn = 90, .tid = NGINX, .role = BX_ROLE_CLIENT,
				 .request = LITERAL(WEB_GET), .request_ms = 1,
				 .response = LITERAL(WEB_OK), .response_ms = 2);
		else
			hop(&b, 12, 20);
		if (order == 1)
			front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22 });
		inner(&b, (struct leg){ .from_ms = 13, .to_ms = 19 });
		if (order != 1)
			front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22 });
		if (order == 2)
			hop(&b, 12, 20);
		pass(&b, 30, 600);
		r = bench_only(&b);
		if (r) {
			CHECK_EQ(r->flags, REQUEST_JOINED_FRONT);
			CHECK_EQ(r->start_ns, NS(10));
			CHECK_EQ(r->end_ns, NS(22));
			CHECK_EQ(r->queue_ns, NS(4));
			CHECK_STR(r->client_ip, "192.0.2.7");
			CHECK_EQ(r->tid, WORKER);
		}
		bench_end(&b);
	}
}

#define TRACED(id)    "GET /todos/ HTTP/1.1\r\nHost: h\r\nX-Amzn-Trace-Id: Root=" id "\r\n\r\n"
#define FORWARDED(ip) "GET /todos/ HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4, " ip "\r\n\r\n"

/*
 * Two requests for the same target are open at once: a header or the answer tells which it was, or
 * nothing does.
 */
static const struct {
	struct leg first;
	struct leg second;
	struct leg worker;
	const char *client; /* NULL: not joined */
} ambiguous[] = {
	{ { .head = TRACED("1-a") },
	  { .head = TRACED("1-b") },
	  { .head = TRACED("1-b") },
	  "192.0.2.8" },
	{ { .head = WEB_GET },
	  { .head = WEB_GET },
	  { .head = FORWARDED("192.0.2.7") },
	  "192.0.2.7" },
	{ { .head = AGENT("a") }, { .head = AGENT("b") }, { .head = AGENT("a") }, "192.0.2.7" },
	{ { .answer = ANSWER("400") },
	  { .answer = ANSWER("201") },
	  { .answer = ANSWER("201") },
	  "192.0.2.8" },
	{ { .answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" },
	  { .head = NULL },
	  { .head = NULL },
	  "192.0.2.8" },
	{ { .head = WEB_GET }, { .head = WEB_GET }, { .head = WEB_GET }, NULL },
	{ { .head = TRACED("1-a") }, { .head = TRACED("1-a") }, { .head = TRACED("1-a") }, NULL },
};

TEST(trace_fronts_ambiguous)
{
	for (size_t i = 0; i < ARRAY_LEN(ambiguous); i++) {
		struct leg first = ambiguous[i].first, second = ambiguous[i].second,
			   in = ambiguous[i].worker;
		struct bench b;

		unit_context("row %zu", i);
		first.from_ms = 10;
		first.to_ms = 22;
		second.from_ms = 11;
		second.to_ms = 24;
		second.client = CLIENT + 1;
		in.from_ms = 13;
		in.to_ms = 19;
		bench_begin(&b, DB_SPANS_APP);
		hop(&b, 12, 20);
		front(&b, 1, first);
		front(&b, 5, second);
		inner(&b, in);
		pass(&b, 30, 600);
		/* the other one has no worker here: it goes out by itself */
		if (CHECK_EQ(b.count, 2) && CHECK_EQ(joined(&b), !!ambiguous[i].client)) {
			const struct request *r = &b.requests[!(b.requests[0].tid == WORKER)];

			CHECK_STR(r->client_ip,
				  ambiguous[i].client ? ambiguous[i].client : "127.0.0.1");
			CHECK_EQ(r->tid, WORKER);
		}
		CHECK_EQ(COUNTERS(&b)->fronts_unjoined, !ambiguous[i].client);
		CHECK_EQ(COUNTERS(&b)->outbound_http, 1);
		bench_end(&b);
	}
}

/* One that fits is there at once; the true one, which fits as well, comes when it is swept. */
TEST(trace_fronts_the_true_one_comes_late)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	unix_hop(&b, HOP_CONN, NGINX, 0, 12);
	bench_tick(&b, 1);
	front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22 });
	unix_inner(&b, INNER_CONN, 0, (struct leg){ .from_ms = 13, .to_ms = 19 });
	pass(&b, 30, 180);
	front(&b, 5, (struct leg){ .from_ms = 11, .to_ms = 24, .client = CLIENT + 1 });
	pass(&b, 230, 1000);
	CHECK_EQ(b.count, 2);
	CHECK_EQ(joined(&b), 0);
	CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 1);
	bench_end(&b);
}

/* Two of each that cannot be told apart: the workers' requests go out, and nothing goes out twice.
 */
TEST(trace_fronts_two_pairs)
{
	struct bench b;

	for (int order = 0; order < 2; order++) {
		unit_context("order %d", order);
		bench_begin(&b, DB_SPANS_APP);
		unix_hop(&b, HOP_CONN, NGINX, 0, 12);
		if (order)
			unix_inner(&b, 12, 0, (struct leg){ .from_ms = 13, .to_ms = 19 });
		front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22 });
		front(&b, 5, (struct leg){ .from_ms = 11, .to_ms = 24 });
		if (!order)
			unix_inner(&b, 12, 0, (struct leg){ .from_ms = 13, .to_ms = 19 });
		unix_inner(&b, 14, 0, (struct leg){ .from_ms = 14, .to_ms = 21 });
		pass(&b, 30, 1000);
		CHECK_EQ(b.count, 2);
		CHECK_EQ(joined(&b), 0);
		CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 2);
		bench_end(&b);
	}
}

/* The ends of a unix socket name each other: the process is proven as it is over TCP. */
TEST(trace_fronts_unix_sockets_named)
{
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	unix_hop(&b, HOP_CONN, NGINX, HOP_INO, 12);
	unix_hop(&b, 4, NGINX + 1, HOP_INO + 1, 12);
	front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22 });
	EXCHANGE(&b, .conn = 5, .tid = NGINX + 1, .peer = CLIENT + 1, .request = LITERAL(WEB_GET),
		 .request_ms = 11, .response = LITERAL(WEB_OK), .response_ms = 23,
		 .flags = BX_EX_SNAPSHOT);
	unix_inner(&b, 12, HOP_INO + 1, (struct leg){ .from_ms = 13, .to_ms = 19 });
	unix_inner(&b, 14, HOP_INO, (struct leg){ .from_ms = 14, .to_ms = 21 });
	pass(&b, 30, 1000);
	if (CHECK_EQ(b.count, 2) && CHECK_EQ(joined(&b), 2)) {
		r = &b.requests[0];
		CHECK_STR(r[r[0].start_ns != NS(10)].client_ip, "192.0.2.7");
		CHECK_STR(r[r[0].start_ns == NS(10)].client_ip, "192.0.2.8");
	}
	CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 0);
	bench_end(&b);
}

/* The very first request after the attach: that there is a proxy is told last. */
TEST(trace_fronts_first_request)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	trace_expect_fronts(b.trace);
	unix_inner(&b, 12, HOP_INO, (struct leg){ .from_ms = 13, .to_ms = 19 });
	bench_tick(&b, 30);
	front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22 });
	bench_tick(&b, 80);
	unix_hop(&b, HOP_CONN, NGINX, HOP_INO, 12);
	pass(&b, 130, 600);
	CHECK_EQ(b.count, 1);
	CHECK_EQ(joined(&b), 1);
	bench_end(&b);
}

/* Its other end is named, and no traced process holds it: whoever else uses unix sockets. */
TEST(trace_fronts_unix_socket_of_a_stranger)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	unix_hop(&b, HOP_CONN, NGINX, HOP_INO, 12);
	front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22 });
	unix_inner(&b, 12, 999, (struct leg){ .from_ms = 13, .to_ms = 19 });
	pass(&b, 30, 1000);
	CHECK_EQ(b.count, 2);
	CHECK_EQ(joined(&b), 0);
	CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 0);
	bench_end(&b);
}

/* What the front answers itself is a segment, whatever a worker does at the same time. */
TEST(trace_fronts_own_error_beside_a_worker)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	unix_hop(&b, HOP_CONN, NGINX, 0, 12);
	front(&b, 1, (struct leg){ .from_ms = 9, .to_ms = 21, .answer = ANSWER("502") });
	front(&b, 5, (struct leg){ .from_ms = 10, .to_ms = 22 });
	front(&b, 6, (struct leg){ .from_ms = 11, .to_ms = 24 });
	unix_inner(&b, 12, 0, (struct leg){ .from_ms = 13, .to_ms = 19 });
	unix_inner(&b, 14, 0, (struct leg){ .from_ms = 14, .to_ms = 20 });
	pass(&b, 30, 1000);
	CHECK_EQ(b.count, 3);
	CHECK_EQ(with_status(&b, 502), 1);
	CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 2);
	bench_end(&b);
}

/* nginx gave up with 504; the worker goes on, and is the same request. */
TEST(trace_fronts_worker_outlasts)
{
	struct bench_exchange open = { .conn = 12,
				       .tid = WORKER,
				       .family = 1,
				       .peer_ino = HOP_INO,
				       .request = LITERAL(WEB_GET),
				       .request_ms = 13,
				       .flags = BX_EX_SNAPSHOT };
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	unix_hop(&b, HOP_CONN, NGINX, HOP_INO, 12);
	bench_exchange(&b, &open);
	front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 60000, .answer = ANSWER("504") });
	pass(&b, 60050, 70000);
	CHECK_EQ(b.count, 0);
	unix_inner(&b, 12, HOP_INO, (struct leg){ .from_ms = 13, .to_ms = 70000 });
	pass(&b, 70050, 71000);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->status, 504);
		CHECK_EQ(r->flags, REQUEST_JOINED_FRONT);
		CHECK_EQ(r->end_ns, NS(60000));
		CHECK_EQ(r->tid, WORKER);
	}
	bench_end(&b);
}

/* Two slow clients: the workers' requests are told long before their fronts have ended. */
TEST(trace_fronts_slow_clients)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	unix_hop(&b, HOP_CONN, NGINX, 0, 12);
	front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 22, .answer = OPEN_ANSWER });
	front(&b, 5, (struct leg){ .from_ms = 11, .to_ms = 24, .answer = OPEN_ANSWER });
	unix_inner(&b, 12, 0, (struct leg){ .from_ms = 13, .to_ms = 19 });
	unix_inner(&b, 14, 0, (struct leg){ .from_ms = 14, .to_ms = 20 });
	pass(&b, 30, 9000);
	CHECK_EQ(b.count, 2);
	front(&b, 1, (struct leg){ .from_ms = 10, .to_ms = 9000 });
	front(&b, 5, (struct leg){ .from_ms = 11, .to_ms = 9000 });
	pass(&b, 9050, 10000);
	CHECK_EQ(b.count, 2);
	CHECK_EQ(COUNTERS(&b)->fronts_unjoined, 2);
	bench_end(&b);
}

/* What a front sends to a worker is not read: bytes of it that did not fit are no loss. */
TEST(trace_fronts_outbound_fragments_are_no_loss)
{
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	bench_fragment(&b, HOP_CONN, 1, 1, 500, 0, LITERAL("more of the answer"));
	hop(&b, 12, 20);
	bench_settle(&b);
	CHECK_EQ(COUNTERS(&b)->outbound_http, 1);
	CHECK_EQ(COUNTERS(&b)->fragments_orphaned, 0);
	bench_end(&b);
}
