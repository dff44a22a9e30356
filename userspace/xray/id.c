// SPDX-License-Identifier: Apache-2.0
/* id.c - see id.h. */
#include "xray/id.h"

#include <string.h>

#define TRACE_RANDOM_LEN   12
#define SEGMENT_RANDOM_LEN 8

static void hex(const uint8_t *in, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * len] = '\0';
}

void segment_id_new(const struct random_source *random, char ret[SEGMENT_ID_LEN + 1])
{
	uint8_t bytes[SEGMENT_RANDOM_LEN];

	random->fill(random->ctx, bytes, sizeof(bytes));
	hex(bytes, sizeof(bytes), ret);
}

void trace_id_new(const struct random_source *random, uint64_t epoch_s, char ret[TRACE_ID_LEN + 1])
{
	uint8_t bytes[TRACE_RANDOM_LEN];
	const uint8_t seconds[] = { (uint8_t)(epoch_s >> 24), (uint8_t)(epoch_s >> 16),
				    (uint8_t)(epoch_s >> 8), (uint8_t)epoch_s };

	random->fill(random->ctx, bytes, sizeof(bytes));
	memcpy(ret, "1-", 2);
	hex(seconds, sizeof(seconds), ret + 2);
	ret[10] = '-';
	hex(bytes, sizeof(bytes), ret + 11);
}
