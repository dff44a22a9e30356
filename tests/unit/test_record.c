// SPDX-License-Identifier: Apache-2.0
/*
 * test_record.c - the border: each size and enumeration of a ring record at, and one beyond, its
 * limit.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/record.h"
#include "util/array.h"

#define REQUEST_LEN  4
#define RESPONSE_LEN 6
#define DATA_LEN     16

/* One field of a valid record replaced, or one length. */
struct row {
	const char *name;
	size_t at, width; /* width 0: nothing is replaced */
	uint64_t value;
	int cut; /* bytes that the record is shorter than it should be */
	int ret;
};

#define FIELD(type, field) offsetof(struct type, field), sizeof(((struct type *)NULL)->field)
#define AS_IT_IS	   0, 0, 0

static struct bx_turn valid_turn(uint32_t len)
{
	return (struct bx_turn){
		.total = len, .kept = len, .text_len = len, .calls = 2, .calls_kept = 2
	};
}

#define BRIEF_LEN (2 * sizeof(struct bx_brief_log))
#define FULL_LEN  (2 * sizeof(struct bx_log))

static struct bx_exchange valid_exchange(void)
{
	return (struct bx_exchange){
		.record = { BX_RECORD_EXCHANGE,
			    sizeof(struct bx_exchange) + BRIEF_LEN + REQUEST_LEN + RESPONSE_LEN },
		.brief = 1,
		.conn = 1,
		.seq = 1,
		.protocol = BX_PROTO_HTTP1,
		.role = BX_ROLE_SERVER,
		.turn = { valid_turn(REQUEST_LEN), valid_turn(RESPONSE_LEN) },
		.text_len = REQUEST_LEN + RESPONSE_LEN,
	};
}

/* @head with @behind bytes of text, changed as @row says, in memory of its own size; checked. */
static void check_row(const struct row *row, const void *head, size_t head_len, size_t behind,
		      struct record_view *ret)
{
	size_t len = head_len + behind - row->cut;
	uint8_t *whole = calloc(1, head_len + behind), *exact = malloc(len);

	unit_context("%s", row->name);
	memcpy(whole, head, head_len);
	/* little endian: the low bytes of the value are the field's */
	memcpy(whole + row->at, &row->value, row->width);
	memcpy(exact, whole, len);
	CHECK_EQ(record_check(exact, len, ret), row->ret);
	CHECK_EQ(!!ret->exchange + !!ret->fragment + !!ret->process + !!ret->dns + !!ret->dialled,
		 !row->ret);
	free(whole);
	free(exact);
}

TEST(record_exchange)
{
	static const struct row rows[] = {
		{ "valid", AS_IT_IS, 0, 0 },
		{ "one byte of text short", AS_IT_IS, 1, -EBADMSG },
		{ "no text", AS_IT_IS, REQUEST_LEN + RESPONSE_LEN, -EBADMSG },
		{ "logs cut", AS_IT_IS, REQUEST_LEN + RESPONSE_LEN + 1, -EBADMSG },
		{ "no logs", AS_IT_IS, BRIEF_LEN + REQUEST_LEN + RESPONSE_LEN, -EBADMSG },
		{ "header cut", AS_IT_IS, BRIEF_LEN + REQUEST_LEN + RESPONSE_LEN + 1, -EBADMSG },
		{ "only its record header", AS_IT_IS,
		  sizeof(struct bx_exchange) - sizeof(struct bx_record) + BRIEF_LEN + REQUEST_LEN +
			  RESPONSE_LEN,
		  -EBADMSG },
		{ "full logs claimed, brief ones there", FIELD(bx_exchange, brief), 0, 0,
		  -EBADMSG },
		{ "logs of a kind beyond", FIELD(bx_exchange, brief), 2, 0, -EBADMSG },
		{ "hands at a brief log's end", FIELD(bx_exchange, turn[0].hands),
		  BX_BRIEF_HANDS_CAP, 0, 0 },
		{ "hands beyond a brief log", FIELD(bx_exchange, turn[0].hands),
		  BX_BRIEF_HANDS_CAP + 1, 0, -EBADMSG },
		{ "unknown type", FIELD(bx_record, type), 4, 0, -EBADMSG },
		{ "type 0", FIELD(bx_record, type), 0, 0, -EBADMSG },
		{ "conn 0", FIELD(bx_exchange, conn), 0, 0, -EBADMSG },
		{ "conn of all ones", FIELD(bx_exchange, conn), UINT64_MAX, 0, 0 },
		{ "last role", FIELD(bx_exchange, role), BX_ROLE_CLIENT, 0, 0 },
		{ "role beyond", FIELD(bx_exchange, role), BX_ROLE_CLIENT + 1, 0, -EBADMSG },
		{ "last protocol", FIELD(bx_exchange, protocol), BX_PROTO_OTHER, 0, 0 },
		{ "protocol beyond", FIELD(bx_exchange, protocol), BX_PROTO_OTHER + 1, 0,
		  -EBADMSG },
		{ "text longer than the turns'", FIELD(bx_exchange, text_len), 11, 0, -EBADMSG },
		{ "text shorter than the turns'", FIELD(bx_exchange, text_len), 9, 0, -EBADMSG },
		{ "text beyond its cap", FIELD(bx_exchange, text_len), BX_TEXT_CAP + 1, 0,
		  -EBADMSG },
		{ "text of 4 GB", FIELD(bx_exchange, text_len), UINT32_MAX, 0, -EBADMSG },
		{ "a turn's text is more than it kept", FIELD(bx_exchange, turn[0].kept), 3, 0,
		  -EBADMSG },
		{ "a turn's text is less than it kept", FIELD(bx_exchange, turn[1].kept), 7, 0, 0 },
		{ "more calls than were made", FIELD(bx_exchange, turn[0].calls), 1, 0, -EBADMSG },
		{ "more calls than are kept", FIELD(bx_exchange, turn[1].calls), UINT32_MAX, 0, 0 },
		{ "calls beyond the log", FIELD(bx_exchange, turn[1].calls_kept),
		  BX_BRIEF_CALLS_CAP + 1, 0, -EBADMSG },
		{ "snapshot that repeats no text: text claimed, none there",
		  FIELD(bx_exchange, flags), BX_EX_SAME, 1, -EBADMSG },
	};
	struct bx_exchange ex = valid_exchange();
	struct record_view view;

	ex.turn[1].calls = BX_BRIEF_CALLS_CAP + 1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i], &ex, sizeof(ex), BRIEF_LEN + REQUEST_LEN + RESPONSE_LEN, &view);
}

/* The log's last entry is used: one more must fail, whatever the number of calls. */
TEST(record_exchange_full)
{
	static const struct row full = { "everything at its cap", AS_IT_IS, 0, 0 };
	static const struct row beyond = { "one call too many",
					   FIELD(bx_exchange, turn[0].calls_kept), BX_CALLS_CAP + 1,
					   0, -EBADMSG };
	struct bx_exchange ex = valid_exchange();
	struct record_view view;

	ex.brief = 0;
	ex.turn[0] = (struct bx_turn){ .kept = BX_REQUEST_KEPT_MAX,
				       .text_len = BX_TEXT_REQUEST_CAP,
				       .hands = UINT32_MAX,
				       .calls = UINT32_MAX,
				       .calls_kept = BX_CALLS_CAP };
	ex.turn[1] = (struct bx_turn){ .kept = BX_TEXT_CAP,
				       .text_len = BX_TEXT_CAP - BX_TEXT_REQUEST_CAP,
				       .calls = BX_CALLS_CAP,
				       .calls_kept = BX_CALLS_CAP };
	ex.text_len = BX_TEXT_CAP;
	check_row(&full, &ex, sizeof(ex), FULL_LEN + BX_TEXT_CAP, &view);
	check_row(&beyond, &ex, sizeof(ex), FULL_LEN + BX_TEXT_CAP, &view);
	ex.turn[1].text_len++;
	ex.text_len++;
	check_row(&(struct row){ "one byte of text too many", AS_IT_IS, 0, -EBADMSG }, &ex,
		  sizeof(ex), FULL_LEN + BX_TEXT_CAP + 1, &view);
}

/* Two lengths whose sum is right only modulo 2^32: the second turn would begin far outside. */
TEST(record_exchange_overflow)
{
	static const struct row row = { "turns' texts that overflow", AS_IT_IS, 0, -EBADMSG };
	struct bx_exchange ex = valid_exchange();
	struct record_view view;

	ex.turn[0].kept = ex.turn[0].text_len = UINT32_MAX;
	ex.turn[1].kept = ex.turn[1].text_len = REQUEST_LEN + RESPONSE_LEN + 1;
	check_row(&row, &ex, sizeof(ex), BRIEF_LEN + REQUEST_LEN + RESPONSE_LEN, &view);
}

/* A snapshot that says "as before" carries the turns' lengths without their text. */
TEST(record_exchange_same)
{
	static const struct row same = { "same as before", AS_IT_IS, 0, 0 };
	static const struct row fresh = { "not marked so", FIELD(bx_exchange, flags),
					  BX_EX_SNAPSHOT, 0, -EBADMSG };
	struct bx_exchange ex = valid_exchange();
	struct record_view view;

	ex.flags = BX_EX_SNAPSHOT | BX_EX_SAME;
	ex.text_len = 0;
	check_row(&same, &ex, sizeof(ex), BRIEF_LEN, &view);
	check_row(&fresh, &ex, sizeof(ex), BRIEF_LEN, &view);
}

TEST(record_fragment)
{
	static const struct row rows[] = {
		{ "valid", AS_IT_IS, 0, 0 },
		{ "one byte short", AS_IT_IS, 1, -EBADMSG },
		{ "header cut", AS_IT_IS, DATA_LEN + 1, -EBADMSG },
		{ "last turn", FIELD(bx_fragment, turn), 1, 0, 0 },
		{ "turn beyond", FIELD(bx_fragment, turn), 2, 0, -EBADMSG },
		{ "data longer than the record", FIELD(bx_fragment, data_len), DATA_LEN + 1, 0,
		  -EBADMSG },
		{ "data shorter", FIELD(bx_fragment, data_len), 0, 0, 0 },
		{ "data of 4 GB", FIELD(bx_fragment, data_len), UINT32_MAX, 0, -EBADMSG },
		{ "any offset", FIELD(bx_fragment, offset), UINT64_MAX, 0, 0 },
	};
	struct bx_fragment fragment = { .record = { BX_RECORD_FRAGMENT,
						    sizeof(fragment) + DATA_LEN },
					.conn = 1,
					.seq = 1,
					.data_len = DATA_LEN };
	struct record_view view;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i], &fragment, sizeof(fragment), DATA_LEN, &view);
	fragment.data_len = BX_FRAGMENT_CAP;
	check_row(&rows[0], &fragment, sizeof(fragment), BX_FRAGMENT_CAP, &view);
	fragment.data_len = BX_FRAGMENT_CAP + 1;
	check_row(&(struct row){ "beyond its cap", AS_IT_IS, 0, -EBADMSG }, &fragment,
		  sizeof(fragment), BX_FRAGMENT_CAP + 1, &view);
}

TEST(record_process)
{
	static const struct row rows[] = {
		{ "valid", AS_IT_IS, 0, 0 },
		{ "cut", AS_IT_IS, 1, -EBADMSG },
		{ "only its record header", AS_IT_IS,
		  sizeof(struct bx_process) - sizeof(struct bx_record), -EBADMSG },
		{ "not even that", AS_IT_IS,
		  sizeof(struct bx_process) - sizeof(struct bx_record) + 1, -EBADMSG },
		{ "empty", AS_IT_IS, sizeof(struct bx_process), -EBADMSG },
		{ "nothing happened", FIELD(bx_process, what), 0, 0, -EBADMSG },
		{ "the last that can happen", FIELD(bx_process, what), BX_PROCESS_EXIT, 0, 0 },
		{ "beyond", FIELD(bx_process, what), BX_PROCESS_EXIT + 1, 0, -EBADMSG },
	};
	struct bx_process process = { .record = { BX_RECORD_PROCESS, sizeof(process) },
				      .what = BX_PROCESS_FORK,
				      .tgid = 1 };
	struct record_view view;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i], &process, sizeof(process), 0, &view);
}

TEST(record_dns)
{
	static const struct row rows[] = {
		{ "valid", AS_IT_IS, 0, 0 },
		{ "the message cut", AS_IT_IS, 1, -EBADMSG },
		{ "the head cut", AS_IT_IS, DATA_LEN + 1, -EBADMSG },
		{ "no message", FIELD(bx_dns, data_len), 0, 0, 0 },
		{ "more than there is", FIELD(bx_dns, data_len), DATA_LEN + 1, 0, -EBADMSG },
		{ "beyond the cap", FIELD(bx_dns, data_len), BX_DNS_CAP + 1, 0, -EBADMSG },
	};
	struct bx_dns dns = { .record = { BX_RECORD_DNS, sizeof(dns) + DATA_LEN },
			      .data_len = DATA_LEN };
	struct record_view view;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(&rows[i], &dns, sizeof(dns), DATA_LEN, &view);
}

TEST(record_dialled)
{
	static const struct row rows[] = {
		{ "valid", AS_IT_IS, 0, 0 },
		{ "cut", AS_IT_IS, 1, -EBADMSG },
		{ "no connection", FIELD(bx_dialled, conn), 0, 0, -EBADMSG },
	};
	struct bx_dialled dialled = { .record = { BX_RECORD_DIALLED, sizeof(dialled) }, .conn = 1 };
	struct record_view view;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(&rows[i], &dialled, sizeof(dialled), 0, &view);
	memset(dialled.host, 'x', sizeof(dialled.host));
	check_row(&(struct row){ "endless", AS_IT_IS, 0, -EBADMSG }, &dialled, sizeof(dialled), 0,
		  &view);
}
