/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - a view of bytes that somebody else owns. Parsers take and return views; nothing here
 * allocates.
 */
#ifndef BPFXRAY_UTIL_BYTES_H
#define BPFXRAY_UTIL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct bytes {
	const uint8_t *at; /* may be NULL when len is 0 */
	size_t len;
};

#define BYTES_NONE ((struct bytes){ NULL, 0 })

static inline struct bytes bytes_of(const void *at, size_t len)
{
	return (struct bytes){ at, len };
}

static inline struct bytes bytes_str(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

/* @in without its first @n bytes; empty when it is shorter. */
static inline struct bytes bytes_skip(struct bytes in, size_t n)
{
	return n >= in.len ? (struct bytes){ in.at ? in.at + in.len : NULL, 0 }
			   : (struct bytes){ in.at + n, in.len - n };
}

/* The first @n bytes of @in, or all of it when it is shorter. */
static inline struct bytes bytes_take(struct bytes in, size_t n)
{
	return (struct bytes){ in.at, n < in.len ? n : in.len };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

static inline bool bytes_equal_str(struct bytes a, const char *s)
{
	return bytes_equal(a, bytes_str(s));
}

/* ASCII case-insensitive. */
static inline bool bytes_case_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len &&
	       (!a.len || !strncasecmp((const char *)a.at, (const char *)b.at, a.len));
}

static inline bool bytes_case_equal_str(struct bytes a, const char *s)
{
	return bytes_case_equal(a, bytes_str(s));
}

static inline bool bytes_starts_with(struct bytes a, const char *s)
{
	size_t n = strlen(s);

	return a.len >= n && !memcmp(a.at, s, n);
}

/* Index of the first @c in @a, or -1. */
static inline ptrdiff_t bytes_index(struct bytes a, uint8_t c)
{
	const uint8_t *p = a.len ? memchr(a.at, c, a.len) : NULL;

	return p ? p - a.at : -1;
}

/* @in without blanks and tabs at its ends. */
static inline struct bytes bytes_trim(struct bytes in)
{
	while (in.len && (in.at[0] == ' ' || in.at[0] == '\t'))
		in = bytes_skip(in, 1);
	while (in.len && (in.at[in.len - 1] == ' ' || in.at[in.len - 1] == '\t'))
		in.len--;
	return in;
}

/* Cuts the first whole line off @in; *@ret is it without its line end. False: there is none. */
static inline bool bytes_cut_line(struct bytes *in, struct bytes *ret)
{
	ptrdiff_t feed = bytes_index(*in, '\n');

	if (feed < 0)
		return false;
	*ret = bytes_take(*in, (size_t)feed);
	*in = bytes_skip(*in, (size_t)feed + 1);
	if (ret->len && ret->at[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

/* The value of the hex digit @c, or -1. */
static inline int bytes_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
