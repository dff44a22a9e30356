// SPDX-License-Identifier: Apache-2.0
/*
 * table.c - see table.h. Linear probing. A removed entry leaves its slot marked, so that walks and
 * other probes stay valid; marked slots vanish when the array is built anew, which happens when
 * three quarters of it are used.
 */
#include "util/table.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_MIN 16

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_REMOVED };

struct table_slot {
	struct table_key key;
	void *value;
	enum slot_state state;
};

/*
 * Keys are counters and addresses, whose low bits alone would collide: multiplied by splitmix64's
 * odd constants, the upper half depends on all of them.
 */
static size_t slot_of(const struct table *table, struct table_key key)
{
	uint64_t x = (key.a ^ key.b * 0x94d049bb133111ebULL) * 0xbf58476d1ce4e5b9ULL;

	return (x ^ x >> 32) & (table->slot_count - 1);
}

static bool key_equal(struct table_key x, struct table_key y)
{
	return x.a == y.a && x.b == y.b;
}

/* The slot that holds @key, or NULL. Ends because a quarter of the slots is always free. */
static struct table_slot *lookup(const struct table *table, struct table_key key)
{
	size_t at;

	if (!table->slot_count)
		return NULL;
	for (at = slot_of(table, key);; at = (at + 1) & (table->slot_count - 1)) {
		struct table_slot *slot = &table->slots[at];

		if (slot->state == SLOT_FREE)
			return NULL;
		if (slot->state == SLOT_TAKEN && key_equal(slot->key, key))
			return slot;
	}
}

/* Writes an entry whose key is known to be absent into the first slot without one. */
static void place(struct table *table, struct table_key key, void *value)
{
	size_t at = slot_of(table, key);

	while (table->slots[at].state == SLOT_TAKEN)
		at = (at + 1) & (table->slot_count - 1);
	if (table->slots[at].state == SLOT_FREE)
		table->used++;
	table->slots[at] = (struct table_slot){ key, value, SLOT_TAKEN };
	table->count++;
}

/* Builds the array anew for one entry more, at most half full. */
static int rebuild(struct table *table)
{
	struct table built = { .slot_count = SLOTS_MIN };

	while (built.slot_count < (table->count + 1) * 2)
		built.slot_count *= 2;
	built.slots = calloc(built.slot_count, sizeof(*built.slots));
	if (!built.slots)
		return -ENOMEM;
	table_for_each (table, it)
		place(&built, it.key, it.value);
	free(table->slots);
	*table = built;
	return 0;
}

int table_insert(struct table *table, struct table_key key, void *value)
{
	int r;

	if (!value)
		return -EINVAL;
	if (lookup(table, key))
		return -EEXIST;
	if ((table->used + 1) * 4 > table->slot_count * 3) {
		r = rebuild(table);
		if (r < 0)
			return r;
	}
	place(table, key, value);
	return 0;
}

void *table_find(const struct table *table, struct table_key key)
{
	const struct table_slot *slot = lookup(table, key);

	return slot ? slot->value : NULL;
}

void *table_remove(struct table *table, struct table_key key)
{
	struct table_slot *slot = lookup(table, key);
	void *value;

	if (!slot)
		return NULL;
	value = slot->value;
	*slot = (struct table_slot){ .state = SLOT_REMOVED };
	table->count--;
	return value;
}

bool table_next(const struct table *table, struct table_iter *iter)
{
	while (iter->next < table->slot_count) {
		const struct table_slot *slot = &table->slots[iter->next++];

		if (slot->state != SLOT_TAKEN)
			continue;
		iter->key = slot->key;
		iter->value = slot->value;
		return true;
	}
	return false;
}

void table_clear(struct table *table)
{
	free(table->slots);
	*table = (struct table){ 0 };
}
