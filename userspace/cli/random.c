// SPDX-License-Identifier: Apache-2.0
/* random.c - see random.h. */
#include "cli/random.h"

#include <string.h>
#include <sys/random.h>

/* @len: below 256, so that it neither blocks nor returns short. */
static void random_fill(void *buf, size_t len)
{
	if (getrandom(buf, len, 0) != (ssize_t)len)
		memset(buf, 0xa5, len);
}

void random_pool_fill(void *ctx, void *buf, size_t len)
{
	struct random_pool *pool = ctx;

	if (pool->left < len) {
		random_fill(pool->bytes, sizeof(pool->bytes));
		pool->left = sizeof(pool->bytes);
	}
	pool->left -= len;
	memcpy(buf, pool->bytes + pool->left, len);
}
