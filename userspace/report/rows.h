/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - the page's list of traces as columns, which JavaScript filters and groups, and the raw
 * documents behind some of them; both within a budget of bytes.
 *
 * What does not fit is left out by the hash of the trace id, which says nothing of how the trace
 * went: what remains of the list is a fair sample. Of the documents, those of the slowest traces
 * and of a few of each URL, method and status come first.
 */
#ifndef BPFXRAY_REPORT_ROWS_H
#define BPFXRAY_REPORT_ROWS_H

#include <stdio.h>

#include "report/input.h"
#include "report/report.h"

#define ROWS_MAX	    100000
#define ROWS_BYTES_MAX	    (10u << 20)
#define DOCUMENTS_BYTES_MAX (6u << 20)

/* Indices of traces, in order of time. */
struct rows {
	uint32_t *traces;
	size_t count;
};

/* Returns 0 with rows that the caller frees, or -ENOMEM. */
int rows_choose(const struct report *report, struct rows *ret);

/* Writes the columns as a JSON object, safe inside of a script element. Returns 0 or -ENOMEM. */
int rows_write(const struct report *report, const struct rows *rows, FILE *out);

/*
 * Writes the documents as a JSON object, row -> array, safe inside of a script element. Returns 0
 * with the number of rows that have theirs, or a negative errno.
 */
int rows_write_documents(const struct report *report, const struct inputs *inputs,
			 const struct rows *rows, FILE *out, size_t *ret_count);

/* Orders traces as if at random, but the same way each time. */
uint64_t rows_hash(const struct report *report, uint32_t trace);

#endif
