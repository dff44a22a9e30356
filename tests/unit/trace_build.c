// SPDX-License-Identifier: Apache-2.0
/*
 * trace_build.c - records for the tests of trace/.
 */
#include "trace_build.h"

#include <stdlib.h>

#include "record_logs.h"

static char *copy_text(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void copy_statement(struct statement *to, const struct statement *from)
{
	*to = *from;
	to->sql = copy_text(from->sql);
	to->err_message = copy_text(from->err_message);
}

static void keep(void *ctx, const struct request *r)
{
	struct bench *b = ctx;
	struct request *to = &b->requests[b->count];

	if (!CHECK(b->count < BENCH_REQUESTS_MAX))
		return;
	b->count++;
	*to = *r;
	to->method = copy_text(r->method);
	to->scheme = copy_text(r->scheme);
	to->host = copy_text(r->host);
	to->target = copy_text(r->target);
	to->user_agent = copy_text(r->user_agent);
	to->x_forwarded_for = copy_text(r->x_forwarded_for);
	to->trace_header = copy_text(r->trace_header);
	to->answer_trace_header = copy_text(r->answer_trace_header);
	to->statements = calloc(r->statement_count + 1, sizeof(*to->statements));
	for (size_t i = 0; i < r->statement_count; i++)
		copy_statement(&to->statements[i], &r->statements[i]);
}

void bench_forget(struct request *r)
{
	free((char *)r->method);
	free((char *)r->scheme);
	free((char *)r->host);
	free((char *)r->target);
	free((char *)r->user_agent);
	free((char *)r->x_forwarded_for);
	free((char *)r->trace_header);
	free(r->answer_trace_header);
	for (size_t i = 0; i < r->statement_count; i++) {
		free(r->statements[i].sql);
		free(r->statements[i].err_message);
	}
	free(r->statements);
}

static void keep_idle(void *ctx, uint64_t conn, uint32_t seq)
{
	struct bench *b = ctx;

	b->idle_conn = conn;
	b->idle_seq = seq;
	b->idle_count++;
}

static void keep_open(void *ctx, const struct request *r)
{
	struct bench *b = ctx;

	CHECK(!r->end_ns && !r->statement_count && r->method);
	b->open_number = r->number;
	b->open_count++;
}

static void keep_gone(void *ctx, uint64_t number)
{
	struct bench *b = ctx;

	b->gone_number = number;
}

void bench_begin(struct bench *b, enum db_spans db_spans)
{
	struct trace_sink sink = {
		.request = keep, .ctx = b, .idle = keep_idle, .open = keep_open, .gone = keep_gone
	};

	memset(b, 0, sizeof(*b));
	CHECK_EQ(trace_new(db_spans, sink, &b->trace), 0);
}

/* Whatever the test was about: each request that began has become something. */
static void check_heads(const struct trace *trace)
{
	const struct trace_counters *c = trace_counters(trace);

	CHECK_EQ(c->heads, c->requests + c->fronts_joined + c->fronts_unjoined +
				   c->workers_disowned + c->abandoned + c->not_served +
				   c->requests_lost + trace_requests_open(trace));
}

void bench_end(struct bench *b)
{
	check_heads(b->trace);
	b->trace = trace_free(b->trace);
	for (size_t i = 0; i < b->count; i++)
		bench_forget(&b->requests[i]);
}

static void fill_turn(struct bx_turn *turn, struct bx_log *log, struct bytes text, uint64_t total,
		      double ms, const struct bench_call calls[4])
{
	uint32_t n = 0;

	turn->total = total ? total : text.len;
	turn->text_len = (uint32_t)text.len;
	turn->kept = (uint32_t)text.len;
	if (!turn->total)
		return;
	for (; n < 4 && calls[n].end; n++) {
		log->call[n].end = calls[n].end;
		log->call[n].after_us = (uint32_t)((calls[n].ms - calls[0].ms) * 1000 + 0.5);
		turn->last_ns = NS(calls[n].ms);
	}
	if (!n) {
		log->call[n++].end = (uint32_t)turn->total;
		turn->last_ns = NS(ms);
	}
	turn->first_ns = calls[0].end ? NS(calls[0].ms) : NS(ms);
	turn->calls = n;
	turn->calls_kept = n;
}

static void fill_hands(struct bx_turn *turn, struct bx_log *log, const struct bx_hand hands[3])
{
	for (; turn->hands < 3 && hands[turn->hands].tid; turn->hands++)
		log->hand[turn->hands] = hands[turn->hands];
}

static void put_ipv4(uint8_t to[16], uint32_t addr)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(addr >> (24 - 8 * i));
}

static void fill_addresses(struct bx_exchange *ex, const struct bench_exchange *from)
{
	bool server = ex->role == BX_ROLE_SERVER;
	uint32_t usual = server ? 0x0a000009 : 0x7f000001;

	ex->family = from->family ? from->family : 2;
	if (ex->family == 1) {
		memcpy(ex->local_addr, &from->ino, sizeof(from->ino));
		memcpy(ex->peer_addr, &from->peer_ino, sizeof(from->peer_ino));
		return;
	}
	put_ipv4(ex->peer_addr, from->peer ? from->peer : usual);
	put_ipv4(ex->local_addr, 0x7f000001);
	ex->peer_port = server ? (uint16_t)(40000 + from->conn) : 3306;
	ex->local_port = server ? 8000 : (uint16_t)(50000 + from->conn);
	if (from->peer_port)
		ex->peer_port = from->peer_port;
	if (from->local_port)
		ex->local_port = from->local_port;
}

static void fill_head(struct bx_exchange *ex, const struct bench_exchange *from)
{
	uint64_t first = ex->turn[0].first_ns ? ex->turn[0].first_ns : ex->turn[1].first_ns;

	ex->record.type = BX_RECORD_EXCHANGE;
	ex->conn = from->conn;
	ex->seq = from->seq ? from->seq : 1;
	ex->protocol = from->protocol ? from->protocol : BX_PROTO_HTTP1;
	ex->role = ex->protocol == BX_PROTO_MYSQL ? BX_ROLE_CLIENT : BX_ROLE_SERVER;
	if (from->role)
		ex->role = from->role;
	ex->flags = from->flags;
	ex->owner_conn = from->owner_conn;
	ex->owner_seq = from->owner_seq;
	ex->children = from->children;
	ex->tid = from->tid ? from->tid : BENCH_THREAD;
	ex->tgid = from->tgid ? from->tgid : ex->tid;
	ex->end_tid = ex->tid;
	ex->established_ns = NS(from->established_ms);
	ex->connect_ns = NS(from->connect_ms);
	ex->opened_ns = from->opened_ms > 0 ? NS(from->opened_ms) : first;
	ex->closed_ns = NS(from->closed_ms);
	ex->error = from->error;
}

/* In a block of its own exact size, so that a read behind the text is seen by the sanitizer. */
static struct bx_exchange *build(const struct bench_exchange *from)
{
	size_t text_len = from->request.len + from->response.len;
	struct bx_exchange head = { 0 }, *ex;
	struct bx_log log[2] = { 0 };
	uint8_t *text;

	fill_turn(&head.turn[0], &log[0], from->request, from->request_total, from->request_ms,
		  from->request_calls);
	fill_turn(&head.turn[1], &log[1], from->response, from->response_total, from->response_ms,
		  from->response_calls);
	fill_hands(&head.turn[0], &log[0], from->request_hands);
	fill_hands(&head.turn[1], &log[1], from->response_hands);
	fill_head(&head, from);
	fill_addresses(&head, from);
	head.text_len = (__u32)text_len;
	head.brief = record_is_brief(&head);
	head.record.len = (__u32)(sizeof(head) + bx_logs_len(&head) + text_len);
	ex = malloc(head.record.len);
	*ex = head;
	text = record_put_logs(ex, log, (uint8_t *)(ex + 1));
	if (from->request.len)
		memcpy(text, from->request.at, from->request.len);
	if (from->response.len)
		memcpy(text + from->request.len, from->response.at, from->response.len);
	return ex;
}

void bench_exchange(struct bench *b, const struct bench_exchange *from)
{
	struct bx_exchange *ex = build(from);

	CHECK_EQ(trace_exchange(b->trace, ex), 0);
	free(ex);
}

void bench_same(struct bench *b, const struct bench_exchange *from, uint32_t flags)
{
	struct bx_exchange *whole = build(from);
	size_t len = sizeof(*whole) + bx_logs_len(whole);
	struct bx_exchange *ex = malloc(len);

	memcpy(ex, whole, len);
	ex->flags = BX_EX_SAME | flags;
	ex->text_len = 0;
	ex->record.len = (__u32)len;
	CHECK_EQ(trace_exchange(b->trace, ex), 0);
	free(whole);
	free(ex);
}

void bench_fragment(struct bench *b, uint64_t conn, uint32_t seq, uint32_t turn, uint64_t offset,
		    uint32_t flags, struct bytes data)
{
	struct bx_fragment *f = calloc(1, sizeof(*f) + data.len);

	f->record.type = BX_RECORD_FRAGMENT;
	f->record.len = (__u32)(sizeof(*f) + data.len);
	f->conn = conn;
	f->seq = seq;
	f->turn = turn;
	f->offset = offset;
	f->flags = flags;
	f->data_len = (__u32)data.len;
	memcpy(f + 1, data.at, data.len);
	CHECK_EQ(trace_fragment(b->trace, f), 0);
	free(f);
}

void bench_tick(struct bench *b, double ms)
{
	b->tick_ms = ms;
	trace_tick(b->trace, NS(ms));
}

const struct request *bench_only(struct bench *b)
{
	return CHECK_EQ(b->count, 1) ? &b->requests[0] : NULL;
}

void bench_settle(struct bench *b)
{
	for (int i = 0; i < 300; i++)
		bench_tick(b, b->tick_ms + 50);
}
