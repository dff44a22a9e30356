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
#include <stdbool.h>
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

#define CHECK_TEXT(field) INVARIANT(memchr((field), 0, sizeof(field)))

static void check_call(const struct bx_client_call *call, size_t len)
{
	INVARIANT(call->record.type == BX_RECORD_CLIENT_CALL && call->start_ns <= call->end_ns);
	CHECK_TEXT(call->sqlstate);
	CHECK_TEXT(call->host);
	CHECK_TEXT(call->user);
	CHECK_TEXT(call->database);
	CHECK_TEXT(call->server_version);
	CHECK_TEXT(call->unix_socket);
	INVARIANT(sizeof(*call) + call->text_len <= len);
	sum_bytes(call + 1, call->text_len);
}

static void check_dns(const struct bx_dns *dns, size_t len)
{
	INVARIANT(dns->record.type == BX_RECORD_DNS && dns->data_len <= BX_DNS_CAP);
	INVARIANT(sizeof(*dns) + dns->data_len <= len);
	sum_bytes(dns + 1, dns->data_len);
}

static unsigned int kinds_of(const struct record_view *view)
{
	return !!view->exchange + !!view->fragment + !!view->process + !!view->call + !!view->dns +
	       !!view->dialled;
}

/* @data in memory of exactly its size, so that one byte too many is seen. */
static void check_record(const uint8_t *data, size_t len)
{
	struct bytes copy = fuzz_prefix(bytes_of(data, len), len);
	struct record_view view;
	int r = record_check(copy.at, len, &view);

	INVARIANT(r == 0 || r == -EBADMSG);
	INVARIANT(kinds_of(&view) == !r);
	if (view.exchange)
		check_exchange(view.exchange, len);
	if (view.fragment)
		check_fragment(view.fragment, len);
	if (view.process)
		INVARIANT(view.process->what >= BX_PROCESS_FORK &&
			  view.process->what <= BX_PROCESS_EXIT);
	if (view.call)
		check_call(view.call, len);
	if (view.dns)
		check_dns(view.dns, len);
	if (view.dialled)
		CHECK_TEXT(view.dialled->host);
	free((void *)copy.at);
}

static size_t valid_exchange(bool brief, uint8_t *ret)
{
	struct bx_exchange ex = {
		.record.type = BX_RECORD_EXCHANGE, .conn = 1, .text_len = 64, .brief = brief
	};

	for (int t = 0; t < 2; t++)
		ex.turn[t] =
			(struct bx_turn){ .kept = 32, .text_len = 32, .calls = 1, .calls_kept = 1 };
	memcpy(ret, &ex, sizeof(ex));
	return sizeof(ex) + bx_logs_len(&ex) + ex.text_len;
}

/* A record that passes, as a start. Returns its length. */
static size_t valid_record(uint8_t which, uint8_t *ret)
{
	static const struct bx_fragment fragment = { .record.type = BX_RECORD_FRAGMENT,
						     .data_len = 64 };
	static const struct bx_process process = { .record.type = BX_RECORD_PROCESS,
						   .what = BX_PROCESS_FORK };
	static const struct bx_client_call call = { .record.type = BX_RECORD_CLIENT_CALL,
						    .kind = BX_CALL_QUERY,
						    .text_len = 64,
						    .text_total = 64 };
	static const struct bx_dns dns = { .record.type = BX_RECORD_DNS, .data_len = 64 };
	static const struct bx_dialled dialled = { .record.type = BX_RECORD_DIALLED, .conn = 1 };
	static const struct {
		const void *record;
		size_t len, behind;
	} others[] = {
		{ &fragment, sizeof(fragment), 64 }, { &process, sizeof(process), 0 },
		{ &call, sizeof(call), 64 },	     { &dns, sizeof(dns), 64 },
		{ &dialled, sizeof(dialled), 0 },
	};
	size_t i = which % 8;

	if (i >= ARRAY_LEN(others))
		return valid_exchange(which >> 3 & 1, ret);
	memcpy(ret, others[i].record, others[i].len);
	return others[i].len + others[i].behind;
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
