/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uwsgi.h - the request of the binary uwsgi protocol: modifier1, size u16 LE, modifier2, then {u16
 * LE key length, key, u16 LE value length, value}*. The response is plain HTTP. Pure, over byte
 * views.
 */
#ifndef BPFXRAY_PROTO_UWSGI_H
#define BPFXRAY_PROTO_UWSGI_H

#include "util/bytes.h"

struct uwsgi_request {
	struct bytes method;	      /* REQUEST_METHOD */
	struct bytes uri;	      /* REQUEST_URI: path and query as sent */
	struct bytes host;	      /* HTTP_HOST */
	struct bytes user_agent;      /* HTTP_USER_AGENT */
	struct bytes x_forwarded_for; /* HTTP_X_FORWARDED_FOR */
	struct bytes x_forwarded_proto;
	struct bytes trace_id; /* HTTP_X_AMZN_TRACE_ID */
	struct bytes remote_addr;
	struct bytes server_name;
	struct bytes server_port;
	struct bytes protocol;	/* SERVER_PROTOCOL */
	uint16_t remote_port;	/* 0: absent; uWSGI 2.0.31's own router writes it byte-swapped */
	int64_t content_length; /* CONTENT_LENGTH, -1: absent or empty */
	bool https;		/* HTTPS=on or UWSGI_SCHEME/REQUEST_SCHEME https */
	bool cut;		/* the variables were not captured whole */
	size_t head_len;	/* 4 + size: the body begins there */
};

/*
 * Returns >0: bytes of the head (4 + size); 0: @in ends inside a head that is well-formed so far;
 * -EBADMSG: not a uwsgi request (modifier1 must be 0, REQUEST_METHOD must be there and be a token).
 * @ret is written only when the result is >0. Of a variable that comes twice the last one counts.
 */
int uwsgi_parse_request(struct bytes in, struct uwsgi_request *ret);

/*
 * The same for variables whose rest was not captured: whole variables only, ret->cut; 0 without
 * REQUEST_METHOD. The result is 4 + size here, too, though it lies behind @in: where the body
 * begins is known all the same.
 */
int uwsgi_parse_request_cut(struct bytes in, struct uwsgi_request *ret);

#endif
