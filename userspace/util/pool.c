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

static struct pool_object *object_new(size_t len)
{
	if (len > SIZE_MAX / 2)
		return NULL;
	return malloc(sizeof(struct pool_object) + len);
}

static struct pool_object *spare_or_new(struct pool *pool)
{
	struct pool_object *object = pool->spare;

	if (object) {
		pool->spare = object->next;
		pool->spare_count--;
	} else {
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
	if (!KEEPS || !home || home->spare_count >= home->spare_max) {
		free(object);
		return NULL;
	}
	object->next = home->spare;
	home->spare = object;
	home->spare_count++;
	return NULL;
}

void pool_clear(struct pool *pool)
{
	struct pool_object *object;

	while ((object = pool->spare)) {
		pool->spare = object->next;
		free(object);
	}
	pool->spare_count = 0;
}
