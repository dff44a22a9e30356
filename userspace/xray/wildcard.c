// SPDX-License-Identifier: Apache-2.0
/*
 * wildcard.c - see wildcard.h. When something behind a `*` does not fit, only the last `*` needs to
 * take one character more: an earlier one could gain nothing by it. So there is no recursion.
 */
#include "xray/wildcard.h"

#include "util/utf8.h"

static size_t character_len(struct bytes text)
{
	uint32_t ignored;
	size_t len = utf8_decode(text, &ignored);

	return len ? len : 1;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Takes one character off both when they agree. */
static bool step(struct bytes *pattern, struct bytes *text)
{
	if (!pattern->len)
		return false;
	if (pattern->at[0] == '?') {
		*text = bytes_skip(*text, character_len(*text));
	} else {
		if (lower(pattern->at[0]) != lower(text->at[0]))
			return false;
		*text = bytes_skip(*text, 1);
	}
	*pattern = bytes_skip(*pattern, 1);
	return true;
}

bool wildcard_match(struct bytes pattern, struct bytes text)
{
	struct bytes retry_pattern = BYTES_NONE, retry_text = BYTES_NONE;
	bool star = false;

	while (text.len) {
		if (pattern.len && pattern.at[0] == '*') {
			pattern = bytes_skip(pattern, 1);
			retry_pattern = pattern;
			retry_text = text;
			star = true;
			continue;
		}
		if (step(&pattern, &text))
			continue;
		if (!star)
			return false;
		retry_text = bytes_skip(retry_text, character_len(retry_text));
		pattern = retry_pattern;
		text = retry_text;
	}
	while (pattern.len && pattern.at[0] == '*')
		pattern = bytes_skip(pattern, 1);
	return !pattern.len;
}
