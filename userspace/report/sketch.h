/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sketch.h - response times in a fixed number of buckets, so that a live view knows the median of
 * any number of them without keeping one. A percentile is off by 1/32 of itself at most.
 */
#ifndef BPFXRAY_REPORT_SKETCH_H
#define BPFXRAY_REPORT_SKETCH_H

#include <stdint.h>

/* Buckets of each power of two. */
#define SKETCH_STEPS 16
/* Up to 2^36 us, 19 hours; what is longer is counted in the last bucket. */
#define SKETCH_BUCKETS (33 * SKETCH_STEPS)

/* An all-zero struct is empty. */
struct sketch {
	uint64_t count;
	uint64_t sum_us;
	uint64_t max_us;
	uint32_t buckets[SKETCH_BUCKETS];
};

void sketch_add(struct sketch *sketch, uint64_t us);
void sketch_merge(struct sketch *into, const struct sketch *from);

/* By nearest rank: the middle of the bucket it lies in, never above the longest; 0 when empty. */
uint64_t sketch_percentile(const struct sketch *sketch, unsigned int percent);

#endif
