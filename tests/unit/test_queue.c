// SPDX-License-Identifier: Apache-2.0
/* test_queue.c - the bounded queue: order, bounds, and that whole traces go. */
#include "unit.h"

#include "emit/document.h"
#include "emit/queue.h"

static void push(struct queue *queue, uint64_t trace, const char *json)
{
	CHECK_EQ(queue_push(queue, trace, json, strlen(json)), 0);
}

/* The documents in order, as one string. */
static void check_content(const struct queue *queue, const char *expected)
{
	char all[256] = "";

	for (const struct queued *it = queue_first(queue); it; it = queue_next(it))
		strncat(all, it->json, it->len);
	CHECK_STR(all, expected);
}

TEST(queue_keeps_order)
{
	struct queue queue;

	queue_init(&queue, (struct queue_limits){ 0 });
	push(&queue, 1, "a");
	push(&queue, 2, "b");
	push(&queue, 1, "c");
	check_content(&queue, "abc");
	queue_pop(&queue);
	check_content(&queue, "bc");
	CHECK_EQ(queue.bytes, 2);
	CHECK_EQ(queue.count, 2);
	CHECK_EQ(queue.dropped_documents, 0);
	queue_clear(&queue);
}

TEST(queue_drops_the_oldest_trace_whole)
{
	struct queue queue;

	queue_init(&queue, (struct queue_limits){ .documents = 4 });
	push(&queue, 1, "a");
	push(&queue, 2, "b");
	push(&queue, 1, "c");
	push(&queue, 3, "d");
	push(&queue, 3, "e");
	check_content(&queue, "bde");
	CHECK_EQ(queue.dropped_documents, 2);
	CHECK_EQ(queue.dropped_traces, 1);
	queue_clear(&queue);
}

TEST(queue_is_bounded_in_bytes)
{
	struct queue queue;

	queue_init(&queue, (struct queue_limits){ .bytes = 10 });
	push(&queue, 1, "1234");
	push(&queue, 2, "5678");
	push(&queue, 3, "abcd");
	check_content(&queue, "5678abcd");
	push(&queue, 4, "0123456789");
	check_content(&queue, "0123456789");
	CHECK_EQ(queue.dropped_documents, 3);
	CHECK_EQ(queue.dropped_traces, 3);
	queue_clear(&queue);
}

/* A trace whose first documents were sent goes with those that are left. */
TEST(queue_drops_what_is_left_of_a_trace)
{
	struct queue queue;

	queue_init(&queue, (struct queue_limits){ .documents = 3 });
	push(&queue, 1, "a");
	push(&queue, 1, "b");
	push(&queue, 2, "c");
	queue_pop(&queue);
	push(&queue, 1, "d");
	push(&queue, 3, "e");
	check_content(&queue, "ce");
	CHECK_EQ(queue.dropped_documents, 2);
	queue_clear(&queue);
}

/* Every document pushed is popped, dropped or there: checked after each step of a random walk. */
TEST(queue_books_balance)
{
	struct queue queue;
	uint64_t seed = 7, pushed = 0, popped = 0;

	queue_init(&queue, (struct queue_limits){ .bytes = 100, .documents = 20 });
	for (int i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if ((seed >> 33) % 3) {
			CHECK_EQ(queue_push(&queue, (seed >> 40) % 6, "0123456789abcdef",
					    (seed >> 50) % 16),
				 0);
			pushed++;
		} else if (queue_first(&queue)) {
			queue_pop(&queue);
			popped++;
		}
		if (!CHECK_EQ(pushed, popped + queue.count + queue.dropped_documents) ||
		    !CHECK(queue.count <= 20 && queue.bytes <= 100))
			break;
	}
	CHECK(queue.dropped_documents > 1000 && popped > 1000);
	queue_clear(&queue);
	CHECK_EQ(queue.bytes, 0);
}

static uint64_t trace_of(const char *json)
{
	return document_trace(json, strlen(json));
}

TEST(document_trace_is_the_same_for_its_documents)
{
	uint64_t one = trace_of("{\"id\":\"1\",\"trace_id\":\"1-a-b\"}");

	CHECK(one);
	CHECK(one == trace_of("{\"type\":\"subsegment\",\"trace_id\":\"1-a-b\",\"x\":1}"));
	CHECK(one != trace_of("{\"id\":\"1\",\"trace_id\":\"1-a-c\"}"));
	CHECK_EQ(trace_of("{}"), 0);
	/* what a client wrote is escaped */
	CHECK(one == trace_of("{\"url\":\"\\\"trace_id\\\":\\\"zz\",\"trace_id\":\"1-a-b\"}"));
}
