/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - segments and subsegments out of documents, each once: a document that says in_progress
 * gives way to the finished one, and what came alone is hung under its parent, whichever came
 * first.
 *
 * Filled line by line, then linked once; only then traces, roots and owners are known. What the
 * report needs of a document is kept as numbers; the document itself stays in its file.
 */
#ifndef BPFXRAY_REPORT_STORE_H
#define BPFXRAY_REPORT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/strings.h"
#include "util/table.h"

/* No such span. */
#define SPAN_NONE UINT32_MAX

/* Bytes kept of a text; the raw document has all of it. */
#define REPORT_TEXT_MAX 1024
#define REPORT_SQL_MAX	4096

enum span_flag {
	SPAN_SEGMENT = 1u << 0,
	SPAN_FAULT = 1u << 1,
	SPAN_ERROR = 1u << 2,
	SPAN_THROTTLE = 1u << 3,
	SPAN_PENDING = 1u << 4, /* no end is known */
	SPAN_REMOTE = 1u << 5,	/* a call downstream: namespace aws or remote */
	SPAN_AWS = 1u << 6,
	SPAN_SQL = 1u << 7,
	SPAN_ANSWERED = 1u << 8, /* a call whose callee sent its own segment */
	SPAN_HEALTH = 1u << 9,	 /* a load balancer's or an orchestrator's check */
};

/* A segment or a subsegment. Texts are numbers of store->strings. */
struct span {
	uint64_t id;
	uint64_t parent; /* 0: none */
	uint64_t start_us;
	uint64_t end_us;   /* start_us while pending */
	uint32_t trace;	   /* index of store->traces */
	uint32_t document; /* index of store->documents */
	uint32_t up;	   /* index of the parent, SPAN_NONE: it is in no document */
	uint32_t owner;	   /* index of the segment above; a segment's is itself */
	uint32_t name;
	uint32_t origin;
	uint32_t url;
	uint32_t method;
	uint32_t agent;
	uint32_t client;
	uint32_t statement; /* SQL, or `(command)` of a round trip without */
	uint32_t resource;  /* table, queue, bucket, function or topic of an AWS call */
	uint32_t problem;   /* the first exception's message */
	int16_t status;	    /* 0: none */
	uint16_t flags;	    /* SPAN_* */
};

/* Where a line of JSON stands, so that it can be read again. */
struct document {
	uint64_t offset;
	uint32_t len;
	uint32_t file;
	uint32_t span; /* its outermost; another document's by now when this one was replaced */
};

struct trace {
	uint32_t id; /* a text */
	uint32_t root;
	uint64_t start_us;
	uint64_t end_us;
	uint32_t segments;
};

/* The lines read, by what became of them. */
struct store_counts {
	uint64_t documents;
	uint64_t invalid;  /* no JSON, or no segment document */
	uint64_t replaced; /* gave way to a later or finished one with the same id */
	uint64_t orphans;  /* subsegments whose segment is in no document */
	uint64_t pending;  /* segments that never ended */
};

struct store {
	struct strings strings;
	struct span *spans;
	size_t span_count, span_capacity;
	struct document *documents;
	size_t document_count, document_capacity;
	struct trace *traces;
	size_t trace_count, trace_capacity;
	struct table by_id;    /* trace and id -> index of the span, plus 1 */
	struct table by_trace; /* text -> index of the trace, plus 1 */
	struct store_counts counts;
};

/*
 * Takes one line, which is parsed as JSON; @place says where it stands. Returns 0, -EBADMSG when it
 * is no segment document (counted), or -ENOMEM.
 */
int store_add(struct store *store, const char *line, size_t len, const struct document *place);

/* Fills what only the whole tells: up, owner, SPAN_ANSWERED, roots, times of traces. */
void store_link(struct store *store);

void store_clear(struct store *store);

static inline const char *store_text(const struct store *store, uint32_t id)
{
	return strings_get(&store->strings, id);
}

static inline uint64_t span_us(const struct span *span)
{
	return span->end_us - span->start_us;
}

#endif
