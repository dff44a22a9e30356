/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h - a request from the moment its head is read until it is handed on or given up.
 */
#ifndef BPFXRAY_TRACE_LIVE_H
#define BPFXRAY_TRACE_LIVE_H

#include "proto/http1.h"
#include "proto/uwsgi.h"
#include "trace/conn.h"

/* A request head of either protocol. */
struct request_head {
	bool uwsgi;
	struct http1_request http;
	struct uwsgi_request vars;
};

/*
 * Parses as the protocol says (@cut: what is there of a head whose rest was not captured). As
 * http1_parse_request().
 */
int request_head_parse(struct bytes in, bool uwsgi, bool cut, struct request_head *ret);

/* Fills the fields of @live that its head tells. 0 or -ENOMEM. */
int request_head_fill(struct trace *trace, const struct request_head *head, const struct conn *conn,
		      struct live *live);

/* The first byte of a request's head: in which exchange, when, and read by which thread. */
struct live_origin {
	const struct bx_exchange *ex;
	uint64_t start_ns;
	uint32_t tid;	/* 0: not known */
	bool pipelined; /* requests of its connection were unanswered when it came */
};

/* A new request, known to its thread, process and peer. 0 or -ENOMEM. */
int live_new(struct trace *trace, const struct conn *conn, const struct live_origin *origin,
	     const struct request_head *head, struct live **ret);

/*
 * Its answer began, sent by thread @tid (0: not known); the answer before it on the connection
 * ended at @after_ns. A pipelined request, or one that another thread has read, belongs to the
 * thread that answers it. 0 or -ENOMEM.
 */
int live_answer(struct trace *trace, struct live *live, uint32_t tid, uint64_t after_ns);

/* The request goes on in another exchange of its connection. 0 or -ENOMEM. */
int live_cover(struct trace *trace, struct live *live, uint32_t seq);

/*
 * Its answer has ended, or (@whole false) its connection before it. It is handed on at once or when
 * what it waits for has come: @live may be gone after this. Without the answer's end the thread may
 * have worked for it until any time.
 */
void live_finish(struct trace *trace, struct live *live, uint64_t end_ns, bool whole);

/* What has become of @live, in the counter for that: only the first word counts. */
void live_count(struct trace *trace, struct live *live, uint64_t *counter);

/* Takes it out of everything but its route: what it asked for is still known. */
void live_retire(struct trace *trace, struct live *live);

/* Takes it out of everything and frees it. */
void live_free(struct trace *trace, struct live *live);

/*
 * The live requests of connections whose other end has TCP port @port, or is the unix socket @ino
 * (the other one 0), chained by end_next.
 */
struct live *live_by_end(const struct trace *trace, uint16_t port, uint64_t ino);

#endif
