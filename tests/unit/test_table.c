// SPDX-License-Identifier: Apache-2.0
/* test_table.c - the hash table against a plain array of the same entries. */
#include "unit.h"

#include <errno.h>

#include "util/table.h"

TEST(table_insert_find_remove)
{
	struct table table = { 0 };
	int one, two;

	CHECK(!table_find(&table, table_key(7)));
	CHECK(!table_remove(&table, table_key(7)));
	CHECK_EQ(table_insert(&table, table_key(7), &one), 0);
	CHECK_EQ(table_insert(&table, table_key2(7, 1), &two), 0);
	CHECK_EQ(table_insert(&table, table_key(7), &two), -EEXIST);
	CHECK_EQ(table_insert(&table, table_key(8), NULL), -EINVAL);
	CHECK(table_find(&table, table_key(7)) == &one);
	CHECK(table_find(&table, table_key2(7, 1)) == &two);
	CHECK(!table_find(&table, table_key2(1, 7)));
	CHECK(table_remove(&table, table_key(7)) == &one);
	CHECK(!table_find(&table, table_key(7)));
	CHECK(table_find(&table, table_key2(7, 1)) == &two);
	CHECK_EQ(table.count, 1);
	table_clear(&table);
	CHECK(!table_find(&table, table_key2(7, 1)));
	CHECK_EQ(table_insert(&table, table_key(7), &one), 0);
	table_clear(&table);
}

TEST(table_walk_with_removal)
{
	static char values[1000];
	struct table table = { 0 };
	size_t seen = 0;

	for (size_t i = 0; i < 1000; i++)
		CHECK_EQ(table_insert(&table, table_key2(i, i * 4096), &values[i]), 0);
	table_for_each (&table, it) {
		CHECK(it.value == &values[it.key.a]);
		CHECK_EQ(values[it.key.a]++, 0);
		seen++;
		if (it.key.a % 3)
			CHECK(table_remove(&table, it.key) == it.value);
	}
	CHECK_EQ(seen, 1000);
	CHECK_EQ(table.count, 334);
	for (size_t i = 0; i < 1000; i++)
		CHECK_EQ(!!table_find(&table, table_key2(i, i * 4096)), i % 3 == 0);
	table_clear(&table);
}

/* Random inserts and removes; the model is an array indexed by the key. */
TEST(table_equals_its_model)
{
	static char values[256];
	bool present[256] = { false };
	struct table table = { 0 };
	size_t count = 0;
	uint32_t random = 1;

	for (int step = 0; step < 100000; step++) {
		uint8_t key;

		random = random * 1664525 + 1013904223;
		key = random >> 24;
		if (random & 0x800000) {
			int r = table_insert(&table, table_key(key), &values[key]);

			CHECK_EQ(r, present[key] ? -EEXIST : 0);
			count += !present[key];
			present[key] = true;
		} else {
			void *value = table_remove(&table, table_key(key));

			CHECK(value == (present[key] ? &values[key] : NULL));
			count -= present[key];
			present[key] = false;
		}
	}
	CHECK_EQ(table.count, count);
	for (int i = 0; i < 256; i++)
		CHECK_EQ(!!table_find(&table, table_key(i)), present[i]);
	CHECK(table.slot_count <= 1024);
	table_clear(&table);
}

TEST(table_shrinks_after_a_burst)
{
	struct table table = { 0 };
	int value;

	for (uint64_t i = 0; i < 10000; i++)
		CHECK_EQ(table_insert(&table, table_key(i), &value), 0);
	for (uint64_t i = 0; i < 10000; i++)
		CHECK(table_remove(&table, table_key(i)));
	for (uint64_t i = 0; i < 100000; i++) {
		CHECK_EQ(table_insert(&table, table_key(i), &value), 0);
		CHECK(table_remove(&table, table_key(i)));
	}
	CHECK(table.slot_count <= 64);
	table_clear(&table);
}
