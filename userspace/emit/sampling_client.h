/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_client.h - questions about sampling to the X-Ray daemon's TCP port, one at a time, over
 * plain HTTP/1.1 (the daemon signs them and passes them on). Nothing ever waits: each step does
 * what can be done at once, and little of it, so that the events beside it are not held up.
 */
#ifndef BPFXRAY_EMIT_SAMPLING_CLIENT_H
#define BPFXRAY_EMIT_SAMPLING_CLIENT_H

#include "emit/address.h"
#include "emit/endpoint.h"
#include "util/bytes.h"

/* A question that has no whole answer after this time has failed. */
#define SAMPLING_CLIENT_TIMEOUT_MS 5000
/* An answer longer than this has failed: far above all rules that an account can have. */
#define SAMPLING_CLIENT_REPLY_MAX (1024 * 1024)

struct sampling_client;

/* @name: the daemon's, for the Host header. Connects nowhere yet. 0 or -ENOMEM. */
int sampling_client_new(const struct host_port *name, struct sampling_client **ret);
struct sampling_client *sampling_client_free(struct sampling_client *client);

/* The daemon is another from now on; a question under way goes on as it was asked. */
void sampling_client_rename(struct sampling_client *client, const struct host_port *name);

/*
 * Begins to POST @body (JSON) to @path at the first of @to that takes a connection. Returns 0,
 * -EBUSY when one is under way, or -ENOMEM.
 */
int sampling_client_post(struct sampling_client *client, const struct endpoint_set *to,
			 const char *path, const char *body, uint64_t now_ms);

struct sampling_reply {
	int status;
	struct bytes body; /* valid until the next post */
};

/*
 * Goes on with what is under way; @now_ms is monotonic. Returns 1 when the answer is whole, 0 when
 * there is nothing new, or how the question failed: -ETIMEDOUT, -ECONNREFUSED and the like,
 * -EMSGSIZE for an answer that is too long, -EBADMSG for one that is no HTTP. After 1 or an error
 * the next question may be posted.
 */
int sampling_client_step(struct sampling_client *client, uint64_t now_ms,
			 struct sampling_reply *ret);

#endif
