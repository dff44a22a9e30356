// SPDX-License-Identifier: Apache-2.0
/* error_message.c - see error_message.h. */
#include "xray/error_message.h"

#include <stdio.h>

#include "util/array.h"

/* What servers write behind the last quoted thing; `#` stands for a number. */
static const char *const endings[] = {
	" doesn't exist",
	" already exists",
	" cannot be null",
	" doesn't have a default value",
	" is ambiguous",
	"; check that column/key exists",
	"; check that it exists",
	" (using password: YES)",
	" (using password: NO)",
	" at line #",
	" at row #",
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c >= 0x80;
}

/* The quote of `Can't ` and `server's `: behind a word, with one letter and a blank behind it. */
static bool is_apostrophe(struct bytes in, size_t at)
{
	return at && is_word(in.at[at - 1]) && at + 2 < in.len &&
	       (in.at[at + 1] == 't' || in.at[at + 1] == 's') && in.at[at + 2] == ' ';
}

static bool opens_quote(struct bytes in, size_t at)
{
	return in.at[at] == '"' || (in.at[at] == '\'' && !is_apostrophe(in, at));
}

static size_t first_quote(struct bytes in)
{
	size_t at = 0;

	while (at < in.len && !opens_quote(in, at))
		at++;
	return at;
}

/* Does @in end, behind a closing quote, with @ending? */
static bool ends_with(struct bytes in, const char *ending)
{
	size_t len = strlen(ending);

	if (len && ending[len - 1] == '#') {
		size_t before = in.len;

		while (in.len && is_digit(in.at[in.len - 1]))
			in.len--;
		if (in.len == before)
			return false;
		len--;
	}
	if (in.len <= len || memcmp(in.at + in.len - len, ending, len))
		return false;
	return in.at[in.len - len - 1] == '\'' || in.at[in.len - len - 1] == '"';
}

static const char *known_ending(struct bytes in)
{
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		if (ends_with(in, endings[i]))
			return endings[i];
	}
	return "";
}

/* Copies @in up to @room bytes with each number as `?`. Returns the length written. */
static size_t copy_without_numbers(struct bytes in, char *out, size_t room)
{
	size_t len = 0, i = 0;

	while (i < in.len && len < room) {
		if (!is_digit(in.at[i]) || (i && is_word(in.at[i - 1]))) {
			out[len++] = in.at[i++];
			continue;
		}
		out[len++] = '?';
		while (i < in.len && (is_word(in.at[i]) || in.at[i] == '.'))
			i++;
	}
	return len;
}

void error_message_sanitize(struct bytes in, const char *sqlstate, char ret[ERROR_MESSAGE_CAP])
{
	size_t quote = first_quote(in), len;
	const char *ending = known_ending(bytes_skip(in, quote + 1));

	ret[0] = '\0';
	if (!strncmp(sqlstate, "45", 2))
		return;
	len = copy_without_numbers(bytes_take(in, quote), ret, ERROR_MESSAGE_CAP / 2);
	ret[len] = '\0';
	if (quote == in.len)
		return;
	ret[len++] = '?';
	for (; *ending; ending++)
		ret[len++] = *ending == '#' ? '?' : *ending;
	ret[len] = '\0';
}
