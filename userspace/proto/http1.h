/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1.h - HTTP/1.0 and 1.1 heads and body framing (RFC 9112), as pure functions over byte views.
 *
 * Every output view points into the input. Nothing allocates, logs or reads a clock. Input is
 * hostile: a captured prefix of what a socket carried, of any length, starting at a message's first
 * byte.
 */
#ifndef BPFXRAY_PROTO_HTTP1_H
#define BPFXRAY_PROTO_HTTP1_H

#include "util/bytes.h"

enum http1_body {
	HTTP1_BODY_NONE,   /* the message ends with its head */
	HTTP1_BODY_LENGTH, /* Content-Length bytes */
	HTTP1_BODY_CHUNKED,
	HTTP1_BODY_CLOSE, /* until the sender closes (responses only) */
};

/*
 * The header fields that bpfxray reads, of either kind of message. Absent fields are empty views.
 * Of a repeated field the first line with a value counts. The view of a folded value holds its
 * folds: line ends and white space.
 */
struct http1_fields {
	struct bytes host;
	struct bytes user_agent;
	struct bytes x_forwarded_for;
	struct bytes x_forwarded_proto;
	struct bytes x_real_ip;
	struct bytes trace_id;	/* X-Amzn-Trace-Id */
	int64_t content_length; /* -1: absent, malformed or contradictory */
	bool bad_length;	/* present, but malformed or contradictory */
	bool chunked;		/* last transfer coding is chunked */
	bool other_coding; /* last transfer coding is another one: a response goes on until close */
	bool connection_close;
	bool connection_keep_alive;
	bool connection_upgrade;
	bool expect_continue;
};

struct http1_request {
	struct bytes method;
	struct bytes target; /* as sent: origin, absolute, authority or asterisk form */
	int minor;	     /* 0 or 1 */
	bool cut;	     /* the input ended inside the head, see http1_parse_request_cut() */
	size_t head_len;     /* bytes from the input's start to the body, leading CRLFs included */
	struct http1_fields fields;
};

struct http1_response {
	int status; /* 100..999 */
	int minor;
	bool cut;
	size_t head_len;
	struct http1_fields fields;
};

/*
 * Parses a request (response) head. Leading empty lines are skipped (RFC 9112 2.2); bare LF line
 * ends are accepted; methods are any RFC 9110 token. Returns >0: bytes of the head; 0: @in ends
 * inside a head that is well-formed so far; -EBADMSG: not a head. @ret is written only when the
 * result is >0.
 */
int http1_parse_request(struct bytes in, struct http1_request *ret);
int http1_parse_response(struct bytes in, struct http1_response *ret);

/*
 * The same for a head whose rest was not captured: fills @ret with what is there (whole lines
 * only), sets ret->cut and returns @in.len. The first line must be whole, else 0. Framing of a cut
 * message is unknown, and a folded value may lack its last folds. A head that turns out to be whole
 * is parsed as above, with ret->cut unset.
 */
int http1_parse_request_cut(struct bytes in, struct http1_request *ret);
int http1_parse_response_cut(struct bytes in, struct http1_response *ret);

/*
 * How the body of @req is framed (RFC 9112 6.3); chunked beats a length, a length of 0 is no body.
 * A bad length has none either: servers answer it with 400 and close.
 */
enum http1_body http1_request_body(const struct http1_request *req);

/*
 * How the body of @rsp is framed when it answers a request with method @method (empty: unknown).
 * 1xx, 204, 304, any answer to HEAD and 2xx to CONNECT have none.
 */
enum http1_body http1_response_body(const struct http1_response *rsp, struct bytes method);

/* Walks a chunked body over any pieces. Zero-initialise; one per message. */
struct http1_chunks {
	uint64_t left;	/* bytes of the current chunk still to come, its CRLF included */
	uint32_t state; /* private to http1_chunks.c */
	uint32_t line_len;
	bool done; /* the last chunk and the trailers have been seen */
};

/*
 * Feeds the next bytes of the body. Returns the bytes used (all of them, unless the body ended
 * inside @in; then chunks->done), or -EBADMSG.
 */
int64_t http1_chunks_feed(struct http1_chunks *chunks, struct bytes in);

/*
 * Says that @n bytes of the body were not captured: fine inside one chunk; else -ENODATA and the
 * walk is lost.
 */
int http1_chunks_skip(struct http1_chunks *chunks, uint64_t n);

#endif
