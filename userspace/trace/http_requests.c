// SPDX-License-Identifier: Apache-2.0
/*
 * http_requests.c - the request direction of a server's connection: heads become live requests,
 * bodies are passed over.
 */
#include "trace/http_conn.h"

#include <errno.h>

/* What follows the head of @head. A uwsgi body without a length lasts as long as its connection. */
static bool begin_body(struct http_stream *s, const struct request_head *head)
{
	if (!head->uwsgi) {
		if (head->http.cut) {
			s->state = HTTP_STREAM_LOST;
			return false;
		}
		return http_stream_body(s, http1_request_body(&head->http),
					head->http.fields.content_length);
	}
	if (head->vars.cut || head->vars.content_length < 0) {
		s->state = HTTP_STREAM_OVER;
		return false;
	}
	return http_stream_body(s, HTTP1_BODY_LENGTH, head->vars.content_length);
}

static bool closes_after(const struct request_head *head)
{
	if (head->uwsgi)
		return true;
	return head->http.fields.connection_close ||
	       (!head->http.minor && !head->http.fields.connection_keep_alive);
}

static int begin_request(struct http_step *step, const struct request_head *head, size_t head_len)
{
	struct http_conn *http = step->http;
	struct live *live;
	struct live_origin origin = { step->ex, http->requests.head_ns, http->requests.head_tid,
				      http->requests.head_behind };
	int r = live_new(step->trace, step->conn, &origin, head, &live);

	if (r < 0)
		return r;
	if (step->ex->seq == 1 && list_empty(&http->unanswered))
		live->established_ns = step->conn->established_ns;
	live->r.bytes_in = head_len;
	live->closes = closes_after(head);
	list_append(&http->unanswered, &live->conn_link);
	http->requests.unsure = false;
	http->reading = begin_body(&http->requests, head) ? NULL : live;
	http_stream_unstash(&http->requests);
	return 0;
}

/*
 * Bytes that are no head: the middle of something that began before the trace, or not this
 * protocol.
 */
static void not_a_head(struct http_step *step)
{
	struct http_stream *s = &step->http->requests;

	if (s->unsure || (step->ex->flags & BX_EX_MIDSTREAM))
		step->trace->counters.begun_before++;
	else
		step->trace->counters.unparsed++;
	http_stream_unstash(s);
	s->state = HTTP_STREAM_LOST;
}

static bool is_uwsgi(const struct http_step *step)
{
	return step->conn->protocol == BX_PROTO_UWSGI;
}

int http_requests_cut(struct http_step *step)
{
	struct http_stream *s = &step->http->requests;
	struct request_head head = { 0 };

	if (request_head_parse(bytes_of(s->head, s->head_len), is_uwsgi(step), true, &head) <= 0) {
		not_a_head(step);
		return 0;
	}
	return begin_request(step, &head, s->head_len);
}

/*
 * Who reads the beginning of a head with the request before it need not be who reads the rest and
 * answers: the pool's thread goes on to other connections in between.
 */
static void begin_head(const struct http_step *step, struct http_stream *s)
{
	const struct turn *turn = &step->turn;

	s->head_behind = !list_empty(&step->http->unanswered);
	s->head_ns = turn_byte_ns(turn, s->fed);
	s->head_tid = turn->log->hands ? turn_tid(turn, s->fed) : step->ex->tid;
}

static int read_head(struct http_step *step, struct bytes piece)
{
	struct http_stream *s = &step->http->requests;
	struct request_head head = { 0 };
	size_t before = s->head_len;
	struct bytes in = piece;
	int n;
	int r;

	if (!before)
		begin_head(step, s);
	if (before) {
		r = http_stream_stash(s, piece);
		if (r == -ENOSPC)
			return http_requests_cut(step);
		if (r < 0)
			return r;
		in = bytes_of(s->head, s->head_len);
	}
	n = request_head_parse(in, is_uwsgi(step), false, &head);
	if (n > 0) {
		s->fed += (size_t)n > before ? (size_t)n - before : 0;
		return begin_request(step, &head, (size_t)n);
	}
	if (n < 0) {
		not_a_head(step);
		return 0;
	}
	s->fed += piece.len;
	return before ? 0 : http_stream_stash(s, piece);
}

static int read_gap_in_head(struct http_step *step)
{
	struct http_stream *s = &step->http->requests;

	if (s->head_len)
		return http_requests_cut(step);
	/* A pipelined head that was not captured, or an exchange without text. */
	step->trace->counters.unparsed++;
	s->state = HTTP_STREAM_LOST;
	return 0;
}

static int read_some(struct http_step *step)
{
	struct http_conn *http = step->http;
	struct http_stream *s = &http->requests;
	uint64_t before = s->fed;

	if (s->state == HTTP_STREAM_HEAD) {
		struct bytes piece = turn_at(&step->turn, s->fed);

		return piece.len ? read_head(step, piece) : read_gap_in_head(step);
	}
	if (s->state == HTTP_STREAM_BODY) {
		bool whole = http_stream_body_feed(s, &step->turn);

		if (http->reading)
			http->reading->r.bytes_in += s->fed - before;
		if (whole)
			http->reading = NULL;
		return 0;
	}
	if (http->reading)
		http->reading->r.bytes_in += step->turn.total - s->fed;
	s->fed = step->turn.total;
	return 0;
}

int http_requests_read(struct http_step *step)
{
	struct http_stream *s = &step->http->requests;

	while (s->fed < step->turn.total) {
		int r = read_some(step);

		if (r < 0)
			return r;
	}
	return 0;
}
