// SPDX-License-Identifier: Apache-2.0
/*
 * test_mysql_gaps.c - the response walk where bytes are missing, at an answer's end without its
 * middle, and over packets of 16 MB.
 */
#include "mysql_stream.h"
#include "unit.h"

#include <stdlib.h>

#include "util/array.h"

static void build(struct stream *s, const struct bytes *packets, size_t n)
{
	*s = (struct stream){ .len = 0 };
	for (size_t i = 0; i < n; i++)
		stream_packet(s, (uint8_t)(i + 1), packets[i]);
}

static struct bytes range(const struct stream *s, size_t from, size_t to)
{
	return bytes_of(guard_copy(bytes_of(s->data + from, to - from)), to - from);
}

/* The walk over @s without @n bytes at @from. */
static struct mysql_walk walk_without(const struct stream *s, uint32_t caps, bool known,
				      size_t from, size_t n)
{
	struct mysql_walk walk;

	mysql_walk_init(&walk, MYSQL_WALK_RESULT, caps, 0, known);
	mysql_walk_feed(&walk, range(s, 0, from));
	mysql_walk_skip(&walk, n);
	if (from + n < s->len)
		mysql_walk_feed(&walk, range(s, from + n, s->len));
	return walk;
}

/* A text that begins as an ERR does is one only by its SQLSTATE: without that, it may be either. */
TEST(mysql_walk_tells_text_from_err_by_its_head)
{
	static const struct bytes text[] = { LIT("\xff#\xff#IM---text") },
				  err[] = { LIT("\xff\x7a\x04#42S02text") };
	struct stream s[2];

	build(&s[0], text, 1);
	build(&s[1], err, 1);
	for (size_t from = 4; from < s[0].len; from++) {
		for (size_t i = 0; i < ARRAY_LEN(s); i++) {
			struct mysql_walk walk;

			unit_context("%s, from %zu", i ? "err" : "text", from);
			mysql_walk_init(&walk, MYSQL_WALK_TEXT, 0, 0, true);
			mysql_walk_feed(&walk, range(&s[i], 0, from));
			mysql_walk_skip(&walk, s[i].len - from);
			CHECK_EQ(walk.lost, from < 4 + 9);
			CHECK_EQ(walk.failed, i && from >= 4 + 9);
			guard_release();
		}
	}
}

static const struct bytes ROWS[] = { ONE, DEF, EOF_, DEF, DEF, EOF_ };

/* All of a definition may be missing, and all of a row but its first byte. */
TEST(mysql_walk_skips_inside_packets)
{
	struct stream s;

	build(&s, ROWS, ARRAY_LEN(ROWS));
	for (size_t packet = 1; packet <= 4; packet += 3) {
		size_t first = s.ends[packet] + 4 + (packet == 4);

		for (size_t from = first; from < s.ends[packet + 1]; from++) {
			struct mysql_walk walk =
				walk_without(&s, 0, true, from, s.ends[packet + 1] - from);

			unit_context("packet %zu, from %zu", packet, from);
			CHECK(walk.done && !walk.lost);
			CHECK_EQ(walk.rows, 2);
			CHECK_EQ(walk.meta_end, s.ends[3]);
			CHECK_EQ(walk.end, s.len);
			guard_release();
		}
	}
}

TEST(mysql_walk_lost_between_packets)
{
	struct mysql_walk walk;
	struct stream s;

	build(&s, ROWS, ARRAY_LEN(ROWS));
	for (size_t n = 1; n < 12; n++) {
		walk = walk_without(&s, 0, true, s.ends[3], n);
		unit_context("%zu bytes", n);
		CHECK(walk.lost && !walk.done);
		CHECK_EQ(walk.meta_end, s.ends[3]);
		walk = walk_without(&s, 0, true, s.ends[4] - n, n + 1);
		CHECK(walk.lost && !walk.done);
	}
	/* The byte that tells a row from an end is missing. */
	CHECK(walk_without(&s, 0, true, s.ends[3] + 4, 1).lost);
	CHECK(walk_without(&s, 0, true, s.ends[5] + 5, 2).lost);
	/* Nothing is missing, or what comes behind the answer. */
	CHECK(walk_without(&s, 0, true, s.ends[3], 0).done);
	walk = walk_without(&s, 0, true, s.len, 7);
	CHECK(walk.done && !walk.lost);
	CHECK_EQ(walk.end, s.len);
}

struct tail_case {
	const char *name;
	uint32_t caps;
	bool unknown;
	struct bytes tail;
	bool found, failed;
	uint16_t status;
};

#define EOF_AT_END  "\x05\x00\x00\x09\xfe\x00\x00\x02\x00"
#define OK_AT_END   "\x07\x00\x00\x09\xfe\x00\x00\x02\x00\x00\x00"
#define ERR_AT_END  "\x0e\x00\x00\x09\xff\x25\x07#70100Killd"
#define MORE_BEFORE "\x05\x00\x00\x08\xfe\x00\x00\x0a\x00"

static const struct tail_case TAILS[] = {
	{ "EOF", .tail = LIT("abc" EOF_AT_END), .found = true, .status = 2 },
	{ "EOF alone", .tail = LIT(EOF_AT_END), .found = true, .status = 2 },
	{ "EOF, unknown", .unknown = true, .tail = LIT("abc" EOF_AT_END), .found = true,
	  .status = 2 },
	{ "EOF where an OK must be", .caps = DEPRECATE, .tail = LIT("abc" EOF_AT_END) },
	{ "OK", .caps = DEPRECATE, .tail = LIT("abc" OK_AT_END), .found = true, .status = 2 },
	{ "OK, unknown", .unknown = true, .tail = LIT("abc" OK_AT_END), .found = true,
	  .status = 2 },
	{ "OK where an EOF must be", .tail = LIT("abc" OK_AT_END) },
	{ "OK with session state", .caps = DEPRECATE | TRACK,
	  .tail = LIT("abc\x0e\x00\x00\x09\xfe\x00\x00\x02\x40\x00\x00\x00\x05\x01\x03\x02"
		      "db"),
	  .found = true, .status = 0x4002 },
	{ "ERR", .tail = LIT("abc" ERR_AT_END), .found = true, .failed = true },
	{ "ERR, DEPRECATE_EOF", .caps = DEPRECATE, .tail = LIT("abc" ERR_AT_END), .found = true,
	  .failed = true },
	{ "ERR cut at its end", .tail = LIT("abc\x0f\x00\x00\x09\xff\x25\x07#70100Killd") },
	{ "ERR with bytes behind", .tail = LIT("abc" ERR_AT_END "x") },
	{ "ERR without a state", .tail = LIT("abc\x08\x00\x00\x09\xff\x25\x07Killd") },
	{ "ERR number no server sends", .tail = LIT("abc\x0e\x00\x00\x09\xff\x01\x00#70100Killd") },
	{ "progress", .tail = LIT("abc\x0e\x00\x00\x09\xff\xff\xff#70100Killd") },
	{ "more results to come", .tail = LIT("abc" MORE_BEFORE) },
	{ "a chain's OK",
	  .tail = LIT("abc" MORE_BEFORE "\x07\x00\x00\x09\x00\x00\x00\x02\x00\x00\x00"),
	  .found = true, .status = 2 },
	{ "an OK that nothing announces",
	  .tail = LIT("abc\x07\x00\x00\x09\x00\x00\x00\x02\x00\x00\x00") },
	{ "an OK out of order",
	  .tail = LIT("abc" MORE_BEFORE "\x07\x00\x00\x0a\x00\x00\x00\x02\x00\x00\x00") },
	{ "a row", .tail = LIT("\x02\x00\x00\x09\x01"
			       "1") },
	{ "rows", .tail = LIT("\x02\x00\x00\x09\x01"
			      "1\x02\x00\x00\x0a\x01"
			      "2") },
	{ "too short", .tail = LIT("\x00\x00\x09\xfe\x00\x00\x02\x00") },
	{ "nothing", .tail = LIT("") },
};

TEST(mysql_walk_tail_cases)
{
	struct stream s;

	build(&s, ROWS, ARRAY_LEN(ROWS));
	for (size_t i = 0; i < ARRAY_LEN(TAILS); i++) {
		const struct tail_case *c = &TAILS[i];
		struct bytes tail = bytes_of(guard_copy(c->tail), c->tail.len);
		struct mysql_walk walk;

		unit_context("%s", c->name);
		mysql_walk_init(&walk, MYSQL_WALK_RESULT, c->caps, 0, !c->unknown);
		mysql_walk_feed(&walk, range(&s, 0, s.ends[2]));
		CHECK(!mysql_walk_tail(&walk, tail)); /* it is not lost */
		mysql_walk_skip(&walk, 100000);
		CHECK_EQ(mysql_walk_tail(&walk, tail), c->found);
		CHECK_EQ(walk.done, c->found);
		CHECK(walk.lost);
		CHECK_EQ(walk.failed, c->failed);
		CHECK_EQ(walk.status, c->status);
		CHECK_STR(walk.err_message, c->failed ? "Killd" : "");
		CHECK_EQ(walk.err_code, c->failed ? 1829 : 0);
		if (c->found)
			CHECK_EQ(walk.end, s.ends[2] + 100000);
	}
}

TEST(mysql_walk_tail_needs_missing_bytes)
{
	struct bytes tail = LITERAL(EOF_AT_END);
	struct mysql_walk walk;

	/* Lost, but because it is another protocol. */
	mysql_walk_init(&walk, MYSQL_WALK_RESULT, 0, 0, true);
	mysql_walk_feed(&walk, LITERAL("\x04\x00\x00\x01HTTP"));
	CHECK(walk.lost);
	CHECK(!mysql_walk_tail(&walk, tail));
}

/* Messages in other charsets, with control characters, longer than what is kept. */
TEST(mysql_walk_err_message_is_clean)
{
	char message[600] = "\xff\x28\x04#42000";
	struct stream s;
	struct mysql_walk walk;

	s = (struct stream){ .len = 0 };
	stream_packet(&s, 1, LITERAL("\xff\x28\x04#42000caf\xe9 \x01\x00 \xc3\xa9\xc3"));
	mysql_walk_init(&walk, MYSQL_WALK_SIMPLE, 0, 0, true);
	mysql_walk_feed(&walk, range(&s, 0, s.len));
	CHECK_STR(walk.err_message, "caf? ?? \xc3\xa9?");

	for (size_t i = 9; i + 1 < sizeof(message); i += 2)
		memcpy(message + i, "\xc3\xa9", 2);
	for (size_t odd = 0; odd < 2; odd++) {
		s = (struct stream){ .len = 0 };
		stream_packet(&s, 1, bytes_of(message, 500));
		s.data[4 + 9] = odd ? 'x' : 0xc3;
		s.data[4 + 10] = odd ? 'y' : 0xa9;
		mysql_walk_init(&walk, MYSQL_WALK_SIMPLE, 0, 0, true);
		mysql_walk_feed(&walk, range(&s, 0, s.len));
		CHECK(walk.done && walk.failed);
		CHECK_EQ(strlen(walk.err_message), 254);
		CHECK_STR(walk.err_message + 252, "\xc3\xa9");
	}
}

#define HUGE_PACKET 0xffffff

static void feed_zeros(struct mysql_walk *walk, size_t n, uint8_t first)
{
	uint8_t block[4096] = { first };

	for (size_t used = 0; used < n;) {
		struct bytes part = bytes_take(bytes_of(block, sizeof(block)), n - used);

		used += mysql_walk_feed(walk, part);
		block[0] = 0;
	}
}

/* A row over several packets is one row, and what begins its continuations means nothing. */
static void check_huge_row(uint32_t caps, uint8_t first, size_t rest, bool skip)
{
	uint8_t next[] = { (uint8_t)rest, (uint8_t)(rest >> 8), 0, 5 };
	struct stream s;
	struct mysql_walk walk;

	unit_context("caps %x, first %02x, rest %zu", caps, first, rest);
	build(&s, ROWS, 3);
	mysql_walk_init(&walk, MYSQL_WALK_RESULT, caps, 0, true);
	mysql_walk_feed(&walk, range(&s, 0, caps ? s.ends[2] : s.ends[3]));
	mysql_walk_feed(&walk, caps ? LITERAL("\xff\xff\xff\x03") : LITERAL("\xff\xff\xff\x04"));
	next[3] = caps ? 4 : 5;
	feed_zeros(&walk, skip ? 1 : HUGE_PACKET, first);
	mysql_walk_skip(&walk, skip ? HUGE_PACKET - 1 : 0);
	CHECK_EQ(walk.rows, 0);
	mysql_walk_feed(&walk, bytes_of(next, sizeof(next)));
	feed_zeros(&walk, rest, 0xfe);
	CHECK_EQ(walk.rows, 1);
	CHECK(!walk.done && !walk.lost);
	mysql_walk_feed(&walk, caps ? LITERAL("\x07\x00\x00\x05\xfe\x00\x00\x02\x00\x00\x00")
				    : LITERAL("\x05\x00\x00\x06\xfe\x00\x00\x02\x00"));
	CHECK(walk.done && !walk.lost);
	CHECK_EQ(walk.rows, 1);
	CHECK_EQ(walk.end, (caps ? s.ends[2] + 11 : s.ends[3] + 9) + 8 + HUGE_PACKET + rest);
}

TEST(mysql_walk_rows_over_16_mb)
{
	check_huge_row(0, 0x00, 0, false);
	check_huge_row(0, 0xfe, 5, true);
	check_huge_row(0, 0xfe, 9000, true);
	check_huge_row(DEPRECATE, 0xfe, 7, true);
	check_huge_row(DEPRECATE, 0x00, 0, true);
}
