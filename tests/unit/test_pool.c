// SPDX-License-Identifier: Apache-2.0
/*
 * test_pool.c - objects that are used again: zeros each time, long ones beside them, none lost.
 */
#include "unit.h"

#include "util/array.h"
#include "util/pool.h"

TEST(pool_objects_are_zeros_again)
{
	struct pool pool = POOL(48, 2);
	unsigned char *objects[4];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
			objects[i] = pool_take(&pool);
			if (!CHECK(objects[i]))
				return;
			CHECK(!((uintptr_t)objects[i] % _Alignof(max_align_t)));
			for (size_t at = 0; at < 48; at++)
				CHECK_EQ(objects[i][at], 0);
			memset(objects[i], 0xff, 48);
		}
		for (size_t i = 0; i < ARRAY_LEN(objects); i++)
			CHECK(!pool_give(objects[i]));
		CHECK(pool.spare_count <= 2);
	}
	pool_clear(&pool);
	CHECK_EQ(pool.spare_count, 0);
}

/* What is longer than the pool's objects is the caller's as well, and goes without a trace. */
TEST(pool_bytes_of_any_length)
{
	static const size_t lens[] = { 0, 1, 31, 32, 33, 100000 };
	struct pool pool = POOL(32, 8);
	char *at[ARRAY_LEN(lens)];

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		at[i] = pool_take_bytes(&pool, lens[i]);
		if (!CHECK(at[i]))
			return;
		memset(at[i], 'x', lens[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(lens); i++)
		pool_give(at[i]);
	CHECK(pool.spare_count <= 4);
	pool_clear(&pool);
}

/* Made many at a time: each is its own, and zeros. */
TEST(pool_slabs)
{
	struct pool pool = POOL_SLABS(40, 8);
	unsigned char *objects[21];

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
			objects[i] = pool_take(&pool);
			if (!CHECK(objects[i]))
				return;
			CHECK(!((uintptr_t)objects[i] % _Alignof(max_align_t)));
			memset(objects[i], (int)i + 1, 40);
		}
		for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
			for (size_t at = 0; at < 40; at++)
				CHECK_EQ(objects[i][at], i + 1);
			pool_give(objects[i]);
		}
	}
	CHECK(pool.spare_count <= 24);
	pool_clear(&pool);
	CHECK_EQ(pool.spare_count, 0);
}

/* unit.c lets the allocator say no instead of ending the program. */
TEST(pool_without_memory)
{
	struct pool pool = POOL(SIZE_MAX / 4, 1);

	CHECK(!pool_take(&pool));
	CHECK(!pool_take_bytes(&pool, SIZE_MAX - 8));
	CHECK(!pool_give(NULL));
	pool_clear(&pool);
}
