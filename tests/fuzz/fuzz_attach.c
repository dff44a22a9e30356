// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_attach.c - what a parser that was taken over may ask the attacher: any packet is refused, or
 * is a request whose every byte that is used came with it.
 */
#include "fuzz.h"

#include <errno.h>
#include <stddef.h>

#include "cli/attach_wire.h"

static void check_use(const struct attach_request *request, size_t len)
{
	const uint8_t *end = (const uint8_t *)request + len;

	INVARIANT(request->ask < ATTACH_ASK_MAX);
	INVARIANT(attach_answer_len((enum attach_ask)request->ask) <= sizeof(struct attach_answer));
	if (request->ask == ATTACH_PLACES)
		INVARIANT((const uint8_t *)(request->places + request->count) <= end);
	if (request->ask == ATTACH_NAME || request->ask == ATTACH_WRITE_STATS ||
	    request->ask == ATTACH_WRITE_METRICS)
		INVARIANT((const uint8_t *)request->text + strlen(request->text) + 1 == end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* exactly as large as the packet: what is read behind it is seen */
	size_t len = size < sizeof(struct attach_request) ? size : sizeof(struct attach_request);
	struct bytes in = fuzz_prefix(bytes_of(data, size), len);
	const struct attach_request *request = (const void *)in.at;
	int r = attach_request_check(request, len);

	INVARIANT(r == 0 || r == -EBADMSG);
	if (!r)
		check_use(request, len);
	free((void *)in.at);
	return 0;
}
