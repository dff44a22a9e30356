// SPDX-License-Identifier: Apache-2.0
/* sampling_draw.c - see sampling_draw.h. */
#include "xray/sampling_draw.h"

/* A double holds integers of 53 bits exactly. */
#define RANDOM_BITS 53

bool sampling_reservoir_take(struct sampling_reservoir *reservoir, uint64_t second, uint64_t limit)
{
	size_t at = second % SAMPLING_SECONDS;

	if (second < reservoir->slots[at].second)
		return false;
	if (second > reservoir->slots[at].second) {
		reservoir->slots[at].second = second;
		reservoir->slots[at].taken = 0;
	}
	if (reservoir->slots[at].taken >= limit)
		return false;
	reservoir->slots[at].taken++;
	return true;
}

bool sampling_chance(const struct random_source *random, double rate)
{
	uint64_t bits;

	random->fill(random->ctx, &bits, sizeof(bits));
	bits >>= 64 - RANDOM_BITS;
	return (double)bits / (double)(UINT64_C(1) << RANDOM_BITS) < rate;
}
