/* SPDX-License-Identifier: Apache-2.0 */
/*
 * array.h - the length of an array that is one, and arrays that grow: a pointer, a count and a
 * capacity that the owner keeps in its struct.
 */
#ifndef BPFXRAY_UTIL_ARRAY_H
#define BPFXRAY_UTIL_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline int array_grow(void **items, size_t *capacity, size_t wanted, size_t size)
{
	size_t grown = *capacity ? *capacity : 16;
	void *moved;

	while (grown < wanted)
		grown *= 2;
	moved = reallocarray(*items, grown, size);
	if (!moved)
		return -ENOMEM;
	*items = moved;
	*capacity = grown;
	return 0;
}

/* Makes room for one item more behind @count. Returns 0 or -ENOMEM with the array unchanged. */
#define ARRAY_ROOM(items, count, capacity)                                                         \
	((count) < (capacity)                                                                      \
		 ? 0                                                                               \
		 : array_grow((void **)&(items), &(capacity), (count) + 1, sizeof(*(items))))

#endif
