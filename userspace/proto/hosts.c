// SPDX-License-Identifier: Apache-2.0
/*
 * hosts.c - see hosts.h. Text of the traced service's own file system: whatever is no address with
 * a name behind it is passed over.
 */
#include "proto/hosts.h"

#include <arpa/inet.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of @line, which moves behind it; empty at the end. */
static struct bytes cut_word(struct bytes *line)
{
	size_t len = 0;
	struct bytes word;

	while (line->len && is_blank(line->at[0]))
		*line = bytes_skip(*line, 1);
	while (len < line->len && !is_blank(line->at[len]))
		len++;
	word = bytes_take(*line, len);
	*line = bytes_skip(*line, len);
	return word;
}

static bool read_address(struct bytes word, uint8_t ret[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];

	if (word.len >= sizeof(text) || bytes_index(word, '\0') >= 0)
		return false;
	memcpy(text, word.at, word.len);
	text[word.len] = '\0';
	memcpy(ret, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, ret + sizeof(mapped)) == 1 ||
	       inet_pton(AF_INET6, text, ret) == 1;
}

static bool is_name_character(uint8_t c)
{
	return c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_own(const uint8_t address[16])
{
	static const uint8_t own[][16] = {
		{ [10] = 0xff, 0xff, 127, 0, 0, 1 },
		{ [15] = 1 },
	};

	return !memcmp(address, own[0], 16) || !memcmp(address, own[1], 16);
}

static bool read_name(struct bytes word, char ret[DNS_NAME_CAP])
{
	if (!word.len || word.len >= DNS_NAME_CAP)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (!is_name_character(word.at[i]))
			return false;
	memcpy(ret, word.at, word.len);
	ret[word.len] = '\0';
	return true;
}

bool hosts_next(struct bytes *in, struct hosts_line *ret)
{
	while (in->len) {
		ptrdiff_t feed = bytes_index(*in, '\n');
		struct bytes line = bytes_take(*in, feed < 0 ? in->len : (size_t)feed);
		ptrdiff_t comment = bytes_index(line, '#');

		*in = bytes_skip(*in, line.len + 1);
		line = bytes_take(line, comment < 0 ? line.len : (size_t)comment);
		if (read_address(cut_word(&line), ret->address) && !is_own(ret->address) &&
		    read_name(cut_word(&line), ret->name))
			return true;
	}
	return false;
}
