/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - the kernel's random bytes, for the pure layers that take them as an argument. */
#ifndef BPFXRAY_CLI_RANDOM_H
#define BPFXRAY_CLI_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Bytes drawn at once, of which the first @left are unused. Zeroed: empty. */
struct random_pool {
	uint8_t bytes[255];
	size_t left;
};

/*
 * For struct random_source.fill, with a struct random_pool as @ctx: a system call for each id was
 * an eighth of the agent's time. @len: at most the pool's size.
 */
void random_pool_fill(void *ctx, void *buf, size_t len);

#endif
