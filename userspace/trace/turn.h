/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn.h - one direction of an exchange as a sparse run of bytes: the record's text, the fragments
 * that continue it, and islands behind gaps; and at what time a byte of it passed the socket.
 */
#ifndef BPFXRAY_TRACE_TURN_H
#define BPFXRAY_TRACE_TURN_H

#include <linux/types.h>

#include "bpfxray/wire.h"
#include "trace/list.h"
#include "util/bytes.h"

/* A fragment record kept until its exchange has passed. */
struct fragment {
	struct list link;
	uint64_t offset;
	uint32_t seq;
	uint32_t turn;
	uint32_t flags; /* BX_FRAG_* */
	bool used;
	size_t len;
	uint8_t data[];
};

#define TURN_REQUEST  0
#define TURN_RESPONSE 1
/*
 * Islands of one turn; later ones are not read. A pipelined turn has one for each response past
 * the capture.
 */
#define TURN_ISLANDS_MAX 64

struct turn {
	const struct bx_turn *log;
	const struct bx_hand *hand;
	const struct bx_call *call;
	uint32_t hand_count, call_count;
	uint64_t total;
	struct bytes prefix;			    /* from offset 0 without a gap */
	struct fragment *islands[TURN_ISLANDS_MAX]; /* by offset */
	size_t island_count;
	uint8_t *owned; /* the prefix, when fragments continue the text */
};

/*
 * @which: TURN_*. Copies only when fragments continue the text. 0, or -ENOMEM. turn_close() frees.
 */
int turn_open(struct turn *turn, const struct bx_exchange *ex, int which, struct list *fragments);
void turn_close(struct turn *turn);

/* The captured bytes at @offset, up to the next gap; empty when it was not captured. */
struct bytes turn_at(const struct turn *turn, uint64_t offset);

/* The first captured offset >= @offset, or the turn's total. */
uint64_t turn_next(const struct turn *turn, uint64_t offset);

/* The first offset >= @offset where a call began with a message head, or the turn's total. */
uint64_t turn_next_head(const struct turn *turn, uint64_t offset);

/*
 * The captured bytes at the turn's end, at least one of them the last; empty when it was not
 * captured.
 */
struct bytes turn_end(const struct turn *turn);

/*
 * When the byte at @offset passed. Never later than the truth, when the call log reaches that far.
 */
uint64_t turn_byte_ns(const struct turn *turn, uint64_t offset);

/* When the first @end bytes had passed. Never earlier than the truth. */
uint64_t turn_end_ns(const struct turn *turn, uint64_t end);

/* The thread that moved the byte at @offset; 0: not known, nobody's name is 0. */
uint32_t turn_tid(const struct turn *turn, uint64_t offset);

/* Where the call ended that moved the byte at @offset; the turn's total when it was not kept. */
uint64_t turn_call_end(const struct turn *turn, uint64_t offset);

/* True when a call ended exactly at @end. */
bool turn_call_ends(const struct turn *turn, uint64_t end);

#endif
