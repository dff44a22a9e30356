// SPDX-License-Identifier: Apache-2.0
/*
 * queue.c - see queue.h. A trace's documents are chained, so that dropping one does not look at
 * the others.
 */
#include "emit/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void queue_init(struct queue *queue, struct queue_limits limits)
{
	*queue = (struct queue){ .limits = limits, .next_serial = 1 };
	TAILQ_INIT(&queue->list);
}

struct queued *queue_first(const struct queue *queue)
{
	return TAILQ_FIRST(&queue->list);
}

struct queued *queue_next(const struct queued *document)
{
	return TAILQ_NEXT(document, link);
}

/* @document is the oldest of its trace. Returns the next one of the trace. */
static struct queued *remove_oldest_of_trace(struct queue *queue, struct queued *document)
{
	struct queued *next = document->trace_next;

	if (!next)
		table_remove(&queue->last_of_trace, table_key(document->trace));
	TAILQ_REMOVE(&queue->list, document, link);
	queue->bytes -= document->len;
	queue->count--;
	free(document);
	return next;
}

void queue_pop(struct queue *queue)
{
	remove_oldest_of_trace(queue, queue_first(queue));
}

void queue_clear(struct queue *queue)
{
	while (queue_first(queue))
		queue_pop(queue);
	table_clear(&queue->last_of_trace);
}

bool queue_fits(const struct queue *queue, size_t len)
{
	const struct queue_limits *limits = &queue->limits;

	return (!limits->bytes || queue->bytes + len <= limits->bytes) &&
	       (!limits->documents || queue->count < limits->documents);
}

static void drop_oldest_trace(struct queue *queue)
{
	struct queued *document = queue_first(queue);

	queue->dropped_traces++;
	while (document) {
		queue->dropped_documents++;
		document = remove_oldest_of_trace(queue, document);
	}
}

/* Puts @document behind the last of its trace. */
static int chain(struct queue *queue, struct queued *document)
{
	struct queued *last = table_remove(&queue->last_of_trace, table_key(document->trace));
	int r = table_insert(&queue->last_of_trace, table_key(document->trace), document);

	/* a slot was just freed: with a predecessor this wants no memory */
	if (!r && last)
		last->trace_next = document;
	return r;
}

int queue_push(struct queue *queue, uint64_t trace, const char *json, size_t len)
{
	struct queued *document = malloc(sizeof(*document) + len);

	while (queue->count && !queue_fits(queue, len))
		drop_oldest_trace(queue);
	if (!document)
		goto lost;
	*document = (struct queued){ .trace = trace, .serial = queue->next_serial, .len = len };
	memcpy(document->json, json, len);
	if (chain(queue, document) < 0)
		goto lost;
	TAILQ_INSERT_TAIL(&queue->list, document, link);
	queue->next_serial++;
	queue->bytes += len;
	queue->count++;
	return 0;
lost:
	queue->dropped_documents++;
	free(document);
	return -ENOMEM;
}
