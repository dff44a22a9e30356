/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - UTF-8 from hostile bytes: reading code points, and copies that are valid whatever came
 * in.
 */
#ifndef BPFXRAY_UTIL_UTF8_H
#define BPFXRAY_UTIL_UTF8_H

#include "util/bytes.h"

/*
 * Reads the code point at the start of @in. Returns its length (1..4), or 0 when @in is empty or
 * does not begin with a valid sequence (RFC 3629: no surrogates, no overlong forms, nothing above
 * U+10FFFF).
 */
size_t utf8_decode(struct bytes in, uint32_t *ret);

/*
 * A copy of @in as a string of valid UTF-8 of at most @cap bytes, cut between code points: each
 * byte that is part of no valid sequence, and each NUL, becomes U+FFFD. Returns NULL without
 * memory; else the caller frees it.
 */
char *utf8_clean(struct bytes in, size_t cap);

/* The same into the caller's memory, without a NUL: as utf8_clean(), @room for @cap. Returns how
 * many. */
size_t utf8_clean_to(struct bytes in, char *out, size_t room);
/* How many bytes that may be at most, for any @room. */
size_t utf8_clean_len_max(struct bytes in);

#endif
