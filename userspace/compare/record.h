/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - one tracer's file of documents, as segments with the calls made for each.
 *
 * A call is what a program did once: where a tracer recorded it twice, one subsegment inside the
 * other (the SDK does, by Django and by the driver), that is one call, whose time is the
 * innermost's and whose members are those of both.
 */
#ifndef BPFXRAY_COMPARE_RECORD_H
#define BPFXRAY_COMPARE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* No partner. */
#define NOBODY SIZE_MAX

struct call {
	const cJSON *inner; /* the innermost subsegment */
	const cJSON *outer; /* the one around it; itself when there is none */
	double start_s, end_s;
	bool is_sql;
	size_t partners; /* calls of the other tracer that are this one */
};

struct segment {
	const cJSON *document;
	char *key; /* method and URL, percent-decoded: what requests are told apart by */
	const char *trace_id;
	double start_s, end_s;
	struct call *calls; /* by start */
	size_t call_count, call_cap;
	size_t partner; /* index in the other record, or NOBODY */
	bool by_trace;	/* partner was found by trace id, not by URL and time */
};

struct record {
	cJSON **documents;
	size_t document_count, document_cap;
	struct segment *segments;
	size_t count, cap;
	double first_s, last_s; /* when the first began and the last ended */
	uint64_t invalid;	/* lines that are no document */
	uint64_t orphans;	/* subsegments whose segment is not in the file */
	uint64_t local;		/* subsegments of blocks inside the process: nothing was called */
};

/* Reads the file at @path. Returns 0 or a negative errno; record_clear() in both cases. */
int record_read(const char *path, struct record *ret);
void record_clear(struct record *record);

/* The member at @path (`http.request.url`) of @json, or NULL. */
const cJSON *record_member(const cJSON *json, const char *path);
/* The same of a call: of its inner subsegment, else of the outer one. */
const cJSON *record_call_member(const struct call *call, const char *path);
/* The number @key of @json, 0 when it is none. */
double record_seconds(const cJSON *json, const char *key);
/* The text at @path, or "" when there is none. */
const char *record_text(const cJSON *json, const char *path);

#endif
