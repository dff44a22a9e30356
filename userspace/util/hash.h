/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - a number for bytes, so that texts are found by comparing numbers first. */
#ifndef BPFXRAY_UTIL_HASH_H
#define BPFXRAY_UTIL_HASH_H

#include "util/bytes.h"

/* FNV-1a with 64 bits. Not keyed: whoever relies on different hashes compares the bytes too. */
static inline uint64_t hash_bytes(struct bytes in)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < in.len; i++)
		hash = (hash ^ in.at[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
