/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_conn.h - a server's HTTP or uwsgi connection: exchanges come in, requests with their
 * answers' times go out.
 */
#ifndef BPFXRAY_TRACE_HTTP_CONN_H
#define BPFXRAY_TRACE_HTTP_CONN_H

#include "trace/conn.h"
#include "trace/http_stream.h"
#include "trace/live.h"

struct http_conn {
	struct http_stream requests;
	struct http_stream responses;
	struct list unanswered; /* struct live.conn_link, in order */
	struct live *reading;	/* whose body is coming in; NULL: none, or it is answered already */
	struct thread *upgraded; /* of thread_upgrade(), or NULL */
	uint64_t last_in_ns;
	uint64_t last_out_ns;
	uint64_t last_end_ns; /* of the last answer */
	bool last_closes;     /* the last answer said that it closes the connection */
	bool chunks_lost; /* bytes of a chunked answer were missing: its end is looked for in the
			     tail */
};

/* One record on its way through the module. */
struct http_step {
	struct trace *trace;
	struct conn *conn;
	struct http_conn *http;
	const struct bx_exchange *ex;
	struct turn turn; /* of the direction in work */
};

/*
 * Takes in a record. @fresh: the first one of its exchange. 0 or -ENOMEM.
 */
int http_server_exchange(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
			 bool fresh);

/* The exchange has ended because the next one began. */
void http_conn_turned(struct trace *trace, struct conn *conn);

/* The connection has ended with the record @ex. */
void http_conn_closed(struct trace *trace, struct conn *conn, const struct bx_exchange *ex);

/* Exchanges are missing, or the connection is forgotten: what was open cannot be finished. */
void http_conn_lost(struct trace *trace, struct conn *conn);

/* The end of tracing: counts what is open. */
void http_conn_abandon(struct trace *trace, struct conn *conn);

/* True while requests wait for their answers. */
bool http_conn_busy(const struct conn *conn);

/* True when no request is open and none has begun to come in. */
bool http_conn_idle(const struct conn *conn);

/* Returns NULL. No request may be open. */
struct http_conn *http_conn_free(struct http_conn *http);

/* The two directions; private to http_*.c. 0 or -ENOMEM. */
int http_requests_read(struct http_step *step);
int http_responses_read(struct http_step *step);
/* Takes an unfinished head as a request because an answer to it has begun. */
int http_requests_cut(struct http_step *step);
/* The first unanswered request has been answered up to @end_ns. */
void http_answered(struct http_step *step, uint64_t end_ns, bool whole);

#endif
