/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what the fuzz targets share: invariants that stop the run, and inputs of exactly their
 * own size.
 */
#ifndef BPFXRAY_TESTS_FUZZ_H
#define BPFXRAY_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also in builds with NDEBUG: a fuzz target without its invariants finds half. */
#define INVARIANT(cond)                                                                            \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond);         \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/*
 * The first @n bytes of @in in memory of their own, so that the sanitizer sees a read behind them.
 * The caller frees ret.at.
 */
static inline struct bytes fuzz_prefix(struct bytes in, size_t n)
{
	struct bytes prefix = bytes_take(in, n);
	uint8_t *copy = malloc(prefix.len ? prefix.len : 1);

	INVARIANT(copy);
	if (prefix.len)
		memcpy(copy, prefix.at, prefix.len);
	prefix.at = copy;
	return prefix;
}

static inline void fuzz_inside(struct bytes view, struct bytes in)
{
	if (!view.len)
		return;
	INVARIANT(view.at >= in.at && view.at < in.at + in.len);
	INVARIANT(view.len <= (size_t)(in.at + in.len - view.at));
}

/* @view is the beginning of @whole. */
static inline void fuzz_begins(struct bytes view, struct bytes whole)
{
	INVARIANT(bytes_equal(view, bytes_take(whole, view.len)));
}

#endif
