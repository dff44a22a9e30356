// SPDX-License-Identifier: Apache-2.0
/* document.c - see document.h. */
#include "emit/document.h"

#include <string.h>

/* FNV-1a, 64 bits. */
#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

/*
 * Within a string the quotes of this would have backslashes before them, so that the first place
 * is a key; subsegments name the trace of their segment.
 */
static const char trace_key[] = "\"trace_id\":\"";

uint64_t document_trace(const char *json, size_t len)
{
	const char *end = json + len, *at = memmem(json, len, trace_key, sizeof(trace_key) - 1);
	uint64_t hash = FNV_BASIS;

	if (!at)
		return 0;
	for (at += sizeof(trace_key) - 1; at < end && *at != '"'; at++)
		hash = (hash ^ (uint8_t)*at) * FNV_PRIME;
	return hash;
}
