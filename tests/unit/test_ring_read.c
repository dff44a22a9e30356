// SPDX-License-Identifier: Apache-2.0
/* test_ring_read.c - records of a ring buffer that end, wait, are thrown away, and wrap around. */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "probe/ring_read.h"
#include "unit.h"

#define RING_SIZE 4096

struct ring {
	unsigned long consumer, producer;
	_Alignas(8) uint8_t data[RING_SIZE];
	struct ring_memory memory;
	unsigned int count;
	size_t len;	 /* of the last record that was told */
	uint8_t last[2]; /* its first and its last byte */
};

static void keep(void *ctx, const void *data, size_t len)
{
	struct ring *ring = ctx;

	CHECK_EQ((uintptr_t)data % 8, 0);
	ring->count++;
	ring->len = len;
	ring->last[0] = *(const uint8_t *)data;
	ring->last[1] = ((const uint8_t *)data)[len - 1];
}

static void begin(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->memory = (struct ring_memory){
		&ring->consumer, &ring->producer, ring->data, RING_SIZE, { 0 }
	};
}

/* As the kernel does: every byte of it is @byte but the last, which is @last. */
static void put(struct ring *ring, size_t len, uint32_t flags, uint8_t byte, uint8_t last)
{
	uint32_t header = (uint32_t)len | flags;

	memcpy(ring->data + ring->producer % RING_SIZE, &header, sizeof(header));
	for (size_t i = 0; i < len; i++)
		ring->data[(ring->producer + 8 + i) % RING_SIZE] = i + 1 < len ? byte : last;
	ring->producer += (len + 8 + 7) / 8 * 8;
}

static unsigned int read_all(struct ring *ring)
{
	return ring_read(&ring->memory, keep, ring);
}

TEST(ring_read_in_order)
{
	struct ring ring;

	begin(&ring);
	CHECK_EQ(read_all(&ring), 0);
	put(&ring, 13, 0, 'a', 'z');
	put(&ring, 8, 0, 'b', 'y');
	CHECK_EQ(read_all(&ring), 2);
	CHECK_EQ(ring.len, 8);
	CHECK_EQ(ring.last[0], 'b');
	CHECK_EQ(ring.last[1], 'y');
	CHECK_EQ(ring.consumer, 24 + 16);
	CHECK_EQ(read_all(&ring), 0);
}

/* A record that is being written stops the reader; one that was given up does not. */
TEST(ring_read_flags)
{
	struct ring ring;

	begin(&ring);
	put(&ring, 16, BPF_RINGBUF_DISCARD_BIT, 'a', 'a');
	put(&ring, 16, 0, 'b', 'b');
	put(&ring, 16, BPF_RINGBUF_BUSY_BIT, 'c', 'c');
	put(&ring, 16, 0, 'd', 'd');
	CHECK_EQ(read_all(&ring), 1);
	CHECK_EQ(ring.last[0], 'b');
	CHECK_EQ(ring.consumer, 48);
	memset(ring.data + 48, 0, 4);
	ring.data[48] = 16; /* now it is submitted */
	CHECK_EQ(read_all(&ring), 2);
	CHECK_EQ(ring.last[0], 'd');
	CHECK_EQ(ring.consumer, ring.producer);
}

/* Every place where a record may be broken by the end of the memory, thousands in all. */
TEST(ring_read_wraps)
{
	struct ring ring;

	begin(&ring);
	for (unsigned int i = 0; i < 5000; i++) {
		size_t len = 9 + i * 7 % 900;

		unit_context("record %u of %zu bytes at %lu", i, len, ring.producer % RING_SIZE);
		put(&ring, len, 0, (uint8_t)i, (uint8_t)(i + 1));
		CHECK_EQ(read_all(&ring), 1);
		CHECK_EQ(ring.len, len);
		CHECK_EQ(ring.last[0], (uint8_t)i);
		CHECK_EQ(ring.last[1], (uint8_t)(i + 1));
	}
}

/* What is read is given back although no end is in sight. */
TEST(ring_read_many)
{
	struct ring ring;

	begin(&ring);
	for (int i = 0; i < 200; i++)
		put(&ring, 8, 0, 'x', 'x');
	CHECK_EQ(read_all(&ring), 200);
	CHECK_EQ(ring.consumer, ring.producer);
}

/* The order stays, whether a record was held or is in the ring still, and at its end is cut in two.
 */
TEST(ring_hold_makes_room_and_keeps_order)
{
	struct ring_held held = { 0 };
	struct ring ring;

	begin(&ring);
	put(&ring, 100, 0, 'a', 'b');
	ring_hold(&ring.memory, &held);
	CHECK_EQ(held.len, 0); /* less than an eighth */
	ring.consumer = ring.producer = RING_SIZE - 600;
	put(&ring, 500, 0, 'c', 'd');
	put(&ring, 333, BPF_RINGBUF_DISCARD_BIT, '-', '-');
	put(&ring, 701, 0, 'e', 'f');
	ring_hold(&ring.memory, &held);
	CHECK_EQ(ring.consumer, ring.producer);
	put(&ring, 1000, 0, 'g', 'h');
	ring_hold(&ring.memory, &held);
	CHECK_EQ(read_all(&ring), 0);
	CHECK_EQ(ring_release(&held, keep, &ring), 3);
	CHECK_EQ(ring.count, 3);
	CHECK_EQ(ring.len, 1000);
	CHECK(ring.last[0] == 'g' && ring.last[1] == 'h');
	CHECK(held.at);
	CHECK_EQ(ring_release(&held, keep, &ring), 0);
	CHECK(!held.at);
}

/* Most of the room is taken by one record: that each step moves all of it would take minutes. */
TEST(ring_hold_ends_at_its_bound)
{
	const size_t taken = RING_HELD_MAX - 8 * RING_SIZE;
	struct ring_held held = { .at = calloc(1, taken), .len = taken, .cap = taken };
	struct ring ring;
	unsigned int puts = 0;

	if (!CHECK(held.at))
		return;
	held.at[0] = taken - sizeof(*held.at);
	begin(&ring);
	do {
		puts++;
		put(&ring, 2000, 0, 'x', 'y');
		ring_hold(&ring.memory, &held);
	} while (ring.consumer == ring.producer);
	CHECK(puts > 2);
	CHECK(held.len <= RING_HELD_MAX && held.len > RING_HELD_MAX - 2 * RING_SIZE);
	CHECK_EQ(ring_release(&held, keep, &ring), puts);
	CHECK_EQ(ring_release(&held, keep, &ring), 0);
	CHECK_EQ(read_all(&ring), 1);
	CHECK_EQ(ring.count, puts + 1);
}
