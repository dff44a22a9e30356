// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_mysql.c - any bytes as each packet and as an answer. The input's first two bytes choose the
 * answer's kind, the capabilities and how the rest is cut.
 */
#include "fuzz.h"
#include "proto/mysql.h"

#include <errno.h>

static void fuzz_login(struct bytes in)
{
	struct mysql_greeting greeting;
	struct mysql_login login;

	if (!mysql_parse_greeting(in, &greeting)) {
		INVARIANT(greeting.version.len);
		fuzz_inside(greeting.version, in);
		fuzz_inside(mysql_real_version(greeting.version), greeting.version);
	}
	if (mysql_parse_login(in, &login))
		return;
	fuzz_inside(login.user, in);
	fuzz_inside(login.database, in);
	fuzz_inside(login.client_name, in);
	fuzz_inside(login.client_version, in);
	fuzz_inside(login.program_name, in);
}

static void fuzz_query_text(struct bytes in)
{
	for (int attributes = -1; attributes <= 1; attributes++) {
		struct bytes text;

		if (mysql_query_text(in, attributes, &text))
			continue;
		/* The text is always the payload's rest. */
		INVARIANT(text.at + text.len == in.at + in.len && text.len < in.len);
	}
}

static void fuzz_packets(struct bytes in)
{
	struct mysql_packet packet;
	struct mysql_ok ok;
	struct mysql_err err;
	struct mysql_prepare_ok prepare;
	uint64_t value;
	int used = mysql_parse_lenenc(in, &value);

	INVARIANT(used == -EBADMSG || (used >= 0 && (size_t)used <= in.len));
	if (mysql_parse_packet(in, &packet)) {
		INVARIANT(packet.payload.len <= packet.len);
		fuzz_inside(packet.payload, in);
	}
	if (!mysql_parse_ok(in, MYSQL_CAP_SESSION_TRACK, &ok))
		fuzz_inside(ok.schema, in);
	if (!mysql_parse_err(in, &err)) {
		INVARIANT(strlen(err.sqlstate) == 5 || !err.sqlstate[0]);
		fuzz_inside(err.message, in);
	}
	(void)mysql_parse_prepare_ok(in, &prepare);
}

static void same_outcome(const struct mysql_walk *a, const struct mysql_walk *b)
{
	INVARIANT(a->done == b->done && a->failed == b->failed && a->lost == b->lost);
	INVARIANT(a->local_infile == b->local_infile && a->open_end == b->open_end);
	INVARIANT(a->meta_end == b->meta_end && a->end == b->end);
	INVARIANT(a->rows == b->rows && a->affected == b->affected && a->results == b->results);
	INVARIANT(a->status == b->status && a->err_code == b->err_code);
	INVARIANT(!strcmp(a->err_message, b->err_message) && !strcmp(a->schema, b->schema));
}

static void sane(const struct mysql_walk *walk, size_t used, size_t len)
{
	INVARIANT(used == len || (walk->done && used < len));
	INVARIANT(!(walk->done && walk->lost));
	INVARIANT(!walk->done || walk->end == used);
	INVARIANT(walk->meta_end <= used);
	INVARIANT(!walk->failed || walk->done);
	INVARIANT(strlen(walk->err_message) < sizeof(walk->err_message));
	INVARIANT(strlen(walk->schema) < sizeof(walk->schema));
}

static struct mysql_walk begin(uint8_t choice)
{
	static const uint32_t caps[] = { 0, MYSQL_CAP_DEPRECATE_EOF, MYSQL_CAP_SESSION_TRACK,
					 MYSQL_CAP_DEPRECATE_EOF | MYSQL_CAP_OPTIONAL_METADATA };
	struct mysql_walk walk;

	mysql_walk_init(&walk, (enum mysql_walk_kind)(choice % (MYSQL_WALK_FETCH + 1)),
			caps[choice >> 5 & 3], choice & 0x40 ? MARIADB_CAP_CACHE_METADATA : 0,
			choice & 0x80);
	return walk;
}

/* Whole and in pieces of changing sizes: the same. */
static void fuzz_pieces(struct bytes in, uint8_t choice, uint8_t cut)
{
	struct mysql_walk whole = begin(choice), pieces = begin(choice);
	size_t whole_used = mysql_walk_feed(&whole, in), used = 0;

	sane(&whole, whole_used, in.len);
	for (size_t i = 0; used < in.len && !pieces.done; i++) {
		size_t n = 1 + (cut * i + i) % (1u + cut % 16);
		struct bytes piece = fuzz_prefix(bytes_skip(in, used), n);

		used += mysql_walk_feed(&pieces, piece);
		free((void *)piece.at);
	}
	INVARIANT(used == whole_used);
	same_outcome(&whole, &pieces);
}

/*
 * With a gap: the walk ends as it does without one, or says that it is lost, or that it is not at
 * the end; and so does the tail. (A message may be wrong only in the missing bytes.)
 */
static void fuzz_gap(struct bytes in, uint8_t choice, uint8_t cut)
{
	struct mysql_walk whole = begin(choice), walk = begin(choice);
	size_t at = in.len * cut / 256, n = (in.len - at) * choice / 512;
	struct bytes tail = fuzz_prefix(bytes_skip(in, in.len - (in.len - at) / 2), in.len);

	mysql_walk_feed(&whole, in);
	mysql_walk_feed(&walk, bytes_take(in, at));
	mysql_walk_skip(&walk, n);
	mysql_walk_feed(&walk, bytes_skip(in, at + n));
	if (walk.done && !whole.lost) {
		INVARIANT(whole.done && walk.end == whole.end);
		INVARIANT(walk.failed == whole.failed && walk.rows == whole.rows);
	}
	if (mysql_walk_tail(&walk, tail)) {
		INVARIANT(walk.lost && walk.done);
		INVARIANT(walk.failed || !(walk.status & MYSQL_STATUS_MORE_RESULTS));
	}
	free((void *)tail.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in;

	if (size < 2)
		return 0;
	in = bytes_skip(bytes_of(data, size), 2);
	fuzz_login(in);
	fuzz_query_text(in);
	fuzz_packets(in);
	fuzz_pieces(in, data[0], data[1]);
	fuzz_gap(in, data[0], data[1]);
	return 0;
}
