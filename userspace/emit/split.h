/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split.h - a segment document that is too large for a datagram as several documents.
 *
 * Subsegments carry type, trace_id and parent_id also inside their segment, so that each is a valid
 * document as it is; X-Ray puts the tree together by ids, in whatever order they come.
 */
#ifndef BPFXRAY_EMIT_SPLIT_H
#define BPFXRAY_EMIT_SPLIT_H

#include <stddef.h>

struct document_sink {
	/* Takes one document, valid during the call only. Losses are the sink's to count. */
	void (*document)(void *ctx, const char *json, size_t len);
	void *ctx;
	unsigned int truncated; /* documents that lost text (truncate.h), counted up */
};

/*
 * Hands @json (NUL-terminated, @len bytes) to @sink: as it is when it has at most @max bytes, else
 * its first subsegments alone, as many as it takes, then the segment with the others. A part that
 * is too large by itself loses text and says so; one without text to lose is handed on as it is.
 * Returns the number of documents, -EBADMSG when
 * @json is no object, or -ENOMEM; on errors the segment has not been handed on, some subsegments
 * may have been.
 */
int document_split(const char *json, size_t len, size_t max, struct document_sink *sink);

#endif
