/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - the ring buffer from the kernel side, for the process that reads it: checked records,
 * and when there are some.
 *
 * All that is read and written is mapped memory; after ring_open() no call of bpf(2) is made, so
 * that the reader needs no capability on any kernel.
 */
#ifndef BPFXRAY_PROBE_RING_H
#define BPFXRAY_PROBE_RING_H

#include <stdint.h>

#include "probe/record.h"

/* Takes checked records, one at a time, valid during the call only. */
struct ring_sink {
	void (*record)(void *ctx, const struct record_view *view);
	void *ctx;
};

struct ring;

/*
 * Maps the ring buffer behind @fd, which the ring keeps when this succeeds. 0 or a negative errno.
 * Kernels before 5.19 want CAP_BPF for this one call.
 */
int ring_open(int fd, struct ring_sink sink, struct ring **ret);
/* Takes NULL; returns NULL. */
struct ring *ring_free(struct ring *ring);

/*
 * Waits up to @timeout_ms for the kernel side's wake-up, which comes when a quarter of the ring is
 * filled. Returns 1 for a wake-up, else 0, or a negative errno. What the ring holds stays there
 * until ring_drain().
 */
int ring_wait(struct ring *ring, int timeout_ms);

/*
 * For a reader that waits for something else: moves what the ring holds into memory of its own when
 * it is much, up to RING_HELD_MAX. ring_drain() hands it on first.
 */
void ring_make_room(struct ring *ring);

/* Hands on what the ring holds without waiting. How many records, or a negative errno. */
int ring_drain(struct ring *ring);

/* Records that failed record_check(). */
uint64_t ring_bad_records(const struct ring *ring);

#endif
