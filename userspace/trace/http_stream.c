// SPDX-License-Identifier: Apache-2.0
/*
 * http_stream.c - the framing of message bodies over captured pieces and gaps.
 */
#include "trace/http_stream.h"

#include <errno.h>
#include <stdlib.h>

void http_stream_unstash(struct http_stream *s)
{
	free(s->head);
	s->head = NULL;
	s->head_len = 0;
}

void http_stream_clear(struct http_stream *s)
{
	http_stream_unstash(s);
	*s = (struct http_stream){ .fed = s->fed };
}

int http_stream_stash(struct http_stream *s, struct bytes in)
{
	uint8_t *grown;

	if (s->head_len + in.len > HTTP_HEAD_MAX)
		return -ENOSPC;
	grown = realloc(s->head, s->head_len + in.len);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + s->head_len, in.at, in.len);
	s->head = grown;
	s->head_len += in.len;
	return 0;
}

bool http_stream_body(struct http_stream *s, enum http1_body body, int64_t length)
{
	s->body = body;
	s->left = length > 0 ? (uint64_t)length : 0;
	s->chunks = (struct http1_chunks){ 0 };
	if (body == HTTP1_BODY_NONE || (body == HTTP1_BODY_LENGTH && !s->left)) {
		s->state = HTTP_STREAM_HEAD;
		return true;
	}
	s->state = HTTP_STREAM_BODY;
	return false;
}

static bool feed_length(struct http_stream *s, uint64_t n)
{
	if (n > s->left)
		n = s->left;
	s->left -= n;
	s->fed += n;
	if (s->left)
		return false;
	s->state = HTTP_STREAM_HEAD;
	return true;
}

static bool feed_chunks(struct http_stream *s, struct bytes piece, uint64_t gap)
{
	int64_t used;

	if (gap) {
		if (http1_chunks_skip(&s->chunks, gap) < 0)
			s->state = HTTP_STREAM_LOST;
		s->fed += gap;
		return false;
	}
	used = http1_chunks_feed(&s->chunks, piece);
	if (used < 0) {
		s->state = HTTP_STREAM_LOST;
		s->fed += piece.len;
		return false;
	}
	s->fed += (uint64_t)used;
	if (!s->chunks.done)
		return false;
	s->state = HTTP_STREAM_HEAD;
	return true;
}

bool http_stream_body_feed(struct http_stream *s, const struct turn *turn)
{
	struct bytes piece = turn_at(turn, s->fed);
	uint64_t gap = piece.len ? 0 : turn_next(turn, s->fed) - s->fed;

	if (s->body == HTTP1_BODY_LENGTH)
		return feed_length(s, turn->total - s->fed);
	if (s->body == HTTP1_BODY_CHUNKED)
		return feed_chunks(s, piece, gap);
	s->fed = turn->total;
	return false;
}
