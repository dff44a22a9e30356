// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_delivery.c - the two ends of the way to the daemon: what it answers over TCP, as any bytes
 * in any portions; and documents of any shape, which must come out in datagrams.
 */
#include "fuzz.h"

#include <errno.h>

#include "emit/document.h"
#include "emit/http_reply.h"
#include "emit/split.h"

struct parts {
	size_t max;
	size_t count;
	size_t larger;
};

static void take(void *ctx, const char *json, size_t len)
{
	struct parts *parts = ctx;

	INVARIANT(strlen(json) == len);
	parts->count++;
	parts->larger += len > parts->max;
	(void)document_trace(json, len);
}

/* The first two bytes are the limit. */
static void check_split(const uint8_t *data, size_t size)
{
	struct parts parts = { .max = size < 2 ? 1 : (size_t)data[0] << 8 | data[1] };
	struct document_sink sink = { .document = take, .ctx = &parts };
	char *text = malloc(size + 1);
	size_t len;
	int r;

	INVARIANT(text);
	len = size < 2 ? 0 : size - 2;
	memcpy(text, data + (size - len), len);
	text[len] = '\0';
	len = strlen(text);
	r = document_split(text, len, parts.max, &sink);
	INVARIANT(r == -EBADMSG || r == -ENOMEM || (r > 0 && (size_t)r == parts.count));
	/* one that has no text left to lose may be; nothing else was cut in vain */
	INVARIANT(parts.larger <= sink.truncated && sink.truncated <= parts.count);
	free(text);
}

/* Whatever comes in two portions is what it is as a whole, or not complete before the second. */
static void check_reply(const uint8_t *data, size_t size)
{
	size_t first = size ? data[0] % size : 0;
	struct http_reply reply = { 0 };
	uint8_t *copy = malloc(size ? size : 1);
	int r;

	INVARIANT(copy);
	if (size)
		memcpy(copy, data, size);
	r = http_reply_parse(copy, first, false, &reply);
	INVARIANT(r == 0 || r == 1 || r == -EBADMSG);
	if (!r)
		r = http_reply_parse(copy, size, true, &reply);
	INVARIANT(r == 0 || r == 1 || r == -EBADMSG);
	if (r == 1) {
		INVARIANT(reply.status >= 200 && reply.status <= 999);
		fuzz_inside(reply.body, bytes_of(copy, size));
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_split(data, size);
	check_reply(data, size);
	return 0;
}
