/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subsegment.h - a database call as a subsegment, for the segment encoder, and what a document says
 * of one, for views that have no document.
 */
#ifndef BPFXRAY_XRAY_SUBSEGMENT_H
#define BPFXRAY_XRAY_SUBSEGMENT_H

#include "proto/sql.h"
#include "xray/json_writer.h"
#include "xray/segment.h"

/* CLOCK_MONOTONIC nanoseconds as nanoseconds since the epoch; 0 when that would be before it. */
uint64_t segment_epoch_ns(const struct segment_context *ctx, uint64_t monotonic_ns);

/*
 * Writes @statement as an object that is valid inside its segment and as a document of its own.
 */
void subsegment_put(struct json_writer *w, const struct segment_context *ctx,
		    const struct segment_ids *ids, const struct statement *statement);

/* A statement whose end was not seen ends with the last thing that was. */
uint64_t subsegment_end_ns(const struct statement *statement);
bool subsegment_is_fault(const struct statement *statement);

/*
 * The statement's text as @sql lets it leave the host: sanitised in @buffer, or the statement's own
 * memory; empty when there is none.
 */
struct bytes subsegment_text(enum segment_sql sql, const struct statement *statement,
			     char buffer[SQL_SANITIZED_CAP]);

#endif
