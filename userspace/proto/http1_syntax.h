/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1_syntax.h - the character classes and small views that the HTTP heads and the uwsgi
 * variables share.
 *
 * Private to proto/.
 */
#ifndef BPFXRAY_PROTO_HTTP1_SYNTAX_H
#define BPFXRAY_PROTO_HTTP1_SYNTAX_H

#include "util/bytes.h"

struct http1_fields;

/* Longest method taken: RFC 9110 sets no limit, the longest registered one has 17 bytes. */
#define HTTP1_METHOD_MAX 32

/*
 * Parses field lines up to and with the empty line that ends a head (http1_fields.c). Returns >0:
 * bytes used; 0: no empty line in @in, and @ret holds what the whole lines say.
 */
int http1_parse_fields(struct bytes in, struct http1_fields *ret);

static inline bool http1_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9110 5.6.2: tchar. */
static inline bool http1_is_token_char(uint8_t c)
{
	if (http1_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c && strchr("!#$%&'*+-.^_`|~", c);
}

/* Length of the token that @in begins with. */
static inline size_t http1_token_len(struct bytes in)
{
	size_t n = 0;

	while (n < in.len && http1_is_token_char(in.at[n]))
		n++;
	return n;
}

static inline bool http1_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/*
 * @in without white space at both ends; line ends count as such, since a folded value holds them.
 */
static inline struct bytes http1_trim(struct bytes in)
{
	while (in.len && (http1_is_blank(*in.at) || *in.at == '\r' || *in.at == '\n'))
		in = bytes_skip(in, 1);
	while (in.len) {
		uint8_t c = in.at[in.len - 1];

		if (!http1_is_blank(c) && c != '\r' && c != '\n')
			break;
		in.len--;
	}
	return in;
}

/* The decimal number that is all of @in; -1 when it is anything else, or beyond int64_t. */
static inline int64_t http1_parse_decimal(struct bytes in)
{
	int64_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		if (!http1_is_digit(in.at[i]) || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, in.at[i] - '0', &n))
			return -1;
	}
	return in.len ? n : -1;
}

#endif
