// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_record.c - any bytes as a ring record: what record_check() lets through may be read to its
 * last byte.
 *
 * Raw bytes hardly ever make an exchange of a thousand bytes that holds together, so that each
 * input is checked twice: as it is, and laid over a valid record: {offset, value} pairs say which
 * of its words are replaced.
 */
#include "fuzz.h"

#include <errno.h>
#include <stddef.h>

#include "probe/record.h"
#include "util/array.h"

#define RECORD_MAX (sizeof(struct bx_exchange) + 2 * sizeof(struct bx_log) + BX_TEXT_CAP)

static void sum_bytes(const void *at, size_t len)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += ((const uint8_t *)at)[i];
	(void)sum;
}

static void check_turn(const struct bx_turn *turn)
{
	INVARIANT(turn->calls_kept <= BX_CALLS_CAP && turn->calls_kept <= turn->calls);
	INVARIANT(turn->text_len <= turn->kept);
}

static void check_exchange(const struct bx_exchange *ex, size_t len)
{
	INVARIANT(ex->record.type == BX_RECORD_EXCHANGE && ex->conn);
	INVARIANT(ex->brief <= 1 && ex->text_len <= BX_TEXT_CAP);
	INVARIANT(sizeof(*ex) + bx_logs_len(ex) + ex->text_len <= len);
	check_turn(&ex->turn[0]);
	check_turn(&ex->turn[1]);
	if (!(ex->flags & BX_EX_SAME))
		INVARIANT(ex->turn[0].text_len + ex->turn[1].text_len == ex->text_len);
	sum_bytes(ex + 1, bx_logs_len(ex) + ex->text_len);
}

static void check_fragment(const struct bx_fragment *fragment, size_t len)
{
	INVARIANT(fragment->record.type == BX_RECORD_FRAGMENT && fragment->turn <= 1);
	INVARIANT(fragment->data_len <= BX_FRAGMENT_CAP);
	INVARIANT(sizeof(*fragment) + fragment->data_len <= len);
	sum_bytes(fragment + 1, fragment->data_len);
}

/* @data in memory of exactly its size, so that one byte too many is seen. */
static void check_record(const uint8_t *data, size_t len)
{
	struct bytes copy = fuzz_prefix(bytes_of(data, len), len);
	struct record_view view;
	int r = record_check(copy.at, len, &view);

	INVARIANT(r == 0 || r == -EBADMSG);
	INVARIANT(!!view.exchange + !!view.fragment + !!view.process + !!view.call == !r);
	if (view.exchange)
		check_exchange(view.exchange, len);
	if (view.fragment)
		check_fragment(view.fragment, len);
	if (view.process)
		INVARIANT(view.process->what >= BX_PROCESS_FORK &&
			  view.process->what <= BX_PROCESS_EXIT);
	free((void *)copy.at);
}

/* A record that passes, as a start. Returns its length. */
static size_t valid_record(uint8_t which, uint8_t *ret)
{
	struct bx_exchange ex = { .record.type = BX_RECORD_EXCHANGE, .conn = 1, .text_len = 64 };
	struct bx_fragment fragment = { .record.type = BX_RECORD_FRAGMENT, .data_len = 64 };
	struct bx_process process = { .record.type = BX_RECORD_PROCESS, .what = BX_PROCESS_FORK };

	for (int t = 0; t < 2; t++)
		ex.turn[t] =
			(struct bx_turn){ .kept = 32, .text_len = 32, .calls = 1, .calls_kept = 1 };
	ex.brief = which >> 2 & 1;
	switch (which % 4) {
	case 0:
		memcpy(ret, &fragment, sizeof(fragment));
		return sizeof(fragment) + fragment.data_len;
	case 1:
		memcpy(ret, &process, sizeof(process));
		return sizeof(process);
	default:
		memcpy(ret, &ex, sizeof(ex));
		return sizeof(ex) + bx_logs_len(&ex) + ex.text_len;
	}
}

/* {offset of a 32-bit word: 2 bytes, how its value is widened: 1 byte, value: 1 byte} */
static void change(uint8_t *record, size_t len, const uint8_t *how)
{
	static const uint32_t bases[] = {
		0, BX_TEXT_CAP, BX_FRAGMENT_CAP, BX_CALLS_CAP, UINT32_MAX - 128, 1u << 31
	};
	size_t at = (how[0] | (size_t)how[1] << 8) % (len / 4) * 4;
	uint32_t value = bases[how[2] % ARRAY_LEN(bases)] + how[3];

	memcpy(record + at, &value, sizeof(value));
}

static void check_changed(const uint8_t *data, size_t size)
{
	uint8_t record[RECORD_MAX] = { 0 };
	size_t len = valid_record(data[0], record);

	check_record(record, len);
	for (size_t at = 2; at + 4 <= size; at += 4)
		change(record, len, data + at);
	len = data[1] & 1 ? len : len * (data[1] >> 1) / 127;
	check_record(record, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_record(data, size);
	if (size >= 2)
		check_changed(data, size);
	return 0;
}
