/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.h - questions over plain HTTP/1.1, one at a time: about sampling to the X-Ray
 * daemon's TCP port, about the instance to EC2. Nothing ever waits: each step does what can be done
 * at once, and little of it, so that the events beside it are not held up.
 */
#ifndef BPFXRAY_EMIT_HTTP_CLIENT_H
#define BPFXRAY_EMIT_HTTP_CLIENT_H

#include "emit/address.h"
#include "emit/endpoint.h"
#include "emit/http_reply.h"

/* A question that has no whole answer after this time has failed. */
#define HTTP_CLIENT_TIMEOUT_MS 5000
/* An answer longer than this has failed: far above all rules that an account can have. */
#define HTTP_CLIENT_REPLY_MAX (1024 * 1024)

struct http_client;

/* @name: the daemon's, for the Host header. Connects nowhere yet. 0 or -ENOMEM. */
int http_client_new(const struct host_port *name, struct http_client **ret);
struct http_client *http_client_free(struct http_client *client);

/* The daemon is another from now on; a question under way goes on as it was asked. */
void http_client_rename(struct http_client *client, const struct host_port *name);

struct http_question {
	const char *method;
	const char *path;
	const char *fields; /* further lines of the head, each with its CRLF */
	const char *body;   /* "": none */
};

/*
 * Begins to ask the first of @to that takes a connection. Returns 0, -EBUSY when a question is
 * under way, or -ENOMEM.
 */
int http_client_ask(struct http_client *client, const struct endpoint_set *to,
		    const struct http_question *question, uint64_t now_ms);

/*
 * Goes on with what is under way; @now_ms is monotonic. Returns 1 when the answer is whole, 0 when
 * there is nothing new, or how the question failed: -ETIMEDOUT, -ECONNREFUSED and the like,
 * -EMSGSIZE for an answer that is too long, -EBADMSG for one that is no HTTP. After 1 or an error
 * the next question may be asked; until then the answer's body stays.
 */
int http_client_step(struct http_client *client, uint64_t now_ms, struct http_reply *ret);

#endif
