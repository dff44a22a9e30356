// SPDX-License-Identifier: Apache-2.0
/*
 * turn.c - the sparse view of a turn and its clock. Fragments come in the order in which the bytes
 * passed, so that one walk over them extends the prefix; what does not touch it is an island.
 */
#include "trace/turn.h"

#include <errno.h>
#include <stdlib.h>

static bool fragment_of(const struct fragment *f, const struct bx_exchange *ex, int which)
{
	return f->seq == ex->seq && f->turn == (uint32_t)which;
}

/* Bytes that a contiguous prefix may have at most. */
static size_t prefix_room(const struct bx_exchange *ex, int which, struct list *fragments)
{
	size_t room = 0;

	list_for_each (fragments, it) {
		struct fragment *f = list_entry(it, struct fragment, link);

		if (fragment_of(f, ex, which))
			room += f->len;
	}
	return room;
}

static void island_add(struct turn *turn, struct fragment *f)
{
	size_t at = turn->island_count;

	if (at == TURN_ISLANDS_MAX)
		return;
	for (; at && turn->islands[at - 1]->offset > f->offset; at--)
		turn->islands[at] = turn->islands[at - 1];
	turn->islands[at] = f;
	turn->island_count++;
}

/* Appends what @f has behind the prefix; false when there is a gap before it. */
static bool prefix_extend(struct turn *turn, const struct fragment *f)
{
	size_t have = turn->prefix.len;
	size_t known;

	if (f->offset > have)
		return false;
	known = have - f->offset;
	if (known < f->len) {
		memcpy(turn->owned + have, f->data + known, f->len - known);
		turn->prefix.len += f->len - known;
	}
	return true;
}

static uint32_t at_most(uint32_t value, uint32_t cap)
{
	return value < cap ? value : cap;
}

static void open_log(struct turn *turn, const struct bx_exchange *ex, int which)
{
	const struct bx_brief_log *brief = (const struct bx_brief_log *)(ex + 1) + which;
	const struct bx_log *full = (const struct bx_log *)(ex + 1) + which;

	turn->log = &ex->turn[which];
	turn->total = turn->log->total;
	turn->hand = ex->brief ? brief->hand : full->hand;
	turn->call = ex->brief ? brief->call : full->call;
	turn->hand_count = at_most(turn->log->hands, ex->brief ? BX_BRIEF_HANDS_CAP : BX_HANDS_CAP);
	turn->call_count =
		at_most(turn->log->calls_kept, ex->brief ? BX_BRIEF_CALLS_CAP : BX_CALLS_CAP);
}

int turn_open(struct turn *turn, const struct bx_exchange *ex, int which, struct list *fragments)
{
	const uint8_t *text = (const uint8_t *)(ex + 1) + bx_logs_len(ex);
	size_t room = prefix_room(ex, which, fragments);
	bool same = ex->flags & BX_EX_SAME; /* the text came with a record before */
	size_t len = same ? 0 : ex->turn[which].text_len;

	turn->island_count = 0;
	turn->owned = NULL;
	open_log(turn, ex, which);
	turn->prefix = bytes_of(which == TURN_REQUEST ? text : text + ex->turn[0].text_len, len);
	if (!room)
		return 0;
	turn->owned = malloc(len + room);
	if (!turn->owned)
		return -ENOMEM;
	memcpy(turn->owned, turn->prefix.at, len);
	turn->prefix.at = turn->owned;
	list_for_each (fragments, it) {
		struct fragment *f = list_entry(it, struct fragment, link);

		if (!fragment_of(f, ex, which) || !f->len)
			continue;
		f->used = true;
		if (!prefix_extend(turn, f))
			island_add(turn, f);
	}
	return 0;
}

void turn_close(struct turn *turn)
{
	free(turn->owned);
	turn->owned = NULL;
}

static struct bytes within_total(const struct turn *turn, uint64_t offset, struct bytes in)
{
	return bytes_take(in, turn->total > offset ? turn->total - offset : 0);
}

struct bytes turn_at(const struct turn *turn, uint64_t offset)
{
	if (offset < turn->prefix.len)
		return within_total(turn, offset, bytes_skip(turn->prefix, offset));
	for (size_t i = 0; i < turn->island_count; i++) {
		const struct fragment *f = turn->islands[i];

		if (offset >= f->offset && offset - f->offset < f->len)
			return within_total(
				turn, offset,
				bytes_skip(bytes_of(f->data, f->len), offset - f->offset));
	}
	return BYTES_NONE;
}

uint64_t turn_next(const struct turn *turn, uint64_t offset)
{
	if (turn_at(turn, offset).len)
		return offset;
	for (size_t i = 0; i < turn->island_count; i++)
		if (turn->islands[i]->offset >= offset && turn->islands[i]->offset < turn->total)
			return turn->islands[i]->offset;
	return turn->total;
}

uint64_t turn_next_head(const struct turn *turn, uint64_t offset)
{
	for (size_t i = 0; i < turn->island_count; i++) {
		const struct fragment *f = turn->islands[i];

		if ((f->flags & BX_FRAG_HEAD) && f->offset >= offset && f->offset < turn->total)
			return f->offset;
	}
	return turn->total;
}

struct bytes turn_end(const struct turn *turn)
{
	if (turn->total && turn->prefix.len >= turn->total)
		return bytes_take(turn->prefix, turn->total);
	for (size_t i = turn->island_count; i--;) {
		const struct fragment *f = turn->islands[i];

		if (f->offset < turn->total && turn->total - f->offset <= f->len)
			return bytes_of(f->data, turn->total - f->offset);
	}
	return BYTES_NONE;
}

/*
 * Index of the call that brought the byte count to @end or beyond, or -1. The log has the low 32
 * bits only; the calls are in order, so that a smaller number is a carry.
 */
static int call_reaching(const struct turn *turn, uint64_t end, bool *ret_exact)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < turn->call_count; i++) {
		count += (uint32_t)(turn->call[i].end - (uint32_t)count);
		if (count < end)
			continue;
		*ret_exact = count == end;
		return (int)i;
	}
	return -1;
}

/* The microseconds of the log are rounded down: @ceil rounds up, and never beyond the last call. */
static uint64_t call_ns(const struct turn *turn, uint64_t end, bool ceil)
{
	bool exact;
	int i = call_reaching(turn, end, &exact);
	uint64_t at;

	if (i < 0 || turn->call[i].after_us == UINT32_MAX)
		return turn->log->last_ns;
	if (i == 0)
		return turn->log->first_ns;
	if ((uint32_t)i + 1 == turn->log->calls)
		return turn->log->last_ns;
	at = turn->log->first_ns + turn->call[i].after_us * UINT64_C(1000) + (ceil ? 999 : 0);
	return at < turn->log->last_ns ? at : turn->log->last_ns;
}

uint64_t turn_byte_ns(const struct turn *turn, uint64_t offset)
{
	return call_ns(turn, offset + 1, false);
}

uint64_t turn_end_ns(const struct turn *turn, uint64_t end)
{
	return call_ns(turn, end, true);
}

bool turn_call_ends(const struct turn *turn, uint64_t end)
{
	bool exact = false;

	return call_reaching(turn, end, &exact) >= 0 && exact;
}

uint64_t turn_call_end(const struct turn *turn, uint64_t offset)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < turn->call_count; i++) {
		end += (uint32_t)(turn->call[i].end - (uint32_t)end);
		if (end > offset)
			return end < turn->total ? end : turn->total;
	}
	return turn->total;
}

uint32_t turn_tid(const struct turn *turn, uint64_t offset)
{
	uint64_t from = 0;
	uint32_t tid = 0;

	for (uint32_t i = 0; i < turn->hand_count; i++) {
		from += (uint32_t)(turn->hand[i].offset - (uint32_t)from);
		if (from > offset)
			return tid;
		tid = turn->hand[i].tid;
	}
	/* Behind the last one kept there were more. */
	return turn->log->hands > turn->hand_count ? 0 : tid;
}
