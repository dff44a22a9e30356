// SPDX-License-Identifier: Apache-2.0
/* sampling_fixture.c - see sampling_fixture.h. */
#include "sampling_fixture.h"

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void fill_dice(void *ctx, void *buf, size_t len)
{
	for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
		uint64_t number = splitmix(ctx);

		memcpy((uint8_t *)buf + at, &number,
		       len - at < sizeof(number) ? len - at : sizeof(number));
	}
}

static void fill_low(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 0, len);
}

static void fill_high(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 0xff, len);
}

struct random_source dice(uint64_t *state)
{
	return (struct random_source){ fill_dice, state };
}

struct random_source always_low(void)
{
	return (struct random_source){ fill_low, NULL };
}

struct random_source always_high(void)
{
	return (struct random_source){ fill_high, NULL };
}

struct sampling_request request_at(uint64_t start_s)
{
	return (struct sampling_request){
		.service = bytes_str("todo"),
		.host = bytes_str("h"),
		.method = bytes_str("GET"),
		.path = bytes_str("/"),
		.ask = TRACE_SAMPLED_ABSENT,
		.start_s = start_s,
	};
}
