// SPDX-License-Identifier: Apache-2.0
/*
 * test_mysql_walk.c - answers of servers, packet by packet: each fed whole, byte by byte and in
 * random pieces, always with the same outcome.
 *
 * A case lists payloads; headers are made here, with rising sequence numbers.
 */
#include "mysql_stream.h"
#include "unit.h"

#include <stdlib.h>

#include "util/array.h"

struct walk_case {
	const char *name;
	enum mysql_walk_kind kind;
	uint32_t caps, mariadb;
	bool unknown; /* capabilities */
	struct bytes packets[PACKETS_MAX];
	uint8_t first_seq;
	unsigned int client_packets_behind; /* 1-based packet behind which the client sends one */
	/* expected */
	bool more; /* not done */
	bool lost, failed, infile, open_end;
	unsigned int meta; /* packets up to the metadata's end */
	uint32_t results;
	uint64_t rows, affected;
	uint16_t status;
	const char *schema;
};

static const struct walk_case CASES[] = {
	/* single packets */
	{ "OK", .packets = { OK }, .results = 1, .affected = 1, .status = 2 },
	{ "OK, capabilities unknown", .unknown = true, .packets = { OK }, .results = 1,
	  .affected = 1, .status = 2 },
	{ "OK behind a long command", .packets = { OK }, .first_seq = 3, .results = 1,
	  .affected = 1, .status = 2 },
	{ "OK with a new schema", .caps = TRACK,
	  .packets = { LIT("\x00\x00\x00\x02\x40\x00\x00\x00\x04\x01\x02\x01"
			   "d") },
	  .results = 1, .status = 0x4002, .schema = "d" },
	{ "a new schema, capabilities unknown", .unknown = true,
	  .packets = { LIT("\x00\x00\x00\x02\x40\x00\x00\x00\x04\x01\x02\x01"
			   "d") },
	  .results = 1, .status = 0x4002, .schema = "d" },
	{ "ERR", .packets = { ERR }, .failed = true },
	{ "progress, then OK", .packets = { PROGRESS, PROGRESS, OK }, .results = 1, .affected = 1,
	  .status = 2 },
	{ "PING", .kind = MYSQL_WALK_SIMPLE, .packets = { OK }, .results = 1, .affected = 1,
	  .status = 2 },
	{ "SET_OPTION", .kind = MYSQL_WALK_SIMPLE, .packets = { EOF_ }, .status = 2 },
	{ "SET_OPTION with DEPRECATE_EOF", .kind = MYSQL_WALK_SIMPLE, .caps = DEPRECATE,
	  .packets = { END_OK }, .status = 2 },
	{ "PING fails", .kind = MYSQL_WALK_SIMPLE, .packets = { ERR }, .failed = true },
	{ "CHANGE_USER with an authentication switch", .kind = MYSQL_WALK_SIMPLE,
	  .packets = { LIT("\xfe"
			   "mysql_native_password\0"
			   "12345678"),
		       OK },
	  .client_packets_behind = 1, .results = 1, .affected = 1, .status = 2 },
	{ "STATISTICS", .kind = MYSQL_WALK_TEXT, .packets = { LIT("Uptime: 1") } },
	{ "STATISTICS fails", .kind = MYSQL_WALK_TEXT, .packets = { ERR }, .failed = true },
	/* result sets */
	{ "rows", .packets = { ONE, DEF, EOF_, ROW, ROW, EOF_ }, .meta = 3, .results = 1, .rows = 2,
	  .status = 2 },
	{ "no rows", .packets = { ONE, DEF, EOF_, EOF_ }, .meta = 3, .results = 1, .status = 2 },
	{ "rows, DEPRECATE_EOF", .caps = DEPRECATE, .packets = { ONE, DEF, ROW, ROW, END_OK },
	  .meta = 2, .results = 1, .rows = 2, .status = 2 },
	{ "EOFs in spite of DEPRECATE_EOF", .caps = DEPRECATE,
	  .packets = { ONE, DEF, EOF_, ROW, EOF_MORE, ONE, DEF, EOF_, ROW, EOF_ }, .meta = 3,
	  .results = 2, .rows = 2, .status = 2 },
	{ "an old server's EOF behind definitions", .packets = { ONE, DEF, LIT("\xfe"), ROW, EOF_ },
	  .meta = 3, .results = 1, .rows = 1, .status = 2 },
	{ "an old server's EOF, unknown", .unknown = true,
	  .packets = { ONE, DEF, LIT("\xfe"), ROW, EOF_ }, .meta = 3, .results = 1, .rows = 1,
	  .status = 2 },
	{ "an old server asks for the old hash", .kind = MYSQL_WALK_SIMPLE,
	  .packets = { LIT("\xfe"), OK }, .client_packets_behind = 1, .results = 1, .affected = 1,
	  .status = 2 },
	{ "no rows, DEPRECATE_EOF", .caps = DEPRECATE, .packets = { ONE, DEF, END_OK }, .meta = 2,
	  .results = 1, .status = 2 },
	{ "rows, unknown", .unknown = true, .packets = { ONE, DEF, EOF_, ROW, EOF_ }, .meta = 3,
	  .results = 1, .rows = 1, .status = 2 },
	{ "rows, unknown, DEPRECATE_EOF", .unknown = true,
	  .packets = { ONE, DEF, ROW, ROW, END_OK }, .meta = 2, .results = 1, .rows = 2,
	  .status = 2 },
	{ "no rows, unknown, DEPRECATE_EOF", .unknown = true, .packets = { ONE, DEF, END_OK },
	  .meta = 2, .results = 1, .status = 2 },
	{ "several columns", .packets = { LIT("\x03"), DEF, DEF, DEF, EOF_, ROW, EOF_ }, .meta = 5,
	  .results = 1, .rows = 1, .status = 2 },
	{ "NULL row", .packets = { ONE, DEF, EOF_, NULL_ROW, EOF_ }, .meta = 3, .results = 1,
	  .rows = 1, .status = 2 },
	{ "NULL row, DEPRECATE_EOF", .caps = DEPRECATE, .packets = { ONE, DEF, NULL_ROW, END_OK },
	  .meta = 2, .results = 1, .rows = 1, .status = 2 },
	{ "binary rows",
	  .packets = { ONE, DEF, EOF_, LIT("\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"), EOF_ },
	  .meta = 3, .results = 1, .rows = 1, .status = 2 },
	{ "a row that begins with fe",
	  .packets = { ONE, DEF, EOF_, LIT("\xfe\x00\x00\x00\x00\x00\x00\x00\x00"), EOF_ },
	  .meta = 3, .results = 1, .rows = 1, .status = 2 },
	{ "ERR among rows", .packets = { ONE, DEF, EOF_, ROW, ERR }, .meta = 3, .failed = true,
	  .results = 1, .rows = 1, .status = 2 },
	{ "ERR in place of EOF", .packets = { ONE, DEF, ERR }, .failed = true, .results = 1 },
	{ "ERR in place of a definition", .packets = { ONE, ERR }, .failed = true, .results = 1 },
	{ "progress among rows", .packets = { ONE, DEF, EOF_, PROGRESS, ROW, EOF_ }, .meta = 3,
	  .results = 1, .rows = 1, .status = 2 },
	{ "a cursor: no rows here", .packets = { ONE, DEF, LIT("\xfe\x00\x00\x42\x00") }, .meta = 3,
	  .results = 1, .status = 0x42 },
	{ "a cursor, DEPRECATE_EOF", .caps = DEPRECATE,
	  .packets = { ONE, DEF, LIT("\xfe\x00\x00\x42\x00\x00\x00") }, .meta = 2, .results = 1,
	  .status = 0x42 },
	{ "rows end with session state", .caps = DEPRECATE | TRACK,
	  .packets = { ONE, DEF, ROW,
		       LIT("\xfe\x00\x00\x02\x40\x00\x00\x00\x05\x01\x03\x02"
			   "db") },
	  .meta = 2, .results = 1, .rows = 1, .status = 0x4002, .schema = "db" },
	/* chains */
	{ "two OKs", .packets = { OK_MORE, OK }, .results = 2, .affected = 3, .status = 2 },
	{ "rows, rows, OK",
	  .packets = { ONE, DEF, EOF_, ROW, EOF_MORE, ONE, DEF, EOF_, ROW, EOF_MORE, OK },
	  .meta = 3, .results = 3, .rows = 2, .affected = 1, .status = 2 },
	{ "OK, rows", .packets = { OK_MORE, ONE, DEF, EOF_, ROW, EOF_ }, .meta = 4, .results = 2,
	  .rows = 1, .affected = 2, .status = 2 },
	{ "rows, OK, DEPRECATE_EOF", .caps = DEPRECATE, .packets = { ONE, DEF, ROW, END_MORE, OK },
	  .meta = 2, .results = 2, .rows = 1, .affected = 1, .status = 2 },
	{ "rows, rows, unknown, DEPRECATE_EOF", .unknown = true,
	  .packets = { ONE, DEF, END_MORE, ONE, DEF, ROW, END_OK }, .meta = 2, .results = 2,
	  .rows = 1, .status = 2 },
	{ "OK, ERR", .packets = { OK_MORE, ERR }, .results = 1, .affected = 2, .status = 10,
	  .failed = true },
	{ "more to come", .packets = { OK_MORE }, .more = true, .results = 1, .affected = 2,
	  .status = 10 },
	/* metadata flags */
	{ "MariaDB: definitions follow", .mariadb = MARIADB_CAP_CACHE_METADATA,
	  .packets = { LIT("\x01\x01"), DEF, EOF_, ROW, EOF_ }, .meta = 3, .results = 1, .rows = 1,
	  .status = 2 },
	{ "MariaDB: none follow", .mariadb = MARIADB_CAP_CACHE_METADATA,
	  .packets = { LIT("\x02\x00"), EOF_, ROW, EOF_ }, .meta = 2, .results = 1, .rows = 1,
	  .status = 2 },
	{ "MariaDB: none follow, DEPRECATE_EOF", .caps = DEPRECATE,
	  .mariadb = MARIADB_CAP_CACHE_METADATA, .packets = { LIT("\x02\x00"), ROW, END_OK },
	  .meta = 1, .results = 1, .rows = 1, .status = 2 },
	{ "MariaDB: unknown", .unknown = true,
	  .packets = { LIT("\x02\x01"), DEF, DEF, ROW, END_OK }, .meta = 3, .results = 1, .rows = 1,
	  .status = 2 },
	{ "MySQL: definitions follow", .caps = OPTIONAL,
	  .packets = { LIT("\x01\x02"), DEF, DEF, EOF_, ROW, EOF_ }, .meta = 4, .results = 1,
	  .rows = 1, .status = 2 },
	{ "MySQL: none follow", .caps = OPTIONAL | DEPRECATE,
	  .packets = { LIT("\x00\x02"), ROW, END_OK }, .meta = 1, .results = 1, .rows = 1,
	  .status = 2 },
	{ "MySQL: unknown", .unknown = true,
	  .packets = { LIT("\x01\x02"), DEF, DEF, EOF_, ROW, EOF_ }, .meta = 4, .results = 1,
	  .rows = 1, .status = 2 },
	{ "a flag that was not agreed on", .packets = { LIT("\x01\x01") }, .more = true,
	  .lost = true },
	/* LOCAL INFILE */
	{ "LOCAL INFILE", .packets = { LIT("\xfb/tmp/x"), OK }, .client_packets_behind = 1,
	  .infile = true, .results = 1, .affected = 1, .status = 2 },
	{ "LOCAL INFILE fails", .packets = { LIT("\xfb/tmp/x"), ERR }, .client_packets_behind = 1,
	  .infile = true, .failed = true },
	{ "LOCAL INFILE waits", .packets = { LIT("\xfb/tmp/x") }, .infile = true, .more = true },
	/* prepare */
	{ "prepare, nothing", .kind = MYSQL_WALK_PREPARE, .packets = { PREPARED("\x00", "\x00") },
	  .results = 1 },
	{ "prepare, both", .kind = MYSQL_WALK_PREPARE,
	  .packets = { PREPARED("\x02", "\x01"), DEF, EOF_, DEF, DEF, EOF_ }, .results = 1,
	  .status = 2 },
	{ "prepare, both, DEPRECATE_EOF", .kind = MYSQL_WALK_PREPARE, .caps = DEPRECATE,
	  .packets = { PREPARED("\x02", "\x01"), DEF, DEF, DEF }, .results = 1 },
	{ "prepare, both, unknown", .kind = MYSQL_WALK_PREPARE, .unknown = true,
	  .packets = { PREPARED("\x02", "\x01"), DEF, EOF_, DEF, DEF, EOF_ }, .results = 1,
	  .status = 2 },
	{ "prepare, both, unknown, DEPRECATE_EOF", .kind = MYSQL_WALK_PREPARE, .unknown = true,
	  .packets = { PREPARED("\x02", "\x01"), DEF, DEF, DEF }, .results = 1 },
	{ "prepare, parameters, unknown", .kind = MYSQL_WALK_PREPARE, .unknown = true,
	  .packets = { PREPARED("\x00", "\x01"), DEF, EOF_ }, .results = 1, .status = 2 },
	{ "prepare, parameters, unknown, DEPRECATE_EOF", .kind = MYSQL_WALK_PREPARE,
	  .unknown = true, .packets = { PREPARED("\x00", "\x01"), DEF }, .results = 1, .more = true,
	  .open_end = true },
	{ "prepare, columns, unknown", .kind = MYSQL_WALK_PREPARE, .unknown = true,
	  .packets = { PREPARED("\x01", "\x00"), DEF, EOF_ }, .results = 1, .status = 2 },
	{ "prepare, columns, unknown, DEPRECATE_EOF", .kind = MYSQL_WALK_PREPARE, .unknown = true,
	  .packets = { PREPARED("\x01", "\x00"), DEF }, .results = 1, .more = true,
	  .open_end = true },
	{ "prepare fails", .kind = MYSQL_WALK_PREPARE, .packets = { ERR }, .failed = true },
	/* definitions alone, rows alone */
	{ "FIELD_LIST", .kind = MYSQL_WALK_FIELDS, .packets = { DEF, DEF, EOF_ }, .status = 2 },
	{ "FETCH", .kind = MYSQL_WALK_FETCH, .packets = { LIT("\x00\x00\x01"), EOF_ }, .rows = 1,
	  .status = 2 },
	{ "FETCH, unknown, DEPRECATE_EOF", .kind = MYSQL_WALK_FETCH, .unknown = true,
	  .packets = { LIT("\x00\x00\x01"), END_OK }, .rows = 1, .status = 2 },
	{ "FETCH fails", .kind = MYSQL_WALK_FETCH, .packets = { ERR }, .failed = true },
	/* what is no answer */
	{ "no bytes in it", .packets = { LIT("") }, .more = true, .lost = true },
	{ "a short OK", .kind = MYSQL_WALK_SIMPLE, .packets = { LIT("\x00\x00\x00\x02\x00") },
	  .more = true, .lost = true },
	{ "an impossible count", .packets = { LIT("\xfd\x00\x00\x01") }, .more = true,
	  .lost = true },
	{ "a count with a rest",
	  .packets = { LIT("\x01"
			   "xyz") },
	  .more = true, .lost = true },
	{ "no EOF behind definitions", .packets = { ONE, DEF, ROW }, .more = true, .lost = true,
	  .results = 1 },
	{ "an empty row", .packets = { ONE, DEF, EOF_, LIT("") }, .meta = 3, .more = true,
	  .lost = true, .results = 1, .status = 2 },
	{ "prepare answered by a row", .kind = MYSQL_WALK_PREPARE, .packets = { ROW }, .more = true,
	  .lost = true },
	{ "ping answered by text", .kind = MYSQL_WALK_SIMPLE, .packets = { LIT("Uptime") },
	  .more = true, .lost = true },
};

static void stream_of(const struct walk_case *c, struct stream *s)
{
	uint8_t seq = c->first_seq ? c->first_seq : 1;

	*s = (struct stream){ .len = 0 };
	for (size_t i = 0; i < PACKETS_MAX && c->packets[i].at; i++) {
		stream_packet(s, seq++, c->packets[i]);
		if (c->client_packets_behind == i + 1)
			seq += 2;
	}
}

static void walk_begin(struct mysql_walk *walk, const struct walk_case *c)
{
	mysql_walk_init(walk, c->kind, c->caps, c->mariadb, !c->unknown);
}

/* Feeds @in in pieces of @size bytes, 0: of random sizes. Returns the bytes used. */
static size_t feed_pieces(struct mysql_walk *walk, struct bytes in, size_t size)
{
	size_t used = 0;

	while (used < in.len && !walk->done) {
		size_t n = size ? size : (size_t)(1 + rand() % 9);
		struct bytes piece = bytes_take(bytes_skip(in, used), n);

		used += mysql_walk_feed(walk, piece);
	}
	return used;
}

static void check_outcome(const struct walk_case *c, const struct stream *s,
			  const struct mysql_walk *walk)
{
	CHECK_EQ(walk->done, !c->more);
	CHECK_EQ(walk->lost, c->lost);
	CHECK_EQ(walk->failed, c->failed);
	CHECK_EQ(walk->local_infile, c->infile);
	CHECK_EQ(walk->open_end, c->open_end);
	CHECK_EQ(walk->results, c->results);
	CHECK_EQ(walk->rows, c->rows);
	CHECK_EQ(walk->affected, c->affected);
	CHECK_EQ(walk->status, c->status);
	CHECK_EQ(walk->meta_end, s->ends[c->meta]);
	CHECK_EQ(walk->first_seq, c->first_seq ? c->first_seq : 1);
	CHECK_STR(walk->schema, c->schema ? c->schema : "");
	if (walk->done || walk->open_end)
		CHECK_EQ(walk->end, s->len);
	CHECK_EQ(walk->err_code, c->failed ? 1064 : 0);
	CHECK_STR(walk->err_sqlstate, c->failed ? "42000" : "");
	CHECK_STR(walk->err_message, c->failed ? "You have" : "");
}

static void check_fed(const struct walk_case *c, const struct stream *s, size_t piece)
{
	struct bytes in = bytes_of(guard_copy(bytes_of(s->data, s->len)), s->len);
	struct mysql_walk walk;

	unit_context("%s, pieces of %zu", c->name, piece);
	walk_begin(&walk, c);
	CHECK_EQ(feed_pieces(&walk, in, piece), s->len);
	check_outcome(c, s, &walk);
}

TEST(mysql_walk_cases)
{
	struct stream s;

	srand(1);
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		stream_of(&CASES[i], &s);
		for (size_t piece = 1; piece <= 5; piece++)
			check_fed(&CASES[i], &s, piece);
		for (int round = 0; round < 20; round++)
			check_fed(&CASES[i], &s, 0);
		check_fed(&CASES[i], &s, s.len);
		guard_release();
	}
}

TEST(mysql_walk_stops_at_the_end)
{
	struct mysql_walk walk;
	struct stream s;

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		if (CASES[i].more)
			continue;
		unit_context("%s", CASES[i].name);
		stream_of(&CASES[i], &s);
		memcpy(s.data + s.len, "\x07\x00\x00\x01", 4);
		walk_begin(&walk, &CASES[i]);
		CHECK_EQ(mysql_walk_feed(&walk, bytes_of(s.data, s.len + 4)), s.len);
		CHECK_EQ(mysql_walk_feed(&walk, bytes_of(s.data + s.len, 4)), 0);
		check_outcome(&CASES[i], &s, &walk);
	}
}

TEST(mysql_walk_wants_consecutive_packets)
{
	struct mysql_walk walk;
	struct stream s;

	for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
		stream_of(&CASES[i], &s);
		if (s.packets < 2 || CASES[i].client_packets_behind || CASES[i].lost)
			continue;
		unit_context("%s", CASES[i].name);
		s.data[s.ends[1] + 3]++;
		walk_begin(&walk, &CASES[i]);
		CHECK_EQ(mysql_walk_feed(&walk, bytes_of(s.data, s.len)), s.len);
		CHECK(walk.lost && !walk.done);
		CHECK(!mysql_walk_tail(&walk, bytes_of(s.data, s.len)));
	}
}

TEST(mysql_walk_sequence_wraps)
{
	static const struct walk_case c = { "wrap",	      .packets = { OK_MORE, OK_MORE, OK },
					    .first_seq = 254, .results = 3,
					    .affected = 5,    .status = 2 };
	struct stream s;

	stream_of(&c, &s);
	check_fed(&c, &s, 3);
}
