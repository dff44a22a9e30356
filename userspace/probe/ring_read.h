/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_read.h - the reader's side of a BPF ring buffer's memory, as the kernel lays it out
 * (include/uapi/linux/bpf.h, Documentation/bpf/ringbuf.rst): records between two positions that
 * only grow, each behind a header of 8 bytes with its length and two flags.
 *
 * The data are mapped once. libbpf maps them twice, one behind the other, so that a record at the
 * end goes on in the second mapping: both count as the reader's memory. Here such a record, one in
 * thousands, is copied.
 */
#ifndef BPFXRAY_PROBE_RING_READ_H
#define BPFXRAY_PROBE_RING_READ_H

#include <stddef.h>
#include <stdint.h>

/* A record is at most this long; a longer one is told with its first bytes. */
#define RING_RECORD_MAX 8192

/* @data valid during the call only, aligned to 8 bytes. */
typedef void (*ring_record_fn)(void *ctx, const void *data, size_t len);

struct ring_memory {
	unsigned long *consumer;       /* position up to which is read */
	const unsigned long *producer; /* position up to which is written, or begun */
	const uint8_t *data;
	size_t size; /* of data: a power of two */
	uint64_t wrapped[RING_RECORD_MAX / sizeof(uint64_t)];
};

/*
 * Hands on what is there at the call, in order, up to the first record that is still being written.
 * What comes meanwhile stays there: a reader that is slower than the writers has other work, too.
 * Returns how many records.
 */
unsigned int ring_read(struct ring_memory *memory, ring_record_fn take, void *ctx);

/*
 * Records that were taken out of the ring to make room, and are not handed on yet. This many bytes
 * at most: together with the ring what 10 s of a busy service bring.
 */
#define RING_HELD_MAX (16u << 20)

struct ring_held {
	uint64_t *at; /* each behind its length, padded to 8 bytes */
	size_t len;   /* bytes */
	size_t cap;
};

/*
 * Moves what the ring holds to the end of @held, unless it is less than an eighth of the ring or
 * there is no room for as much as the ring may hold.
 */
void ring_hold(struct ring_memory *memory, struct ring_held *held);

/*
 * Hands on what is held, which is empty then. Returns how many records. The memory stays for the
 * next burst, whose every page would have to be given anew, and is freed when nothing was held.
 */
unsigned int ring_release(struct ring_held *held, ring_record_fn take, void *ctx);

#endif
