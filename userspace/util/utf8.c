// SPDX-License-Identifier: Apache-2.0
/* utf8.c - see utf8.h. */
#include "util/utf8.h"

#include <stdlib.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Length that the first byte announces, and its payload bits; 0 for a byte that begins nothing. */
static size_t lead(uint8_t byte, uint32_t *ret)
{
	if (byte < 0x80) {
		*ret = byte;
		return 1;
	}
	if (byte >= 0xc2 && byte < 0xe0) {
		*ret = byte & 0x1f;
		return 2;
	}
	if (byte >= 0xe0 && byte < 0xf0) {
		*ret = byte & 0x0f;
		return 3;
	}
	if (byte >= 0xf0 && byte < 0xf5) {
		*ret = byte & 0x07;
		return 4;
	}
	return 0;
}

size_t utf8_decode(struct bytes in, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = 0;
	size_t n = in.len ? lead(in.at[0], &c) : 0;

	if (!n || n > in.len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((in.at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (in.at[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

char *utf8_clean(struct bytes in, size_t cap)
{
	size_t room = in.len < cap / 3 ? in.len * 3 : cap;
	char *out = malloc(room + 1);
	size_t len = 0;

	if (!out)
		return NULL;
	while (in.len) {
		uint32_t c;
		size_t n = utf8_decode(in, &c);
		bool valid = n && c;
		size_t add = valid ? n : strlen(REPLACEMENT);

		if (len + add > room)
			break;
		memcpy(out + len, valid ? (const char *)in.at : REPLACEMENT, add);
		len += add;
		in = bytes_skip(in, n ? n : 1);
	}
	out[len] = '\0';
	return out;
}
