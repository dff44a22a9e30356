/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - the kernel's random bytes, for the pure layers that take them as an argument. */
#ifndef BPFXRAY_CLI_RANDOM_H
#define BPFXRAY_CLI_RANDOM_H

#include <stddef.h>

/* For struct random_source.fill. @len: below 256, so that it neither blocks nor returns short. */
void random_fill(void *ctx, void *buf, size_t len);

#endif
