// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_names.c - a name server's answer within a request, as a datagram and over TCP: it
 * names the database that the request connects to, and is no statement itself.
 */
#include "trace_build.h"
#include "unit.h"

#define WEB_CONN  1
#define DB_CONN	  2
#define DNS_CONN  3
#define NAMED_LEN (sizeof(answer) - 1)

/* main.db is 127.0.0.1. */
static const uint8_t answer[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\4main\2db\0\0\1\0\1"
				"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1";

/* A connect that fails in a request, which the kernel counts one child of. */
static const struct request *request_with_connect(struct bench *b)
{
	EXCHANGE(b, .conn = DB_CONN, .seq = 1, .protocol = BX_PROTO_OTHER, .role = BX_ROLE_CLIENT,
		 .flags = BX_EX_CONNECT_FAILED, .peer_port = 3306, .error = 111, .connect_ms = 20.2,
		 .opened_ms = 20.4, .owner_conn = WEB_CONN, .owner_seq = 1);
	EXCHANGE(b, .conn = WEB_CONN, .seq = 1, .request = LITERAL("GET / HTTP/1.1\r\n\r\n"),
		 .response = LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		 .request_ms = 10, .response_ms = 40, .children = 1);
	bench_settle(b);
	return bench_only(b);
}

static void check_named(const struct request *r, const char *name)
{
	if (!r || !CHECK_EQ(r->statement_count, 1))
		return;
	CHECK_STR(r->statements[0].peer.name, name);
	CHECK_STR(r->statements[0].peer.address, "127.0.0.1");
	CHECK_EQ(r->flags, 0);
}

TEST(trace_name_by_a_datagram)
{
	static const struct {
		double at_ms;
		const char *name;
	} rows[] = { { 20, "main.db" }, { 20.3, "" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct {
			struct bx_dns head;
			uint8_t data[NAMED_LEN];
		} record = { .head = { .record = { BX_RECORD_DNS, sizeof(record) },
				       .at_ns = (uint64_t)(rows[i].at_ms * 1e6),
				       .tgid = BENCH_THREAD,
				       .tid = BENCH_THREAD,
				       .data_len = NAMED_LEN } };
		struct bench b;

		unit_context("at %.1f ms", rows[i].at_ms);
		memcpy(record.data, answer, NAMED_LEN);
		bench_begin(&b, DB_SPANS_APP);
		trace_dns(b.trace, &record.head);
		check_named(request_with_connect(&b), rows[i].name);
		bench_end(&b);
	}
}

TEST(trace_name_over_tcp)
{
	uint8_t stream[2 * (2 + NAMED_LEN)];
	struct bench b;

	for (size_t i = 0; i < 2; i++) {
		uint8_t *to = stream + i * (2 + NAMED_LEN);

		to[0] = 0;
		to[1] = NAMED_LEN;
		memcpy(to + 2, answer, NAMED_LEN);
	}
	stream[2 + NAMED_LEN + 2 + 13] = 'x'; /* `xain.db`, and that in a piece of its own */
	bench_begin(&b, DB_SPANS_APP);
	bench_fragment(&b, DNS_CONN, 1, 1, 2 + NAMED_LEN + 9, 0,
		       bytes_of(stream + 2 + NAMED_LEN + 9, NAMED_LEN - 7));
	EXCHANGE(&b, .conn = DNS_CONN, .seq = 1, .protocol = BX_PROTO_DNS, .role = BX_ROLE_CLIENT,
		 .request = LITERAL("\0\4ask?"), .request_ms = 19, .response_ms = 20,
		 .peer_port = 53, .response = bytes_of(stream, 2 + NAMED_LEN + 9),
		 .response_total = sizeof(stream));
	check_named(request_with_connect(&b), "xain.db");
	CHECK_EQ(trace_counters(b.trace)->fragments_orphaned, 0);
	bench_end(&b);
}
