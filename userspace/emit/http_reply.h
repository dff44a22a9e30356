/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_reply.h - the answer to one HTTP/1.1 request of ours, out of the bytes received so far.
 * Pure; what is parsed here came from the daemon and is believed no more than any other input.
 */
#ifndef BPFXRAY_EMIT_HTTP_REPLY_H
#define BPFXRAY_EMIT_HTTP_REPLY_H

#include "util/bytes.h"

/* A head longer than this is none. */
#define HTTP_REPLY_HEAD_MAX 16384

struct http_reply {
	int status;
	struct bytes body; /* inside the buffer that was parsed */
};

/*
 * Looks at the @len bytes at @at; @ended: no more will come. Answers with status 1xx are passed
 * over. Returns 1 when the answer is complete (chunks are then joined in place, so that the buffer
 * is not to be parsed again), 0 when more is needed, or -EBADMSG.
 */
int http_reply_parse(uint8_t *at, size_t len, bool ended, struct http_reply *ret);

#endif
