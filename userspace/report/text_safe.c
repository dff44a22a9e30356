// SPDX-License-Identifier: Apache-2.0
/* text_safe.c - hostile text for a terminal, see text.h. */
#include "report/text.h"

#include <string.h>

#include "util/utf8.h"

/* Controls, and marks that turn the direction of writing or have no width. */
static bool is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0xfeff ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || (c >= 0xfff0 && c <= 0xfffb) || c >= 0xe0000;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Appends the character at the start of @in, or a mark in its place. Returns the bytes of @in. */
static size_t append(struct bytes in, char **out)
{
	uint32_t c = 0;
	size_t len = utf8_decode(in, &c);

	if (len && !is_unsafe(c)) {
		memcpy(*out, in.at, len);
		*out += len;
	} else {
		*(*out)++ = '?';
	}
	return len ? len : 1;
}

size_t text_safe(const char *in, size_t width, char *ret)
{
	struct bytes left = bytes_str(in);
	char *before_last = ret;
	size_t count = 0;

	while (left.len && count < width) {
		before_last = ret;
		count++;
		if (is_blank(*left.at)) {
			*ret++ = ' ';
			while (left.len && is_blank(*left.at))
				left = bytes_skip(left, 1);
		} else {
			left = bytes_skip(left, append(left, &ret));
		}
	}
	if (left.len && count) {
		memcpy(before_last, "…", strlen("…"));
		ret = before_last + strlen("…");
	}
	*ret = '\0';
	return count;
}
