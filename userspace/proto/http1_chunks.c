// SPDX-License-Identifier: Apache-2.0
/*
 * http1_chunks.c - finds the end of a chunked body (RFC 9112 7.1) that comes in pieces of any size,
 * with holes.
 *
 * Nothing of the body is kept: the walk only counts. Inside a chunk it knows how much is left, so
 * that bytes which were not captured do no harm there; anywhere else a hole ends it.
 */
#include "proto/http1.h"
#include "proto/http1_syntax.h"

#include <errno.h>

enum chunks_state {
	CHUNKS_SIZE,	/* hexadecimal digits; where a zero-initialised walk begins */
	CHUNKS_BLANK,	/* white space behind the digits */
	CHUNKS_EXT,	/* extensions, to the line's end */
	CHUNKS_SIZE_LF, /* the size line's line feed */
	CHUNKS_DATA,
	CHUNKS_TRAILER,	     /* at the beginning of a trailer line */
	CHUNKS_TRAILER_LINE, /* inside one */
	CHUNKS_LAST_LF,	     /* the line feed of the empty line behind the trailers */
	CHUNKS_DONE,
	CHUNKS_LOST,
};

/*
 * Longest size line: servers take a few KB of extensions at most. The bound tells a stream that is
 * no chunked body after all within its first bytes.
 */
#define SIZE_LINE_MAX 4096

/*
 * The size line is over: @chunks->left holds the size, and from here on the line end behind the
 * data as well.
 */
static int end_size_line(struct http1_chunks *chunks)
{
	chunks->line_len = 0;
	if (!chunks->left)
		return CHUNKS_TRAILER;
	if (__builtin_add_overflow(chunks->left, 2, &chunks->left))
		return -EBADMSG;
	return CHUNKS_DATA;
}

/* What may stand behind the digits, extensions included: the next state or -EBADMSG. */
static int feed_size_end(struct http1_chunks *chunks, uint8_t c)
{
	if (c == '\n')
		return end_size_line(chunks);
	if (c == '\r')
		return CHUNKS_SIZE_LF;
	if (chunks->state == CHUNKS_EXT)
		return c >= 0x20 || c == '\t' ? CHUNKS_EXT : -EBADMSG;
	/* Some servers pad the size with spaces. */
	if (http1_is_blank(c))
		return CHUNKS_BLANK;
	return c == ';' ? CHUNKS_EXT : -EBADMSG;
}

static int feed_size(struct http1_chunks *chunks, uint8_t c)
{
	int digit = bytes_hex_digit(c);

	if (digit < 0)
		return chunks->line_len > 1 ? feed_size_end(chunks, c) : -EBADMSG;
	if (chunks->left > UINT64_MAX >> 4)
		return -EBADMSG;
	chunks->left = chunks->left << 4 | (unsigned int)digit;
	return CHUNKS_SIZE;
}

static int feed_size_line(struct http1_chunks *chunks, uint8_t c)
{
	if (++chunks->line_len > SIZE_LINE_MAX)
		return -EBADMSG;
	if (chunks->state == CHUNKS_SIZE)
		return feed_size(chunks, c);
	if (chunks->state == CHUNKS_SIZE_LF)
		return c == '\n' ? end_size_line(chunks) : -EBADMSG;
	return feed_size_end(chunks, c);
}

/* The line end behind a chunk's data, its last two bytes; a bare line feed stands for both. */
static int feed_data_end(struct http1_chunks *chunks, uint8_t c)
{
	if (c == '\n')
		chunks->left = 0;
	else if (c == '\r' && chunks->left == 2)
		chunks->left = 1;
	else
		return -EBADMSG;
	return chunks->left ? CHUNKS_DATA : CHUNKS_SIZE;
}

static int feed_trailer(const struct http1_chunks *chunks, uint8_t c)
{
	if (!c)
		return -EBADMSG;
	if (chunks->state == CHUNKS_LAST_LF)
		return c == '\n' ? CHUNKS_DONE : -EBADMSG;
	if (chunks->state == CHUNKS_TRAILER_LINE)
		return c == '\n' ? CHUNKS_TRAILER : CHUNKS_TRAILER_LINE;
	if (c == '\n')
		return CHUNKS_DONE;
	return c == '\r' ? CHUNKS_LAST_LF : CHUNKS_TRAILER_LINE;
}

static int feed_byte(struct http1_chunks *chunks, uint8_t c)
{
	switch (chunks->state) {
	case CHUNKS_SIZE:
	case CHUNKS_BLANK:
	case CHUNKS_EXT:
	case CHUNKS_SIZE_LF:
		return feed_size_line(chunks, c);
	case CHUNKS_DATA:
		return feed_data_end(chunks, c);
	case CHUNKS_TRAILER:
	case CHUNKS_TRAILER_LINE:
	case CHUNKS_LAST_LF:
		return feed_trailer(chunks, c);
	default:
		return -EBADMSG;
	}
}

/* Bytes of a chunk's data among the next @n, its line end left out. */
static size_t data_len(const struct http1_chunks *chunks, size_t n)
{
	uint64_t data = chunks->state == CHUNKS_DATA && chunks->left > 2 ? chunks->left - 2 : 0;

	return data < n ? (size_t)data : n;
}

int64_t http1_chunks_feed(struct http1_chunks *chunks, struct bytes in)
{
	size_t used = 0;

	while (used < in.len && !chunks->done) {
		size_t data = data_len(chunks, in.len - used);
		int state;

		if (data) {
			chunks->left -= data;
			used += data;
			continue;
		}
		state = feed_byte(chunks, in.at[used++]);
		chunks->state = state < 0 ? CHUNKS_LOST : (uint32_t)state;
		if (state < 0)
			return state;
		chunks->done = state == CHUNKS_DONE;
	}
	return (int64_t)used;
}

int http1_chunks_skip(struct http1_chunks *chunks, uint64_t n)
{
	if (!n)
		return 0;
	if (chunks->done)
		return -ENODATA;
	if (chunks->state != CHUNKS_DATA || n > chunks->left) {
		chunks->state = CHUNKS_LOST;
		return -ENODATA;
	}
	chunks->left -= n;
	if (!chunks->left)
		chunks->state = CHUNKS_SIZE;
	return 0;
}
