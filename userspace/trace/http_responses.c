// SPDX-License-Identifier: Apache-2.0
/*
 * http_responses.c - the response direction of a server's connection: each final answer goes to the
 * first request that has none, and ends where its framing says.
 */
#include "trace/http_conn.h"

#include <errno.h>

#include "trace/thread.h"
#include "util/utf8.h"

/* An SDK answers with Root and Sampled alone. */
#define ANSWER_TRACE_CAP 256

static struct live *current(const struct http_conn *http)
{
	return list_first(&http->unanswered, struct live, conn_link);
}

static bool response_closes(const struct http1_response *rsp)
{
	return rsp->fields.connection_close || (!rsp->minor && !rsp->fields.connection_keep_alive);
}

static bool switches(const struct live *live, int status)
{
	return status == 101 ||
	       (status / 100 == 2 && live->r.method && !strcmp(live->r.method, "CONNECT"));
}

/* Without memory the answer only lacks its trace. */
static void note_answer_trace(struct live *live, struct bytes header)
{
	if (header.len && !live->r.answer_trace_header)
		live->r.answer_trace_header = utf8_clean(header, ANSWER_TRACE_CAP);
}

static void begin_answer(struct http_step *step, struct live *live,
			 const struct http1_response *rsp)
{
	struct http_stream *s = &step->http->responses;
	enum http1_body body = http1_response_body(rsp, bytes_str(live->r.method));

	/* Without memory it has no thread, and so no statements; they are counted as unproven. */
	(void)live_answer(step->trace, live, s->head_tid, step->http->last_end_ns);
	live->response_begun = true;
	live->r.status = rsp->status;
	live->r.first_byte_ns = s->head_ns;
	live->r.response_length = rsp->fields.content_length;
	live->until_close = !rsp->cut && body == HTTP1_BODY_CLOSE;
	live->closes = live->closes || live->until_close || response_closes(rsp);
	step->http->chunks_lost = false;
	if (rsp->cut) {
		s->state = HTTP_STREAM_LOST;
		return;
	}
	if (switches(live, rsp->status)) {
		uint64_t end_ns = turn_end_ns(&step->turn, s->fed);

		live->r.flags |= REQUEST_UPGRADED;
		s->state = HTTP_STREAM_OVER;
		step->http->requests.state = HTTP_STREAM_OVER;
		step->http->upgraded = thread_upgrade(live, end_ns);
		http_answered(step, end_ns, true);
		return;
	}
	if (http_stream_body(s, body, rsp->fields.content_length))
		http_answered(step, turn_end_ns(&step->turn, s->fed), true);
}

/* 100, 102, 103: an answer is still to come. */
static bool interim(int status)
{
	return status / 100 == 1 && status != 101;
}

static void end_head(struct http_step *step, struct live *live, const struct http1_response *rsp)
{
	/* its fields are views of the head: read before that is gone */
	if (!interim(rsp->status))
		note_answer_trace(live, rsp->fields.trace_id);
	http_stream_unstash(&step->http->responses);
	if (!interim(rsp->status))
		begin_answer(step, live, rsp);
	else if (rsp->cut)
		step->http->responses.state = HTTP_STREAM_LOST;
}

static void not_a_head(struct http_step *step)
{
	step->trace->counters.unparsed++;
	http_stream_unstash(&step->http->responses);
	step->http->responses.state = HTTP_STREAM_LOST;
}

static void note_head(const struct http_step *step, struct http_stream *s)
{
	s->head_ns = turn_byte_ns(&step->turn, s->fed);
	s->head_tid = step->turn.log->hands ? turn_tid(&step->turn, s->fed) : step->ex->end_tid;
}

/* As http1_parse_response(), of the head that goes on with @piece; -ENOMEM as well. */
static int parse_head(struct http_stream *s, struct bytes piece, struct http1_response *ret)
{
	int n;

	if (!s->head_len)
		return http1_parse_response(piece, ret);
	n = http_stream_stash(s, piece);
	return n < 0 ? n : http1_parse_response(bytes_of(s->head, s->head_len), ret);
}

static int read_head(struct http_step *step, struct live *live, struct bytes piece)
{
	struct http_stream *s = &step->http->responses;
	struct http1_response rsp = { 0 };
	size_t before = s->head_len;
	uint64_t used = piece.len;
	int n, r = 0;

	if (!before)
		note_head(step, s);
	n = parse_head(s, piece, &rsp);
	if (n == -ENOMEM)
		return n;
	if (n < 0)
		not_a_head(step);
	if (n > 0)
		used = (size_t)n > before ? (size_t)n - before : 0;
	s->fed += used;
	live->r.bytes_out += used;
	if (n > 0)
		end_head(step, live, &rsp);
	if (!n && !before)
		r = http_stream_stash(s, piece);
	if (r == -ENOSPC)
		not_a_head(step);
	return r == -ENOMEM ? r : 0;
}

/* Its status was not captured: what comes behind the gap is another request's answer. */
static void begin_unread(struct http_step *step, struct live *live)
{
	struct http_stream *s = &step->http->responses;

	/* as in begin_answer() */
	(void)live_answer(step->trace, live, s->head_tid, step->http->last_end_ns);
	live->response_begun = true;
	live->r.first_byte_ns = s->head_ns;
	step->http->chunks_lost = false;
	step->trace->counters.unparsed++;
}

static void read_gap_in_head(struct http_step *step, struct live *live)
{
	struct http_stream *s = &step->http->responses;
	struct http1_response rsp = { 0 };

	if (!s->head_len)
		note_head(step, s);
	if (s->head_len && http1_parse_response_cut(bytes_of(s->head, s->head_len), &rsp) > 0)
		end_head(step, live, &rsp);
	else
		begin_unread(step, live);
	http_stream_unstash(s);
	s->state = HTTP_STREAM_LOST;
}

/*
 * Bytes were missing where framing needed them. A call that began with a head, seen behind the gap,
 * is the next answer: the one before has ended there.
 */
static void resync(struct http_step *step, struct live *live)
{
	struct http_stream *s = &step->http->responses;
	uint64_t next = turn_next_head(&step->turn, s->fed);

	live->r.bytes_out += next - s->fed;
	s->fed = next;
	if (next == step->turn.total)
		return;
	s->state = HTTP_STREAM_HEAD;
	if (live->response_begun)
		http_answered(step, turn_end_ns(&step->turn, next), true);
}

static void read_body(struct http_step *step, struct live *live)
{
	struct http_stream *s = &step->http->responses;
	uint64_t before = s->fed;
	bool whole = http_stream_body_feed(s, &step->turn);

	live->r.bytes_out += s->fed - before;
	if (s->state == HTTP_STREAM_LOST)
		step->http->chunks_lost = true;
	if (whole)
		http_answered(step, turn_end_ns(&step->turn, s->fed), true);
}

static int read_some(struct http_step *step, struct live *live)
{
	struct http_stream *s = &step->http->responses;
	struct bytes piece;

	switch (s->state) {
	case HTTP_STREAM_HEAD:
		piece = turn_at(&step->turn, s->fed);
		if (piece.len)
			return read_head(step, live, piece);
		read_gap_in_head(step, live);
		return 0;
	case HTTP_STREAM_BODY:
		read_body(step, live);
		return 0;
	case HTTP_STREAM_LOST:
		resync(step, live);
		return 0;
	case HTTP_STREAM_OVER:
		break;
	}
	s->fed = step->turn.total;
	return 0;
}

/*
 * A chunked answer with a hole has ended when the turn ends like the last chunk. Only for the last
 * request: with others behind it the end may be theirs.
 */
static void find_last_chunk(struct http_step *step)
{
	static const char last_chunk[] = "\r\n0\r\n\r\n";
	struct http_conn *http = step->http;
	struct live *live = current(http);
	struct bytes end = turn_end(&step->turn);
	size_t n = sizeof(last_chunk) - 1;

	if (!live || !http->chunks_lost || http->responses.state != HTTP_STREAM_LOST)
		return;
	if (live->conn_link.next != &http->unanswered || end.len < n ||
	    memcmp(end.at + end.len - n, last_chunk, n))
		return;
	http->responses.state = HTTP_STREAM_HEAD;
	http_answered(step, turn_end_ns(&step->turn, step->turn.total), true);
}

/* Bytes for a request that was not seen: who sent them, call by call, and when. */
static void note_strange(struct http_step *step)
{
	const struct bx_turn *log = step->turn.log;
	uint32_t tgid = step->ex->tgid;
	uint64_t at = step->http->responses.fed;

	while (at < step->turn.total) {
		uint32_t tid = log->hands ? turn_tid(&step->turn, at) : step->ex->end_tid;
		uint64_t next = turn_call_end(&step->turn, at);

		if (tid)
			thread_answers_strange(step->trace, tgid, tid,
					       turn_end_ns(&step->turn, next));
		at = next;
	}
	step->http->responses.fed = step->turn.total;
}

int http_responses_read(struct http_step *step)
{
	struct http_stream *s = &step->http->responses;

	while (s->fed < step->turn.total) {
		struct live *live = current(step->http);
		int r;

		if (!live) {
			note_strange(step);
			break;
		}
		live->last_out_ns = step->turn.log->last_ns;
		r = read_some(step, live);
		if (r < 0)
			return r;
	}
	find_last_chunk(step);
	return 0;
}
