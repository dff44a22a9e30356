/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subsegment.h - a database call as a subsegment; internal to the segment encoder.
 */
#ifndef BPFXRAY_XRAY_SUBSEGMENT_H
#define BPFXRAY_XRAY_SUBSEGMENT_H

#include <cjson/cJSON.h>

#include "xray/segment.h"

/* The segment that a subsegment hangs under. */
struct segment_ids {
	char trace[TRACE_ID_LEN + 1];
	char segment[SEGMENT_ID_LEN + 1];
};

/* CLOCK_MONOTONIC nanoseconds as nanoseconds since the epoch; 0 when that would be before it. */
uint64_t segment_epoch_ns(const struct segment_context *ctx, uint64_t monotonic_ns);

/*
 * Fills the empty object @out so that it is valid inside its segment and as a document of its own.
 * Returns false without memory.
 */
bool subsegment_fill(cJSON *out, const struct segment_context *ctx, const struct segment_ids *ids,
		     const struct statement *statement);

#endif
