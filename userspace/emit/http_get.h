/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_get.h - one question by HTTP to an address of this host: the ECS agent's. It waits, but
 * never longer than told, and lets go at once when asked to: for a thread beside the events.
 */
#ifndef BPFXRAY_EMIT_HTTP_GET_H
#define BPFXRAY_EMIT_HTTP_GET_H

#include "emit/http_reply.h"

struct http_get {
	const char *ip;	  /* IPv4, in dots */
	uint16_t port;	  /* host order */
	const char *path; /* with its query, as it goes into the request line */
	int timeout_ms;	  /* for all of it */
	size_t reply_max; /* an answer with more bytes than this has failed */
	int cancel_fd;	  /* gives up when this can be read; -1: none */
};

struct http_got {
	uint8_t *buffer;	 /* to be freed */
	struct http_reply reply; /* inside the buffer */
};

/*
 * Returns 0 with an answer of any status, or -ETIMEDOUT, -ECANCELED, -EMSGSIZE, -EBADMSG, -ENOMEM,
 * -EINVAL (the address), or how the connection failed.
 */
int http_get(const struct http_get *get, struct http_got *ret);

#endif
