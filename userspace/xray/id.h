/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id.h - X-Ray's trace and segment ids, from random bytes that the caller supplies: same bytes,
 * same ids.
 */
#ifndef BPFXRAY_XRAY_ID_H
#define BPFXRAY_XRAY_ID_H

#include <stddef.h>
#include <stdint.h>

#define TRACE_ID_LEN   35 /* 1-, 8 hex digits of epoch seconds, -, 24 hex digits */
#define SEGMENT_ID_LEN 16

/* Where random bytes come from; @fill cannot fail. */
struct random_source {
	void (*fill)(void *ctx, void *buf, size_t len);
	void *ctx;
};

/* The id of a segment, a subsegment or an exception. */
void segment_id_new(const struct random_source *random, char ret[SEGMENT_ID_LEN + 1]);
void trace_id_new(const struct random_source *random, uint64_t epoch_s, char ret[TRACE_ID_LEN + 1]);

#endif
