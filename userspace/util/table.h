/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - a hash table from a pair of 64-bit numbers to a pointer. Open addressing; the table
 * owns its slots and never what the values point to.
 *
 * An all-zero struct is an empty table. Values are never NULL. Only an insert allocates; it also
 * picks a smaller array again after a burst has passed. A table may be walked while the current
 * entry is removed (or any other), but nothing may be inserted during a walk:
 *
 *	table_for_each(&table, it)
 *		if (is_old(it.value))
 *			free(table_remove(&table, it.key));
 */
#ifndef BPFXRAY_UTIL_TABLE_H
#define BPFXRAY_UTIL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_key {
	uint64_t a;
	uint64_t b; /* 0 for keys of one number */
};

struct table_slot;

struct table {
	struct table_slot *slots;
	size_t slot_count; /* a power of two, or 0 */
	size_t count;	   /* entries */
	size_t used;	   /* entries and slots that removed entries left behind */
};

struct table_iter {
	struct table_key key;
	void *value;
	size_t next; /* private */
};

static inline struct table_key table_key(uint64_t a)
{
	return (struct table_key){ a, 0 };
}

static inline struct table_key table_key2(uint64_t a, uint64_t b)
{
	return (struct table_key){ a, b };
}

/* Returns 0, -EEXIST (the table is unchanged), -EINVAL for a NULL value, or -ENOMEM. */
int table_insert(struct table *table, struct table_key key, void *value);

/* The value of @key, or NULL. */
void *table_find(const struct table *table, struct table_key key);

/* Takes @key out. Returns its value, or NULL when it was not there. */
void *table_remove(struct table *table, struct table_key key);

/* Moves @iter (all zero at first) to the next entry, in no order. False at the end. */
bool table_next(const struct table *table, struct table_iter *iter);

#define table_for_each(table, iter) for (struct table_iter iter = { 0 }; table_next(table, &iter);)

/*
 * Frees the slots; the table is empty and usable again. The values are the caller's to free before.
 */
void table_clear(struct table *table);

#endif
