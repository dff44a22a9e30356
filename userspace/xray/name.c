// SPDX-License-Identifier: Apache-2.0
/*
 * name.c - see name.h. "Letter" is approximate outside ASCII: blocks of the Unicode standard
 * without any letter are refused, the rest is accepted. A full table of letters would be larger
 * than all of this agent's parsers.
 */
#include "xray/name.h"

#include <stdio.h>

#include "util/array.h"
#include "util/utf8.h"

struct range {
	uint32_t first, last;
};

static const struct range not_letters[] = {
	{ 0x80, 0xa9 }, /* C1 controls, Latin-1 signs up to the feminine ordinal */
	{ 0xab, 0xb4 }, /* up to the micro sign */
	{ 0xb6, 0xb9 }, /* up to the masculine ordinal */
	{ 0xbb, 0xbf },	       { 0xd7, 0xd7 },	   /* multiplication sign */
	{ 0xf7, 0xf7 },				   /* division sign */
	{ 0x2000, 0x2bff },			   /* punctuation, symbols, arrows, boxes */
	{ 0x3000, 0x3004 },			   /* CJK punctuation */
	{ 0x3007, 0x3020 },    { 0xe000, 0xf8ff }, /* private use */
	{ 0xfe00, 0xfe6f },			   /* variation selectors, marks, small forms */
	{ 0xfeff, 0xff0f },			   /* byte order mark, full-width punctuation */
	{ 0xfff0, 0xffff },			   /* specials */
	{ 0x1f000, 0x1faff },			   /* pictographs */
	{ 0xe0000, 0x10ffff },			   /* tags, private use */
};

/* The SDK's set: letters, digits and these signs. Blanks are looked at apart. */
static const bool is_allowed_ascii[0x80] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true,
	['.'] = true,	      [':'] = true,	    ['/'] = true,	  ['%'] = true,
	['&'] = true,	      ['#'] = true,	    ['='] = true,	  ['+'] = true,
	['\\'] = true,	      ['-'] = true,	    ['@'] = true,
};

static bool is_allowed(uint32_t c)
{
	if (c < sizeof(is_allowed_ascii))
		return is_allowed_ascii[c];
	for (size_t i = 0; i < ARRAY_LEN(not_letters); i++) {
		if (c >= not_letters[i].first && c <= not_letters[i].last)
			return false;
	}
	return true;
}

static bool is_space(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x3000;
}

/* The usual name is clean as it is: how long it is when all of it is, else 0. */
static size_t clean_len(struct bytes in)
{
	size_t len = 0;

	if (in.len > NAME_CHARS_MAX)
		return 0;
	while (len < in.len && in.at[len] < sizeof(is_allowed_ascii) &&
	       is_allowed_ascii[in.at[len]])
		len++;
	return len == in.len ? len : 0;
}

/* Returns the length of what is left of @in. */
static size_t name_pick(struct bytes in, char ret[NAME_CAP])
{
	size_t len = 0, chars = 0, n;
	bool space = false;
	uint32_t c = 0;

	for (; in.len; in = bytes_skip(in, n ? n : 1)) {
		n = utf8_decode(in, &c);
		if (n && is_space(c)) {
			space = len > 0;
			continue;
		}
		if (!n || !is_allowed(c))
			continue;
		if (chars + space + 1 > NAME_CHARS_MAX)
			break;
		if (space)
			ret[len++] = ' ';
		memcpy(ret + len, in.at, n);
		len += n;
		chars += space + 1;
		space = false;
	}
	return len;
}

void name_clean(struct bytes in, char ret[NAME_CAP])
{
	size_t len = clean_len(in);

	if (len)
		memcpy(ret, in.at, len);
	else
		len = name_pick(in, ret);
	ret[len] = '\0';
	if (!len)
		snprintf(ret, NAME_CAP, "unknown");
}
