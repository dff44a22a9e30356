// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_strict.c - connections that are older than the trace: what is taken for MySQL, and
 * what is not.
 */
#include "trace_mysql.h"
#include "util/array.h"

struct candidate {
	const char *name;
	struct bytes request;
	struct bytes response;
	bool accept;
};

#define REPLY_OK  LIT("\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00")
#define REPLY_ERR LIT("\x0d\x00\x00\x01\xff\x7a\x04#42S02None")

static const struct candidate CANDIDATES[] = {
	{ "query and ok", LIT("\x09\x00\x00\x00\x03SELECT 1"), REPLY_OK, true },
	{ "query and error", LIT("\x09\x00\x00\x00\x03SELECT 1"), REPLY_ERR, true },
	{ "query with attributes", LIT("\x0b\x00\x00\x00\x03\x00\x01SELECT 1"), REPLY_OK, true },
	{ "query and column count", LIT("\x09\x00\x00\x00\x03SELECT 1"),
	  LIT("\x01\x00\x00\x01\x03"), true },
	{ "ping", LIT("\x01\x00\x00\x00\x0e"), REPLY_OK, true },
	{ "execute", LIT("\x0a\x00\x00\x00\x17\x05\x00\x00\x00\x00\x01\x00\x00\x00"), REPLY_OK,
	  true },
	{ "close, then query",
	  LIT("\x05\x00\x00\x00\x19\x05\x00\x00\x00\x09\x00\x00\x00\x03SELECT 1"), REPLY_OK, true },
	{ "not a statement", LIT("\x09\x00\x00\x00\x03SELEKT 1"), REPLY_OK, false },
	{ "length too short", LIT("\x08\x00\x00\x00\x03SELECT 1"), REPLY_OK, false },
	{ "length too long", LIT("\x0a\x00\x00\x00\x03SELECT 1"), REPLY_OK, false },
	{ "sequence number", LIT("\x09\x00\x00\x01\x03SELECT 1"), REPLY_OK, false },
	{ "reply's sequence number", LIT("\x09\x00\x00\x00\x03SELECT 1"),
	  LIT("\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"), false },
	{ "error without its mark", LIT("\x09\x00\x00\x00\x03SELECT 1"),
	  LIT("\x0d\x00\x00\x01\xff\x7a\x04!42S02None"), false },
	{ "error number", LIT("\x09\x00\x00\x00\x03SELECT 1"),
	  LIT("\x0d\x00\x00\x01\xff\x7a\x00#42S02None"), false },
	{ "ping answered by rows", LIT("\x01\x00\x00\x00\x0e"), LIT("\x01\x00\x00\x01\x03"),
	  false },
	{ "unknown command", LIT("\x01\x00\x00\x00\x55"), REPLY_OK, false },
	{ "no reply", LIT("\x09\x00\x00\x00\x03SELECT 1"), { NULL, 0 }, false },
};

static void send(struct bench *b, uint32_t seq, struct bytes request, struct bytes response,
		 uint32_t flags)
{
	EXCHANGE(b, .conn = DB_CONN, .seq = seq, .protocol = BX_PROTO_MYSQL, .owner_conn = OWNER,
		 .owner_seq = 1, .request = request, .request_ms = 18 + 2 * seq,
		 .response = response, .response_ms = 19 + 2 * seq,
		 .flags = BX_EX_MIDSTREAM | flags);
}

TEST(trace_strict_rule)
{
	for (size_t i = 0; i < ARRAY_LEN(CANDIDATES); i++) {
		const struct candidate *c = &CANDIDATES[i];
		const struct request *r;
		struct bench b;

		unit_context("%s", c->name);
		bench_begin(&b, DB_SPANS_ALL);
		/* a first snapshot without the answer decides nothing */
		send(&b, 7, c->request, BYTES_NONE, BX_EX_SNAPSHOT);
		CHECK_EQ(COUNTERS(&b)->statements_rejected, 0);
		send(&b, 7, c->request, c->response, 0);
		CHECK_EQ(COUNTERS(&b)->statements_rejected, !c->accept);
		CHECK_EQ(COUNTERS(&b)->sequence_gaps, 0);
		web_request(&b, 60, 1);
		r = bench_only(&b);
		if (r)
			CHECK_EQ(r->statement_count, c->accept);
		bench_end(&b);
	}
}

/* One proof is enough: what follows need not look like anything. */
TEST(trace_strict_once_proven_trusted)
{
	const struct bytes odd = LIT("\x06\x00\x00\x00\x03selec");
	const struct bytes query = LIT("\x09\x00\x00\x00\x03SELECT 1");
	const struct bytes ok = REPLY_OK;
	const struct bytes err = REPLY_ERR;
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	send(&b, 4, odd, ok, 0);
	send(&b, 5, query, ok, 0);
	send(&b, 6, odd, err, 0);
	web_request(&b, 60, 3);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 2)) {
		CHECK_STR(r->statements[0].sql, "SELECT 1");
		CHECK_STR(r->statements[0].peer.user, "");
		CHECK_STR(r->statements[1].sql, "selec");
		CHECK(r->statements[1].failed);
	}
	CHECK_EQ(COUNTERS(&b)->statements_rejected, 1);
	bench_end(&b);
}

/*
 * The capabilities are unknown: whether an EOF stands behind the definitions is learned from the
 * answer.
 */
TEST(trace_strict_answers_without_capabilities)
{
	const struct bytes query = LIT("\x09\x00\x00\x00\x03SELECT 1");
	struct stream with_eof = PACKETS(1, ONE, DEF, EOF_, ROW, ROW, EOF_);
	struct stream without = PACKETS(1, ONE, DEF, ROW, ROW, END_OK);
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	send(&b, 4, query, bytes_of(with_eof.data, with_eof.len), 0);
	send(&b, 5, query, bytes_of(without.data, without.len), 0);
	web_request(&b, 60, 2);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 2)) {
		CHECK_EQ(r->statements[0].rows, 2);
		CHECK_EQ(r->statements[1].rows, 2);
	}
	bench_end(&b);
}
