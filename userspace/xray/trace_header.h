/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_header.h - the X-Amzn-Trace-Id request header (Developer Guide, "Tracing header"). Pure;
 * input is hostile.
 */
#ifndef BPFXRAY_XRAY_TRACE_HEADER_H
#define BPFXRAY_XRAY_TRACE_HEADER_H

#include "util/bytes.h"
#include "xray/id.h"

enum trace_sampled {
	TRACE_SAMPLED_ABSENT = -1, /* or a value that X-Ray does not know */
	TRACE_SAMPLED_NO = 0,
	TRACE_SAMPLED_YES = 1,
	TRACE_SAMPLED_ASK = 2, /* `?`: the caller wants to be told the decision */
};

struct trace_header {
	char root[TRACE_ID_LEN + 1];	 /* empty: absent */
	char parent[SEGMENT_ID_LEN + 1]; /* empty: absent */
	enum trace_sampled sampled;
};

/*
 * Parses `Key=Value;Key=Value`: keys in any order, spaces around items, keys and values, empty
 * items, and keys that we do not use (Self, Lineage, the application's own). Keys are
 * case-sensitive and the last of equal ones counts, as in the SDK. Ids are kept as they came, upper
 * case too. Returns 0, or -EBADMSG with @ret empty: an item without `=`, or a Root or Parent that
 * is no such id; the header is then best treated as absent.
 */
int trace_header_parse(struct bytes in, struct trace_header *ret);

/*
 * True with @ret filled when the header @in names a trace. An SDK answers a request that it does
 * not sample with a Root of zeros: that is none.
 */
bool trace_header_names_trace(struct bytes in, struct trace_header *ret);

#endif
