// SPDX-License-Identifier: Apache-2.0
/*
 * test_http1_chunks.c - the walk over chunked bodies: in one piece, in pieces of each size, and
 * with holes.
 */
#include "proto/http1.h"
#include "unit.h"

#include <errno.h>

#include "util/array.h"

/* Bodies that end @rest bytes before the input does. */
static const struct {
	struct bytes in;
	size_t rest;
} bodies[] = {
	{ LITERAL("0\r\n\r\n"), 0 },
	{ LITERAL("0\n\n"), 0 },
	{ LITERAL("0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), 19 },
	{ LITERAL("5\r\nhello\r\n0\r\n\r\n"), 0 },
	{ LITERAL("5\nhello\n0\n\n"), 0 },
	{ LITERAL("5\r\nhello\n0\r\n\n"), 0 },
	{ LITERAL("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), 0 },
	{ LITERAL("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), 0 },
	{ LITERAL("10\r\n0123456789abcdef\r\n0\r\n\r\n"), 0 },
	{ LITERAL("4\r\n\r\n\r\n\r\n0\r\n\r\n"), 0 },
	{ LITERAL("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), 0 },
	{ LITERAL("3;name=value\r\nabc\r\n0;last\r\n\r\n"), 0 },
	{ LITERAL("3 ; a=\"b;\xff\"\t\r\nabc\r\n0 \r\n\r\n"), 0 },
	{ LITERAL("3  \r\nabc\r\n000 \t\n\r\n"), 0 },
	{ LITERAL("00000000000000000000000000000003\r\nabc\r\n0\r\n\r\n"), 0 },
	{ LITERAL("0\r\nExpires: now\r\nDigest: x\r\n\r\n\r\n"), 2 },
	{ LITERAL("0\r\n : fold\r\nodd\r line\r\r\n\r\n"), 0 },
	{ LITERAL("2\r\n\0\0\r\n0\r\n\r\n"), 0 },
};

/* Feeds @in in pieces of @size: the bytes used, or the error. */
static int64_t feed_pieces(struct http1_chunks *chunks, struct bytes in, size_t size)
{
	int64_t used = 0;

	for (size_t at = 0; at < in.len && !chunks->done; at += size) {
		struct bytes piece = bytes_take(bytes_skip(in, at), size);
		int64_t n = http1_chunks_feed(chunks, bytes_of(guard_copy(piece), piece.len));

		if (n < 0)
			return n;
		CHECK(chunks->done || n == (int64_t)piece.len);
		used += n;
	}
	return used;
}

TEST(http1_chunks_in_pieces)
{
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct bytes in = bodies[i].in;

		for (size_t size = 1; size <= in.len; size++) {
			struct http1_chunks chunks = { 0 };

			unit_context("row %zu, pieces of %zu", i, size);
			CHECK_EQ(feed_pieces(&chunks, in, size), in.len - bodies[i].rest);
			CHECK(chunks.done);
			CHECK_EQ(http1_chunks_feed(&chunks, LITERAL("0")), 0);
			guard_release();
		}
	}
}

TEST(http1_chunks_not_done_before_the_last_byte)
{
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		size_t len = bodies[i].in.len - bodies[i].rest;

		for (size_t n = 0; n < len; n++) {
			struct bytes prefix = bytes_take(bodies[i].in, n);
			struct http1_chunks chunks = { 0 };

			unit_context("row %zu, %zu bytes", i, n);
			prefix.at = guard_copy(prefix);
			CHECK_EQ(http1_chunks_feed(&chunks, prefix), n);
			CHECK(!chunks.done);
			CHECK_EQ(http1_chunks_feed(&chunks, bytes_skip(bodies[i].in, n)), len - n);
			CHECK(chunks.done);
			guard_release();
		}
	}
}

static const struct bytes bad_bodies[] = {
	LITERAL("\r\n"),
	LITERAL("\n"),
	LITERAL(" 5\r\n"),
	LITERAL("g\r\n"),
	LITERAL("-1\r\n"),
	LITERAL(";x\r\n"),
	LITERAL("0x5\r\n"),
	LITERAL("5 5\r\n"),
	LITERAL("5\r\r\n"),
	LITERAL("5\0\r\n"),
	LITERAL("5;\0\r\n"),
	LITERAL("5;a\rb\r\n"),
	LITERAL("5\r\nhello0\r\n"),
	LITERAL("5\r\nhello\r0\r\n"),
	LITERAL("5\r\nhello\r\r\n"),
	LITERAL("0\r\n\r\r\n"),
	LITERAL("0\r\nA: \0\r\n\r\n"),
	LITERAL("0\r\n\0"),
	LITERAL("10000000000000000\r\n"),
	LITERAL("ffffffffffffffff\r\n"),
	LITERAL("fffffffffffffffe\r\n"),
	LITERAL("HTTP/1.1 200 OK\r\n"),
};

TEST(http1_chunks_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_bodies); i++) {
		for (size_t size = 1; size <= bad_bodies[i].len; size++) {
			struct http1_chunks chunks = { 0 };

			unit_context("row %zu, pieces of %zu", i, size);
			CHECK_EQ(feed_pieces(&chunks, bad_bodies[i], size), -EBADMSG);
			CHECK(!chunks.done);
			/* Lost is lost. */
			CHECK_EQ(http1_chunks_feed(&chunks, LITERAL("0\r\n\r\n")), -EBADMSG);
			CHECK_EQ(http1_chunks_skip(&chunks, 1), -ENODATA);
			guard_release();
		}
	}
}

TEST(http1_chunks_largest_size)
{
	struct http1_chunks chunks = { 0 };

	CHECK_EQ(http1_chunks_feed(&chunks, LITERAL("fffffffffffffffd\r\nabc")), 21);
	CHECK(chunks.left == UINT64_MAX - 3);
	CHECK_EQ(http1_chunks_skip(&chunks, UINT64_MAX - 3), 0);
	CHECK_EQ(http1_chunks_feed(&chunks, LITERAL("0\r\n\r\n")), 5);
	CHECK(chunks.done);
}

TEST(http1_chunks_size_line_is_bounded)
{
	static uint8_t digits[5000], extension[5000] = "1;";
	struct http1_chunks chunks = { 0 };

	memset(digits, '0', sizeof(digits));
	CHECK_EQ(http1_chunks_feed(&chunks, bytes_of(digits, sizeof(digits))), -EBADMSG);
	memset(&chunks, 0, sizeof(chunks));
	memset(extension + 2, 'e', sizeof(extension) - 2);
	CHECK_EQ(http1_chunks_feed(&chunks, bytes_of(extension, 4000)), 4000);
	CHECK_EQ(http1_chunks_feed(&chunks, bytes_of(extension + 2, 1000)), -EBADMSG);
}

/*
 * Feeds @before, skips @hole bytes: the skip's result. With 0 the walk must take @behind and be
 * done.
 */
static const struct {
	struct bytes before;
	uint64_t hole;
	int result;
	struct bytes behind;
} holes[] = {
	{ LITERAL(""), 0, 0, LITERAL("0\r\n\r\n") },
	{ LITERAL("a\r\n01"), 0, 0, LITERAL("23456789\r\n0\r\n\r\n") },
	{ LITERAL("a\r\n"), 10, 0, LITERAL("\r\n0\r\n\r\n") },
	{ LITERAL("a\r\n01"), 4, 0, LITERAL("6789\r\n0\r\n\r\n") },
	{ LITERAL("a\r\n01"), 8, 0, LITERAL("\r\n0\r\n\r\n") },
	{ LITERAL("a\r\n01"), 9, 0, LITERAL("\n0\r\n\r\n") },
	{ LITERAL("a\r\n01"), 10, 0, LITERAL("0\r\n\r\n") },
	{ LITERAL("a\r\n01"), 11, -ENODATA, BYTES_NONE },
	{ LITERAL("a\r\n0123456789\r"), 1, 0, LITERAL("0\r\n\r\n") },
	{ LITERAL("a\r\n0123456789\r\n"), 1, -ENODATA, BYTES_NONE },
	{ LITERAL(""), 1, -ENODATA, BYTES_NONE },
	{ LITERAL("a"), 1, -ENODATA, BYTES_NONE },
	{ LITERAL("a\r"), 1, -ENODATA, BYTES_NONE },
	{ LITERAL("0\r\n"), 1, -ENODATA, BYTES_NONE },
	{ LITERAL("a\r\n01"), UINT64_MAX, -ENODATA, BYTES_NONE },
};

TEST(http1_chunks_holes)
{
	for (size_t i = 0; i < ARRAY_LEN(holes); i++) {
		struct http1_chunks chunks = { 0 };

		unit_context("row %zu", i);
		CHECK_EQ(http1_chunks_feed(&chunks, holes[i].before), holes[i].before.len);
		CHECK_EQ(http1_chunks_skip(&chunks, holes[i].hole), holes[i].result);
		if (holes[i].result) {
			CHECK_EQ(http1_chunks_feed(&chunks, LITERAL("0\r\n\r\n")), -EBADMSG);
			continue;
		}
		CHECK_EQ(http1_chunks_feed(&chunks, holes[i].behind), holes[i].behind.len);
		CHECK(chunks.done);
	}
}

TEST(http1_chunks_nothing_behind_the_end)
{
	struct http1_chunks chunks = { 0 };

	CHECK_EQ(http1_chunks_feed(&chunks, LITERAL("0\r\n\r\n")), 5);
	CHECK_EQ(http1_chunks_skip(&chunks, 0), 0);
	CHECK_EQ(http1_chunks_skip(&chunks, 1), -ENODATA);
	CHECK(chunks.done);
}
