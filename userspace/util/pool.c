// SPDX-License-Identifier: Apache-2.0
/* pool.c - see pool.h. */
#include "util/pool.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define KEEPS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS false
#endif
#endif
#ifndef KEEPS
#define KEEPS true
#endif

/* In front of each object. */
struct pool_object {
	union {
		struct pool *home;	  /* in use; NULL: memory of its own */
		struct pool_object *next; /* unused */
	};
	alignas(max_align_t) unsigned char bytes[];
};

/* Many objects in one piece of memory. */
struct pool_slab {
	struct pool_slab *next;
	alignas(max_align_t) unsigned char bytes[];
};

static bool has_slabs(const struct pool *pool)
{
	return KEEPS && pool->slab;
}

static void keep(struct pool *pool, struct pool_object *object)
{
	object->next = pool->spare;
	pool->spare = object;
	pool->spare_count++;
}

static void slab_add(struct pool *pool)
{
	size_t align = alignof(max_align_t);
	size_t step = (sizeof(struct pool_object) + pool->size + align - 1) / align * align;
	struct pool_slab *slab = malloc(sizeof(*slab) + pool->slab * step);

	if (!slab)
		return;
	slab->next = pool->slabs;
	pool->slabs = slab;
	for (size_t i = pool->slab; i--;)
		keep(pool, (void *)(slab->bytes + i * step));
}

static struct pool_object *object_new(size_t len)
{
	if (len > SIZE_MAX / 2)
		return NULL;
	return malloc(sizeof(struct pool_object) + len);
}

static struct pool_object *spare_or_new(struct pool *pool)
{
	struct pool_object *object;

	if (!pool->spare && has_slabs(pool))
		slab_add(pool);
	object = pool->spare;
	if (object) {
		pool->spare = object->next;
		pool->spare_count--;
	} else if (!has_slabs(pool)) {
		object = object_new(pool->size);
	}
	if (object)
		object->home = pool;
	return object;
}

void *pool_take(struct pool *pool)
{
	struct pool_object *object = spare_or_new(pool);

	return object ? memset(object->bytes, 0, pool->size) : NULL;
}

void *pool_take_bytes(struct pool *pool, size_t len)
{
	struct pool_object *object;

	if (len <= pool->size) {
		object = spare_or_new(pool);
	} else {
		object = object_new(len);
		if (object)
			object->home = NULL;
	}
	return object ? object->bytes : NULL;
}

void *pool_give(void *at)
{
	struct pool_object *object;
	struct pool *home;

	if (!at)
		return NULL;
	object = (void *)((char *)at - offsetof(struct pool_object, bytes));
	home = object->home;
	if (home && (has_slabs(home) || (KEEPS && home->spare_count < home->spare_max)))
		keep(home, object);
	else
		free(object);
	return NULL;
}

void pool_clear(struct pool *pool)
{
	struct pool_object *object;
	struct pool_slab *slab;

	while (!has_slabs(pool) && (object = pool->spare)) {
		pool->spare = object->next;
		free(object);
	}
	while ((slab = pool->slabs)) {
		pool->slabs = slab->next;
		free(slab);
	}
	pool->spare = NULL;
	pool->spare_count = 0;
}
