/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_build.h - builds the kernel's records for the tests of trace/, and keeps the requests that
 *come out.
 *
 *	struct bench b;
 *	bench_begin(&b, DB_SPANS_APP);
 *	EXCHANGE(&b, .conn = 1, .seq = 1, .request = LITERAL("GET / HTTP/1.1\r\n\r\n"), ...);
 *	bench_tick(&b, 100);
 *	... b.requests[0] ...
 *	bench_end(&b);
 *
 * Times are milliseconds. A field that is not named is 0, and 0 means the usual thing.
 */
#ifndef BPFXRAY_TESTS_TRACE_BUILD_H
#define BPFXRAY_TESTS_TRACE_BUILD_H

#include <linux/types.h>

#include "trace/trace.h"
#include "unit.h"
#include "util/array.h"

#define BENCH_REQUESTS_MAX 16
#define BENCH_THREAD	   100
#define NS(ms)		   ((uint64_t)((ms)*1000000.0))

struct bench {
	struct trace *trace;
	struct request requests[BENCH_REQUESTS_MAX]; /* in the order in which they were handed on */
	size_t count;
	double tick_ms;	    /* the last tick's time */
	uint64_t idle_conn; /* the last one that was told, and how many were */
	uint32_t idle_seq;
	size_t idle_count;
	size_t open_count; /* requests that were told before their end; the last one's number */
	uint64_t open_number;
	uint64_t gone_number; /* the last one that nothing more comes of */
};

/* A socket call: the turn's byte count behind it, and when it returned. */
struct bench_call {
	uint32_t end;
	double ms;
};

struct bench_exchange {
	uint64_t conn;
	uint32_t seq;	  /* 0: 1 */
	uint8_t protocol; /* 0: HTTP */
	uint8_t role;	  /* 0: server, client for MySQL */
	uint32_t flags;
	struct bytes request;
	struct bytes response;
	uint64_t request_total; /* 0: all of it is there */
	uint64_t response_total;
	double request_ms; /* when the request was read (MySQL: sent) */
	double response_ms;
	struct bench_call request_calls[4]; /* none: one call */
	struct bench_call response_calls[4];
	struct bx_hand request_hands[3]; /* changes of thread; none: not noted */
	struct bx_hand response_hands[3];
	uint64_t owner_conn;
	uint32_t owner_seq;
	uint32_t children;
	uint32_t tid;	 /* 0: BENCH_THREAD */
	uint32_t tgid;	 /* 0: the same as tid */
	uint16_t family; /* 0: IPv4 */
	uint64_t ino;	 /* of a unix socket, and of its other end */
	uint64_t peer_ino;
	uint32_t peer; /* IPv4 in host order; 0: 10.0.0.9 for a server, 127.0.0.1 for a client */
	uint16_t peer_port;  /* 0: 40000 + conn for a server, 3306 for a client */
	uint16_t local_port; /* 0: 8000 for a server, 50000 + conn for a client */
	double established_ms;
	double connect_ms;
	double opened_ms; /* 0: the first byte's */
	double closed_ms;
	uint32_t error;
};

void bench_begin(struct bench *b, enum db_spans db_spans);
void bench_end(struct bench *b);
/* Frees what a request in b->requests owns: copies, of the allocator's own memory. */
void bench_forget(struct request *r);

void bench_exchange(struct bench *b, const struct bench_exchange *from);
#define EXCHANGE(b, ...) bench_exchange((b), &(const struct bench_exchange){ __VA_ARGS__ })

/* The record that repeats exchange @from with only its header. */
void bench_same(struct bench *b, const struct bench_exchange *from, uint32_t flags);

/* @turn: 0 request, 1 response. */
void bench_fragment(struct bench *b, uint64_t conn, uint32_t seq, uint32_t turn, uint64_t offset,
		    uint32_t flags, struct bytes data);

void bench_tick(struct bench *b, double ms);

/* Lets more time pass than anything waits for that is not still open. */
void bench_settle(struct bench *b);

/* The only request that came out, or NULL with a failed check. */
const struct request *bench_only(struct bench *b);

#define COUNTERS(b) (trace_counters((b)->trace))

#endif
