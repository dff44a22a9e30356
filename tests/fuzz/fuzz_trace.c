// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_trace.c - a story of records, told by the input's bytes, through the trace layer in each of
 * its three modes.
 *
 * A few connections of every protocol and role speak in phrases that are real or made of the
 * input's bytes; their records are then bent word by word, and those that the border (record_check)
 * lets through go in. What is checked: the books balance, the three modes see the same requests,
 * and what the sink is given keeps its promises.
 *
 * The seeds (tests/fixtures/fuzz/trace) are two stories told by hand: a front, its worker and the
 * worker's statements; and the same with a front that is slow to finish and a thread that serves
 * two requests at once.
 */
#include "fuzz.h"

#include <linux/types.h>
#include <stdbool.h>

#include "../unit/record_logs.h"
#include "fuzz_trace_checks.h"
#include "fuzz_trace_phrases.h"
#include "probe/record.h"
#include "trace/trace.h"
#include "util/array.h"

#define PIECES_MAX 3
#define TEXT_MAX   4096
#define STEPS_MAX  64

/* A connection, and its exchange in work while it has one. */
struct speaker {
	uint64_t conn;
	uint32_t seq;
	uint32_t family;
	uint8_t protocol, role;
	bool open;
	struct bx_exchange ex;
	struct bx_log log[2];
	struct bytes text[2]; /* what of `said` is in the record */
	uint8_t said[2][TEXT_MAX];
};

struct story {
	struct input input;
	struct speaker speakers[CONNS];
	struct trace *trace;
	uint64_t now_ns;
	bool bent; /* words of records were replaced: times need not be in order */
	uint64_t exchanges, fragments;
	uint64_t requests, statements;
	struct trace_counters before;
};

static void take_request(void *ctx, const struct request *r)
{
	struct story *story = ctx;

	story->requests++;
	story->statements += r->statement_count;
	check_request(r, !story->bent);
}

/* The books: nothing is counted twice, back, or without its cause. */
static void check_books(struct story *story)
{
	const struct trace_counters *c = trace_counters(story->trace);

	INVARIANT(c->exchanges == story->exchanges);
	INVARIANT(c->requests == story->requests);
	INVARIANT(c->statements == story->statements);
	check_heads(c, trace_requests_open(story->trace));
	INVARIANT(c->fragments_orphaned <= story->fragments);
	check_grown(c, &story->before);
	story->before = *c;
}

/* Appends up to PIECES_MAX phrases of the connection's protocol, or bytes of the input. */
static size_t say(struct input *in, const struct speaker *speaker, int turn, uint8_t *text)
{
	size_t len = 0;

	for (int pieces = take(in) % (PIECES_MAX + 1); pieces; pieces--) {
		uint8_t which = take(in);
		struct bytes phrase = which < 224 ? fuzz_phrase(speaker->protocol, turn, which)
						  : take_bytes(in, which % 32 + 1);

		phrase = bytes_take(phrase, TEXT_MAX - len);
		if (phrase.len)
			memcpy(text + len, phrase.at, phrase.len);
		len += phrase.len;
	}
	return len;
}

/* A call by thread @tid comes next, as bpf/exchange.bpf.h notes it. */
static void add_hand(struct bx_turn *turn, struct bx_log *log, uint32_t tid)
{
	uint32_t n = turn->hands;

	if (n && n <= BX_HANDS_CAP && log->hand[n - 1].tid == tid)
		return;
	if (n < BX_HANDS_CAP)
		log->hand[n] = (struct bx_hand){ turn->total, tid };
	turn->hands++;
}

/* @len new bytes of a turn in 1 to 3 calls, each by any thread. */
static void add_calls(struct story *story, struct bx_turn *turn, struct bx_log *log, uint64_t len)
{
	uint8_t how = take(&story->input);
	uint32_t calls = how % 3 + 1;

	if (!len)
		return;
	for (uint32_t i = 0; i < calls; i++) {
		uint64_t part = i + 1 < calls ? len / 2 : len;

		story->now_ns += UINT64_C(1000) * (how + 1);
		add_hand(turn, log, 100 + (how >> 2 * i) % 4);
		turn->total += part;
		len -= part;
		turn->first_ns = turn->first_ns ?: story->now_ns;
		turn->last_ns = story->now_ns;
		log->call[turn->calls_kept].end = turn->total;
		log->call[turn->calls_kept].after_us = (turn->last_ns - turn->first_ns) / 1000;
		turn->calls++;
		turn->calls_kept++;
	}
}

static void send_fragment(struct story *story, const struct speaker *speaker, uint32_t turn,
			  uint64_t offset, uint32_t flags, struct bytes data)
{
	size_t len = sizeof(struct bx_fragment) + data.len;
	struct bx_fragment *fragment = malloc(len);
	struct record_view view;

	INVARIANT(fragment);
	*fragment = (struct bx_fragment){
		.record = { BX_RECORD_FRAGMENT, len },
		.conn = speaker->conn,
		.seq = speaker->seq,
		.turn = turn,
		.offset = offset,
		.flags = flags,
		.data_len = data.len,
	};
	if (data.len)
		memcpy(fragment + 1, data.at, data.len);
	if (!record_check(fragment, len, &view)) {
		INVARIANT(trace_fragment(story->trace, fragment) == 0);
		story->fragments++;
	}
	free(fragment);
}

/* Some bytes of turn @t are in the text, some in a fragment, some were never captured. */
static void fill_turn(struct story *story, struct speaker *speaker, int t)
{
	struct bx_turn *turn = &speaker->ex.turn[t];
	struct bytes all =
		bytes_of(speaker->said[t], say(&story->input, speaker, t, speaker->said[t]));
	size_t cap = t ? BX_TEXT_CAP - BX_TEXT_REQUEST_CAP : BX_TEXT_REQUEST_CAP;
	uint8_t how = take(&story->input);
	struct bytes text = bytes_take(bytes_take(all, how & 1 ? all.len / 2 : cap), cap);
	struct bytes rest = bytes_take(bytes_skip(all, text.len), BX_FRAGMENT_CAP);
	uint64_t unseen = how & 2 ? (uint64_t)how * how * how : 0;

	turn->text_len = turn->kept = text.len;
	if (how & 4 && rest.len) {
		send_fragment(story, speaker, t, text.len, 0, rest);
		turn->kept += rest.len;
	}
	if (how & 8)
		send_fragment(story, speaker, t, all.len + unseen,
			      how & 16 ? BX_FRAG_HEAD : BX_FRAG_TAIL, take_bytes(&story->input, 8));
	add_calls(story, turn, &speaker->log[t], all.len + unseen + (how & 8 ? 8 : 0));
	speaker->text[t] = text;
	speaker->ex.text_len += text.len;
	speaker->ex.brief = record_is_brief(&speaker->ex);
}

static struct bx_exchange exchange_of(struct story *story, const struct speaker *speaker)
{
	const struct speaker *owner = &story->speakers[take(&story->input) % CONNS];
	uint8_t where = take(&story->input);
	struct bx_exchange ex = {
		.record.type = BX_RECORD_EXCHANGE,
		.conn = speaker->conn,
		.seq = speaker->seq,
		.tgid = 100 + where % 2,
		.tid = 100 + where % 4,
		.end_tid = 100 + where % 4,
		.family = speaker->family,
		.protocol = speaker->protocol,
		.role = speaker->role,
		.local_addr = { 127, 0, 0, 1 },
		.peer_addr = { 127, 0, 0, 1 },
		.local_port = speaker->role == BX_ROLE_SERVER ? 8000 : FUZZ_PEER_PORT,
		.peer_port = speaker->role == BX_ROLE_SERVER ? FUZZ_PEER_PORT : 3306,
		.established_ns = where & 16 ? story->now_ns : 0,
		.children = speaker->role == BX_ROLE_SERVER ? where % 3 : 0,
	};

	if (speaker->role == BX_ROLE_CLIENT && owner->role == BX_ROLE_SERVER && where & 32) {
		ex.owner_conn = owner->conn;
		ex.owner_seq = owner->seq;
	}
	story->now_ns += 1000;
	ex.opened_ns = story->now_ns;
	return ex;
}

/* Up to four words of the record become something else; the text stays where it is. */
static void bend(struct story *story, struct bx_exchange *ex)
{
	static const uint32_t values[] = { 0,	       1,	 BX_TEXT_CAP, BX_CALLS_CAP,
					   UINT32_MAX, 1u << 31, 1000 };
	uint32_t *words = (uint32_t *)ex;

	for (int n = take(&story->input) % 4; n; n--) {
		size_t at = (take(&story->input) | (size_t)take(&story->input) << 8) %
			    (sizeof(*ex) / 4);

		words[at] = values[take(&story->input) % ARRAY_LEN(values)];
		story->bent = true;
	}
}

static void send_exchange(struct story *story, const struct speaker *speaker,
			  const struct bx_exchange *ex, const struct bytes text[2])
{
	size_t len = sizeof(*ex) + bx_logs_len(ex) + text[0].len + text[1].len;
	uint8_t *record = malloc(len), *to = record + sizeof(*ex);
	struct record_view view;

	INVARIANT(record);
	memcpy(record, ex, sizeof(*ex));
	to = record_put_logs(ex, speaker->log, to);
	for (int t = 0; t < 2; t++) {
		if (text[t].len)
			memcpy(to, text[t].at, text[t].len);
		to += text[t].len;
	}
	if (!record_check(record, len, &view) && view.exchange) {
		INVARIANT(trace_exchange(story->trace, view.exchange) == 0);
		story->exchanges++;
	}
	free(record);
}

static void send_snapshot(struct story *story, struct speaker *speaker, bool same)
{
	static const struct bytes no_text[2];
	struct bx_exchange ex = speaker->ex;

	ex.flags |= BX_EX_SNAPSHOT;
	if (same) {
		ex.flags |= BX_EX_SAME;
		ex.text_len = 0;
	}
	send_exchange(story, speaker, &ex, same ? no_text : speaker->text);
}

/* Most exchanges are marked with nothing. */
static __u32 flags_of(uint8_t how)
{
	static const __u32 flags[] = { BX_EX_MULTIPLEX,	 BX_EX_MIDSTREAM, BX_EX_LOGIN,
				       BX_EX_WITHHELD,	 BX_EX_RESET,	  BX_EX_FAULTED,
				       BX_EX_UNREADABLE, BX_EX_NO_TEXT,	  BX_EX_CONNECT_FAILED };

	return how < 128 ? 0 : flags[how % ARRAY_LEN(flags)];
}

/* The same socket's successor: another id, from exchange 1 on. */
static void next_connection(struct speaker *speaker)
{
	speaker->conn += CONNS;
	speaker->seq = 0;
}

static void begin_exchange(struct story *story, struct speaker *speaker, bool gap)
{
	speaker->seq += gap ? 2 : 1;
	speaker->ex = exchange_of(story, speaker);
	speaker->ex.flags = flags_of(take(&story->input));
	speaker->text[0] = speaker->text[1] = BYTES_NONE;
	speaker->open = true;
	fill_turn(story, speaker, 0);
}

static void end_exchange(struct story *story, struct speaker *speaker, uint8_t how)
{
	bool closes = how & 32;

	if (closes) {
		speaker->ex.closed_ns = story->now_ns;
		speaker->ex.flags |= how & 16 ? BX_EX_CLOSED_PEER : BX_EX_CLOSED_LOCAL;
	}
	bend(story, &speaker->ex);
	send_exchange(story, speaker, &speaker->ex, speaker->text);
	speaker->open = false;
	if (closes)
		next_connection(speaker);
}

/* One of a speaker's moves: asks, is answered, is looked at, ends; others move in between. */
static void step_exchange(struct story *story, struct speaker *speaker, uint8_t how)
{
	bool asked = speaker->open;

	if (!asked)
		begin_exchange(story, speaker, (how & 0xc0) == 0x40);
	if ((asked || how & 1) && !speaker->ex.turn[1].total)
		fill_turn(story, speaker, 1);
	if (how & 2)
		send_snapshot(story, speaker, false);
	if (how & 4)
		send_snapshot(story, speaker, how & 128);
	if (how & 8)
		end_exchange(story, speaker, how);
}

static void step_process(struct story *story, uint8_t how)
{
	struct bx_process process = {
		.record = { BX_RECORD_PROCESS, sizeof(process) },
		.at_ns = story->now_ns,
		.what = BX_PROCESS_FORK + how % 3,
		.tgid = 100 + how % 2,
		.parent_tgid = 100,
	};

	trace_process(story->trace, &process);
}

/* From a part of a tick to half a minute. */
static void step_tick(struct story *story, uint8_t how)
{
	story->now_ns += UINT64_C(1000000) << how % 16;
	trace_tick(story->trace, story->now_ns);
}

static void step(struct story *story)
{
	uint8_t what = take(&story->input), how = take(&story->input);

	if (what < 200)
		step_exchange(story, &story->speakers[what % CONNS], how);
	else if (what < 240)
		step_tick(story, how);
	else
		step_process(story, how);
	check_books(story);
}

/* One connection of each kind that the kernel side knows. */
static void cast(struct story *story)
{
	for (size_t i = 0; i < CONNS; i++) {
		struct speaker *speaker = &story->speakers[i];

		speaker->conn = fuzz_roles[i].conn;
		speaker->family = fuzz_roles[i].family;
		speaker->protocol = fuzz_roles[i].protocol;
		speaker->role = fuzz_roles[i].role;
	}
}

static struct trace_counters tell(const uint8_t *data, size_t size, enum db_spans db_spans)
{
	struct story story = { .input = { data, size }, .now_ns = UINT64_C(1000000000) };
	struct trace_sink sink = { .request = take_request, .ctx = &story };
	struct trace_counters end;

	cast(&story);
	INVARIANT(trace_new(db_spans, sink, &story.trace) == 0);
	for (int steps = 0; story.input.left && steps < STEPS_MAX; steps++)
		step(&story);
	trace_flush(story.trace, story.now_ns);
	check_books(&story);
	INVARIANT(!trace_requests_open(story.trace));
	end = *trace_counters(story.trace);
	trace_free(story.trace);
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_counters sdk = tell(data, size, DB_SPANS_SDK);
	struct trace_counters app = tell(data, size, DB_SPANS_APP);
	struct trace_counters all = tell(data, size, DB_SPANS_ALL);

	INVARIANT(sdk.requests == app.requests && app.requests == all.requests);
	INVARIANT(sdk.statements <= all.statements && app.statements <= all.statements);
	INVARIANT(sdk.exchanges == all.exchanges && app.sequence_gaps == all.sequence_gaps);
	INVARIANT(!all.statements_filtered);
	return 0;
}
