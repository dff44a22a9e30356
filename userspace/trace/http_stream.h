/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_stream.h - one direction of an HTTP connection, cut into messages by their framing. Turns
 * and exchanges do not matter here: a message may begin in one and end in another.
 */
#ifndef BPFXRAY_TRACE_HTTP_STREAM_H
#define BPFXRAY_TRACE_HTTP_STREAM_H

#include "proto/http1.h"
#include "trace/turn.h"

/* A head of more bytes than this is taken as cut. */
#define HTTP_HEAD_MAX (64 * 1024)

enum http_stream_state {
	HTTP_STREAM_HEAD, /* a message's head is next, or in work */
	HTTP_STREAM_BODY,
	HTTP_STREAM_LOST, /* bytes were missing where framing needed them */
	HTTP_STREAM_OVER, /* another protocol follows */
};

struct http_stream {
	enum http_stream_state state;
	enum http1_body body;
	struct http1_chunks chunks;
	uint64_t left; /* HTTP1_BODY_LENGTH */
	uint64_t fed;  /* bytes of the current turn that are done with */
	uint8_t *head; /* the bytes so far of an unfinished head */
	size_t head_len;
	uint64_t head_ns;  /* when its first byte passed */
	uint32_t head_tid; /* and who moved it */
	bool head_behind;  /* it was begun with an earlier request that had no answer yet */
	bool unsure;	   /* the next bytes need not begin a message */
};

void http_stream_clear(struct http_stream *s);

/* Begins a body. True when it is empty, and a head is next. */
bool http_stream_body(struct http_stream *s, enum http1_body body, int64_t length);

/*
 * Takes what comes next of the body from @turn: a captured piece or a gap. True when the body has
 * ended; the stream may be LOST then or later.
 */
bool http_stream_body_feed(struct http_stream *s, const struct turn *turn);

/* Appends @in to the unfinished head. 0, -ENOSPC beyond HTTP_HEAD_MAX, or -ENOMEM. */
int http_stream_stash(struct http_stream *s, struct bytes in);
void http_stream_unstash(struct http_stream *s);

#endif
