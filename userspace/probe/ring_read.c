// SPDX-License-Identifier: Apache-2.0
/* ring_read.c - see ring_read.h. */
#include "probe/ring_read.h"

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * What is read is given back in steps: the position's cache line is looked at by each writer, and
 * would be taken from it with every record.
 */
#define GIVE_BACK 64

static size_t length_of(uint32_t header)
{
	return header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
}

static unsigned long step_of(uint32_t header)
{
	return (length_of(header) + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
}

static void hand_on(struct ring_memory *memory, unsigned long at, size_t len, ring_record_fn take,
		    void *ctx)
{
	size_t begin = (at + BPF_RINGBUF_HDR_SZ) & (memory->size - 1);
	size_t first = memory->size - begin;

	if (len <= first) {
		take(ctx, memory->data + begin, len);
		return;
	}
	if (len > sizeof(memory->wrapped))
		len = sizeof(memory->wrapped);
	if (first > len)
		first = len;
	memcpy(memory->wrapped, memory->data + begin, first);
	memcpy((uint8_t *)memory->wrapped + first, memory->data, len - first);
	take(ctx, memory->wrapped, len);
}

static void give_back(struct ring_memory *memory, unsigned long at)
{
	__atomic_store_n(memory->consumer, at, __ATOMIC_RELEASE);
}

/* The header at @at, or false when the record is not complete. */
static bool header_at(const struct ring_memory *memory, unsigned long at, uint32_t *ret)
{
	const uint8_t *header = memory->data + (at & (memory->size - 1));

	*ret = __atomic_load_n((const uint32_t *)header, __ATOMIC_ACQUIRE);
	return !(*ret & BPF_RINGBUF_BUSY_BIT);
}

unsigned int ring_read(struct ring_memory *memory, ring_record_fn take, void *ctx)
{
	unsigned long at = *memory->consumer;
	unsigned long end = __atomic_load_n(memory->producer, __ATOMIC_ACQUIRE);
	unsigned int count = 0, kept = 0;
	uint32_t header;

	while (at < end && header_at(memory, at, &header)) {
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			hand_on(memory, at, length_of(header), take, ctx);
			count++;
		}
		at += step_of(header);
		if (++kept == GIVE_BACK) {
			give_back(memory, at);
			kept = 0;
		}
	}
	give_back(memory, at);
	return count;
}

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static void append(void *ctx, const void *data, size_t len)
{
	struct ring_held *held = ctx;
	uint64_t *at = held->at + held->len / sizeof(*at);

	*at = len;
	memcpy(at + 1, data, len);
	held->len += sizeof(*at) + padded(len);
}

static bool have_room(struct ring_held *held, size_t cap)
{
	uint64_t *grown;

	if (cap <= held->cap)
		return true;
	grown = realloc(held->at, cap);
	if (!grown)
		return false;
	held->at = grown;
	held->cap = cap;
	return true;
}

/* A record takes no more room than in the ring, where it has a header, too. */
void ring_hold(struct ring_memory *memory, struct ring_held *held)
{
	size_t cap = held->len + memory->size;
	unsigned long used =
		__atomic_load_n(memory->producer, __ATOMIC_ACQUIRE) - *memory->consumer;

	if (used < memory->size / 8 || cap > RING_HELD_MAX || !have_room(held, cap))
		return;
	(void)ring_read(memory, append, held);
}

unsigned int ring_release(struct ring_held *held, ring_record_fn take, void *ctx)
{
	unsigned int count = 0;

	for (size_t i = 0; i < held->len / sizeof(*held->at); count++) {
		size_t len = held->at[i++];

		take(ctx, held->at + i, len);
		i += padded(len) / sizeof(*held->at);
	}
	if (!held->len) {
		free(held->at);
		*held = (struct ring_held){ 0 };
	}
	held->len = 0;
	return count;
}
