/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h - documents between the encoder and the socket, oldest first, bounded in bytes and count.
 *
 * When a new document does not fit, the oldest trace goes with all its documents: half a trace
 * helps nobody. Each document that goes is counted.
 */
#ifndef BPFXRAY_EMIT_QUEUE_H
#define BPFXRAY_EMIT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "util/table.h"

/* Held at one time; 0 means no bound. */
struct queue_limits {
	size_t bytes;
	size_t documents;
};

struct queued {
	TAILQ_ENTRY(queued) link;
	struct queued *trace_next; /* the next one of its trace */
	uint64_t trace;		   /* document_trace() */
	uint64_t serial;	   /* never the same twice */
	size_t len;
	char json[];
};

TAILQ_HEAD(queued_list, queued);

struct queue {
	struct queue_limits limits;
	struct queued_list list;
	struct table last_of_trace; /* trace -> its newest document */
	size_t bytes;
	size_t count;
	uint64_t next_serial;
	uint64_t dropped_documents;
	uint64_t dropped_traces;
};

void queue_init(struct queue *queue, struct queue_limits limits);
void queue_clear(struct queue *queue);

/* Whether a document of @len would push out none. */
bool queue_fits(const struct queue *queue, size_t len);

/*
 * Copies @json, of trace @trace, to the end, after as many of the oldest traces were dropped as it
 * takes. 0, or -ENOMEM: then it is counted as dropped.
 */
int queue_push(struct queue *queue, uint64_t trace, const char *json, size_t len);

/* The oldest document, or NULL. */
struct queued *queue_first(const struct queue *queue);
struct queued *queue_next(const struct queued *document);

/* Removes and frees the oldest document. */
void queue_pop(struct queue *queue);

#endif
