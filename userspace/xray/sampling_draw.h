/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_draw.h - the two ways in which a rule takes a request: from a reservoir of so many a
 * second, else by chance.
 */
#ifndef BPFXRAY_XRAY_SAMPLING_DRAW_H
#define BPFXRAY_XRAY_SAMPLING_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "xray/id.h"

/*
 * Requests become known when their records are read, not in the order in which they began: so many
 * seconds are kept open beside each other. What began longer ago than that finds its second's place
 * taken by a later one, and the reservoir empty: a reservoir never gives too much.
 */
#define SAMPLING_SECONDS 64

struct sampling_reservoir {
	struct {
		uint64_t second;
		uint64_t taken;
	} slots[SAMPLING_SECONDS];
};

/* Takes one of @limit for requests that began in @second (since the epoch). False: used up. */
bool sampling_reservoir_take(struct sampling_reservoir *reservoir, uint64_t second, uint64_t limit);

/* True with probability @rate: never for 0, always for 1. */
bool sampling_chance(const struct random_source *random, double rate);

#endif
