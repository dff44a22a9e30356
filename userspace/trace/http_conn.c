// SPDX-License-Identifier: Apache-2.0
/*
 * http_conn.c - a server's connection from its first exchange to its end.
 */
#include "trace/http_conn.h"

#include <errno.h>

#include "trace/thread.h"

struct http_conn *http_conn_free(struct http_conn *http)
{
	if (!http)
		return NULL;
	if (http->upgraded)
		thread_downgrade(http->upgraded, http->last_in_ns > http->last_out_ns
							 ? http->last_in_ns
							 : http->last_out_ns);
	http_stream_clear(&http->requests);
	http_stream_clear(&http->responses);
	return pool_give(http);
}

static int http_conn_new(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	conn->http = pool_take(&trace->pools.http);
	if (!conn->http)
		return -ENOMEM;
	list_init(&conn->http->unanswered);
	conn->http->requests.unsure =
		ex->flags & BX_EX_MIDSTREAM || ex->seq > 1 || !ex->turn[TURN_REQUEST].total;
	return 0;
}

static struct live *first_unanswered(struct http_conn *http)
{
	return list_first(&http->unanswered, struct live, conn_link);
}

void http_answered(struct http_step *step, uint64_t end_ns, bool whole)
{
	struct http_conn *http = step->http;
	struct live *live = first_unanswered(http);

	if (http->reading == live)
		http->reading = NULL;
	http->last_closes = live->closes;
	http->last_end_ns = end_ns;
	live_finish(step->trace, live, end_ns, whole);
}

/* A lost direction has another chance when its next turn begins: there a message may begin. */
static void begin_turn(struct http_stream *s)
{
	s->fed = 0;
	if (s->state != HTTP_STREAM_LOST)
		return;
	s->state = HTTP_STREAM_HEAD;
}

static int begin_exchange(struct http_step *step)
{
	struct http_conn *http = step->http;

	if (!step->ex->turn[TURN_REQUEST].total && list_empty(&http->unanswered))
		step->trace->counters.begun_before++;
	begin_turn(&http->requests);
	begin_turn(&http->responses);
	http->reading = http->requests.state == HTTP_STREAM_BODY ? http->reading : NULL;
	list_for_each (&http->unanswered, it) {
		struct live *live = list_entry(it, struct live, conn_link);

		if (live_cover(step->trace, live, step->ex->seq) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_turn(struct http_step *step, int which, int (*read)(struct http_step *))
{
	int r = turn_open(&step->turn, step->ex, which, &step->conn->fragments);

	if (r < 0)
		return r;
	r = read(step);
	turn_close(&step->turn);
	return r;
}

/* An answer has begun although no request is known: the head was too long, or came too slowly. */
static bool answers_half_a_head(const struct http_step *step)
{
	return step->ex->turn[TURN_RESPONSE].total > step->http->responses.fed &&
	       list_empty(&step->http->unanswered) && step->http->requests.head_len;
}

/* A response without a length runs on, unless what follows is plainly the next one's head. */
static void end_unframed(struct http_step *step)
{
	struct http_conn *http = step->http;
	struct live *live = first_unanswered(http);
	struct http1_response rsp;

	if (!live || !live->until_close || http->responses.state != HTTP_STREAM_BODY ||
	    http->responses.fed || live->conn_link.next == &http->unanswered)
		return;
	if (http1_parse_response(turn_at(&step->turn, 0), &rsp) <= 0)
		return;
	http->responses.state = HTTP_STREAM_HEAD;
	http_answered(step, live->last_out_ns, true);
}

static int read_responses(struct http_step *step)
{
	end_unframed(step);
	return http_responses_read(step);
}

int http_server_exchange(struct trace *trace, struct conn *conn, const struct bx_exchange *ex,
			 bool fresh)
{
	struct http_step step = { .trace = trace, .conn = conn, .ex = ex };
	int r = conn->http ? 0 : http_conn_new(trace, conn, ex);

	if (r < 0)
		return r;
	step.http = conn->http;
	if (fresh)
		r = begin_exchange(&step);
	if (!r)
		r = read_turn(&step, TURN_REQUEST, http_requests_read);
	if (!r && answers_half_a_head(&step))
		r = http_requests_cut(&step);
	if (!r)
		r = read_turn(&step, TURN_RESPONSE, read_responses);
	if (ex->turn[TURN_REQUEST].last_ns)
		conn->http->last_in_ns = ex->turn[TURN_REQUEST].last_ns;
	if (ex->turn[TURN_RESPONSE].last_ns)
		conn->http->last_out_ns = ex->turn[TURN_RESPONSE].last_ns;
	return r;
}

/*
 * The client has gone on, so it has its answers; where they ended was not seen. With a head seen
 * the turn's last byte is the end; without one the status stays unknown.
 */
void http_conn_turned(struct trace *trace, struct conn *conn)
{
	struct http_conn *http = conn->http;
	struct http_step step = { .trace = trace, .conn = conn, .http = http };
	struct live *live;

	if (!http || http->responses.state != HTTP_STREAM_LOST)
		return;
	while ((live = first_unanswered(http))) {
		if (!live->response_begun)
			trace->counters.unparsed++;
		http_answered(&step, live->last_out_ns ? live->last_out_ns : http->last_out_ns,
			      true);
	}
}

/*
 * A response without a length is whole when the server closes; of one whose head was not captured
 * whole nothing is known to lack.
 */
static bool may_be_whole(const struct http_conn *http, const struct live *live, uint32_t flags)
{
	if (flags & BX_EX_RESET)
		return false;
	if (live->until_close)
		return flags & BX_EX_CLOSED_LOCAL;
	return live->response_begun && !http->chunks_lost &&
	       http->responses.state == HTTP_STREAM_LOST;
}

/* The connection has ended within the answer's head: its first line has the status all the same. */
static void take_cut_head(struct http_step *step, struct live *live)
{
	const struct http_stream *s = &step->http->responses;
	struct http1_response rsp;

	if (live->response_begun ||
	    http1_parse_response_cut(bytes_of(s->head, s->head_len), &rsp) <= 0 || rsp.status < 200)
		return;
	/* as in begin_answer() */
	(void)live_answer(step->trace, live, s->head_tid, step->http->last_end_ns);
	live->r.status = rsp.status;
	live->r.first_byte_ns = s->head_ns;
}

/* A request whose answer is not whole lasts until the connection ends: it waited for more. */
static void end_cut_short(struct http_step *step, struct live *live, const struct bx_exchange *ex)
{
	struct http_conn *http = step->http;
	bool begun = live->response_begun || http->responses.head_len;
	uint64_t end_ns = live->last_out_ns ? live->last_out_ns : http->last_in_ns;

	if (may_be_whole(http, live, ex->flags)) {
		http_answered(step, live->last_out_ns, true);
		return;
	}
	take_cut_head(step, live);
	if (!begun)
		live->r.flags |= REQUEST_NO_RESPONSE;
	if (begun || ex->flags & (BX_EX_CLOSED_PEER | BX_EX_RESET))
		live->r.flags |= REQUEST_ABORTED;
	if (ex->closed_ns > end_ns)
		end_ns = ex->closed_ns;
	http_answered(step, end_ns, false);
}

/*
 * Pipelined behind an answer after which the server closed: by RFC 9112 9.6 such a request was not
 * processed, and the client has to send it again.
 */
static bool never_served(const struct http_conn *http, const struct live *live, uint32_t flags)
{
	if (live->r.bytes_out)
		return false;
	return http->last_closes ||
	       (live->r.start_ns < http->last_end_ns && flags & BX_EX_CLOSED_LOCAL);
}

static void not_served(struct trace *trace, struct live *live)
{
	live_count(trace, live, &trace->counters.not_served);
	live_free(trace, live);
}

/*
 * What stands behind the request that was being answered: its turn never came, unless bytes are
 * missing.
 */
static void end_rest(struct http_step *step, bool lost)
{
	struct live *live;

	while ((live = first_unanswered(step->http))) {
		if (!lost) {
			not_served(step->trace, live);
			continue;
		}
		step->trace->counters.unparsed++;
		http_answered(step, step->http->last_out_ns, true);
	}
}

void http_conn_closed(struct trace *trace, struct conn *conn, const struct bx_exchange *ex)
{
	struct http_conn *http = conn->http;
	struct http_step step = { .trace = trace, .conn = conn, .http = http };
	struct live *live;

	if (!http)
		return;
	if (http->requests.head_len)
		trace->counters.unparsed++;
	live = first_unanswered(http);
	if (!live)
		return;
	if (never_served(http, live, ex->flags))
		not_served(trace, live);
	else
		end_cut_short(&step, live, ex);
	end_rest(&step, http->responses.state == HTTP_STREAM_LOST);
}

void http_conn_lost(struct trace *trace, struct conn *conn)
{
	struct http_conn *http = conn->http;
	struct http_step step = { .trace = trace, .conn = conn, .http = http };
	struct live *live;

	if (!http)
		return;
	while ((live = first_unanswered(http))) {
		if (live->response_begun) {
			http_answered(&step, live->last_out_ns, true);
			continue;
		}
		live_count(trace, live, &trace->counters.requests_lost);
		live_free(trace, live);
	}
	http_stream_clear(&http->requests);
	http_stream_clear(&http->responses);
	http->requests.unsure = true;
	http->reading = NULL;
}

bool http_conn_busy(const struct conn *conn)
{
	return conn->http && !list_empty(&conn->http->unanswered);
}

bool http_conn_idle(const struct conn *conn)
{
	const struct http_conn *http = conn->http;

	return http && list_empty(&http->unanswered) && http->requests.state == HTTP_STREAM_HEAD &&
	       !http->requests.head_len;
}

void http_conn_abandon(struct trace *trace, struct conn *conn)
{
	struct live *live;

	while (conn->http && (live = first_unanswered(conn->http))) {
		live_count(trace, live, &trace->counters.abandoned);
		live_free(trace, live);
	}
}
