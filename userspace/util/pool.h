/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - objects of one size that are used again: what comes and goes with each request costs no
 * call of the allocator once there are as many as are in use at one time.
 *
 * An object knows its pool, so that whoever frees it need not. Objects that stay long are made many
 * at a time: between others they would keep whole pages from going back to the system. Built with
 * AddressSanitizer nothing is kept, or it would not see the use of an object after its end.
 */
#ifndef BPFXRAY_UTIL_POOL_H
#define BPFXRAY_UTIL_POOL_H

#include <stddef.h>

struct pool_object;
struct pool_slab;

struct pool {
	size_t size;		  /* bytes of an object */
	unsigned int spare_max;	  /* unused ones that are kept; more are freed */
	unsigned int spare_count; /* those that are */
	unsigned int slab;	  /* objects that are made at once; 0: one by one */
	struct pool_object *spare;
	struct pool_slab *slabs;
};

#define POOL(object_size, kept) ((struct pool){ .size = (object_size), .spare_max = (kept) })
/* None of them is freed before pool_clear(). */
#define POOL_SLABS(object_size, count) ((struct pool){ .size = (object_size), .slab = (count) })

/* An object of zeros, the caller's until pool_give(). NULL without memory. */
void *pool_take(struct pool *pool);
/*
 * The same of @len bytes that are not written: what is longer than @pool's objects is memory of its
 * own.
 */
void *pool_take_bytes(struct pool *pool, size_t len);
/* Ends an object of either; NULL is none. Its pool must be there still. Returns NULL. */
void *pool_give(void *object);
/* Frees the unused ones; all of them, which must be unused, when they were made many at a time. */
void pool_clear(struct pool *pool);

#endif
