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

/* Bytes at the start of @in that are ASCII characters, and not NUL. */
static size_t plain_len(struct bytes in)
{
	size_t n = 0;

	while (n < in.len && in.at[n] && in.at[n] < 0x80)
		n++;
	return n;
}

size_t utf8_clean_len_max(struct bytes in)
{
	size_t plain = plain_len(in);

	return plain + (in.len - plain) * strlen(REPLACEMENT);
}

size_t utf8_clean_to(struct bytes in, char *out, size_t room)
{
	size_t len = 0;

	while (in.len) {
		uint32_t c;
		size_t n = plain_len(bytes_take(in, room - len));
		const char *from = (const char *)in.at;
		size_t add = n;

		if (!n) {
			n = utf8_decode(in, &c);
			add = n && c ? n : strlen(REPLACEMENT);
			from = n && c ? from : REPLACEMENT;
		}
		if (len + add > room)
			break;
		memcpy(out + len, from, add);
		len += add;
		in = bytes_skip(in, n ? n : 1);
	}
	return len;
}

char *utf8_clean(struct bytes in, size_t cap)
{
	size_t room = in.len < cap / 3 ? utf8_clean_len_max(in) : cap;
	char *out = malloc(room + 1);

	if (out)
		out[utf8_clean_to(in, out, room)] = '\0';
	return out;
}
