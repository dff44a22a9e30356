/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql_read.h - takes the protocol's basic types off the front of a view, for the mysql_*.c files
 * only.
 *
 * A read beyond the view gives zero or an empty view and sets `cut`; a parser reads a run of fields
 * and looks at `cut` once.
 */
#ifndef BPFXRAY_PROTO_MYSQL_READ_H
#define BPFXRAY_PROTO_MYSQL_READ_H

#include "proto/mysql.h"

struct mysql_reader {
	struct bytes left;
	bool cut;
};

static inline struct mysql_reader mysql_reader_of(struct bytes in)
{
	return (struct mysql_reader){ in, false };
}

static inline struct bytes mysql_read_bytes(struct mysql_reader *r, uint64_t n)
{
	struct bytes ret;

	if (n > r->left.len) {
		r->cut = true;
		r->left = bytes_skip(r->left, r->left.len);
		return BYTES_NONE;
	}
	ret = bytes_take(r->left, n);
	r->left = bytes_skip(r->left, n);
	return ret;
}

/* Fixed-width integer of @n bytes (at most 8), little endian. */
static inline uint64_t mysql_read_int(struct mysql_reader *r, unsigned int n)
{
	struct bytes raw = mysql_read_bytes(r, n);
	uint64_t value = 0;

	for (size_t i = raw.len; i > 0; i--)
		value = value << 8 | raw.at[i - 1];
	return value;
}

static inline uint64_t mysql_read_lenenc(struct mysql_reader *r)
{
	uint64_t value = 0;
	int used = mysql_parse_lenenc(r->left, &value);

	/* A width of 0 or less cannot be read: ask for more than there is. */
	mysql_read_bytes(r, used > 0 ? (uint64_t)used : (uint64_t)r->left.len + 1);
	return value;
}

static inline struct bytes mysql_read_lenenc_bytes(struct mysql_reader *r)
{
	uint64_t n = mysql_read_lenenc(r);

	return r->cut ? BYTES_NONE : mysql_read_bytes(r, n);
}

/* Up to the NUL, which is taken too. */
static inline struct bytes mysql_read_nul(struct mysql_reader *r)
{
	ptrdiff_t end = bytes_index(r->left, 0);
	struct bytes ret = mysql_read_bytes(r, end < 0 ? (uint64_t)r->left.len + 1 : (uint64_t)end);

	mysql_read_bytes(r, end < 0 ? 0 : 1);
	return ret;
}

#endif
