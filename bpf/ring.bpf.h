/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ring.bpf.h - records into the ring: a finished exchange, a snapshot of one, fragments that did
 * not fit.
 *
 * Functions that are not static here and in the other headers are verified once, on their own:
 * inlined or static, the paths through the capture of a call multiply beyond what the verifier is
 * willing to walk. They are weak: the objects that include them are linked into one.
 */
#ifndef BPFXRAY_RING_BPF_H
#define BPFXRAY_RING_BPF_H

#include "maps.bpf.h"

/* Behind each step of the ring beyond its quarter, the reader is woken within this many bytes. */
#define WAKE_STEP  (BX_RING_BYTES / 16)
#define WAKE_BYTES 4096 /* more than any record: none steps over it */

/*
 * The reader wakes by a timer: a wake-up for each record halves a fast server's throughput. It is
 * woken only when more than a quarter of the ring waits, and then again at each sixteenth more: a
 * wake-up is an interrupt, and a reader that has fallen behind does not read faster for one more.
 */
static __always_inline __u64 ring__wake(void)
{
	__u64 quarter = bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) / 4;
	__u64 waits = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	return waits > quarter && waits % WAKE_STEP < WAKE_BYTES ? BPF_RB_FORCE_WAKEUP
								 : BPF_RB_NO_WAKEUP;
}

struct fragment_record {
	struct bx_fragment head;
	__u8 data[BX_FRAGMENT_CAP];
};

struct tail_record {
	struct bx_fragment head;
	__u8 data[BX_TAIL_CAP];
};

/*
 * @turn_flags: the turn, and BX_FRAG_* above it: a program's function has five arguments at most.
 */
static __always_inline __u32 fragment__arg(__u32 turn, __u32 flags)
{
	return turn | flags << 1;
}

static __always_inline void fragment__fill(struct bx_fragment *head, struct open_exchange *ex,
					   __u32 turn_flags, __u64 offset, __u32 len)
{
	head->record.type = BX_RECORD_FRAGMENT;
	head->record.len = sizeof(*head) + len;
	head->conn = ex->wire.conn;
	head->seq = ex->wire.seq;
	head->offset = offset;
	head->turn = turn_flags & 1;
	head->flags = turn_flags >> 1;
	head->data_len = len;
}

/*
 * Sends @len bytes of the caller's memory at @from as bytes @offset.. of a turn. Returns the bytes
 * sent: 0 when the ring is full or the read faulted, both counted.
 */
__weak __noinline __u32 fragment__emit(struct open_exchange *ex, __u64 from, __u32 len,
				       __u32 turn_flags, __u64 offset)
{
	struct fragment_record *record;

	if (!ex)
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		counter__add(BX_C_LOST_FRAGMENT, 1);
		return 0;
	}
	len = bound__at_most(len, BX_FRAGMENT_CAP);
	if (bpf_probe_read_user(record->data, len, (void *)from)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		counter__add(BX_C_FAULTS, 1);
		return 0;
	}
	fragment__fill(&record->head, ex, turn_flags, offset, len);
	bpf_ringbuf_submit(record, ring__wake());
	return len;
}

/* The last bytes of turn @t, when it outgrew what was kept. */
__weak __noinline int tail__emit(struct open_exchange *ex, __u32 t)
{
	struct tail_record *record;
	__u32 len, skip;

	if (!ex)
		return 0;
	t &= 1;
	len = bound__at_most(ex->tail_len[t], TAIL_ROOM);
	if (!len || ex->wire.turn[t].kept >= ex->wire.turn[t].total)
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		counter__add(BX_C_LOST_FRAGMENT, 1);
		return 0;
	}
	skip = len > BX_TAIL_CAP ? len - BX_TAIL_CAP : 0;
	len = bound__at_most(len - skip, BX_TAIL_CAP);
	bpf_probe_read_kernel(record->data, len, ex->tail[t] + bound__at_most(skip, BX_TAIL_CAP));
	fragment__fill(&record->head, ex, fragment__arg(t, BX_FRAG_TAIL),
		       ex->wire.turn[t].total - len, len);
	bpf_ringbuf_submit(record, ring__wake());
	return 0;
}

/*
 * A reservation's size is a constant: one for what repeats no text, one for the many short
 * exchanges, one for all.
 */
#define SHORT_TEXT_CAP 512

struct short_record {
	struct bx_exchange wire;
	__u8 text[SHORT_TEXT_CAP];
};

struct long_record {
	struct bx_exchange wire;
	__u8 text[BX_TEXT_CAP];
};

/* Nothing has moved since the last snapshot of this exchange. */
static __always_inline bool exchange__told(struct open_exchange *ex)
{
	return ex->sent_seq == ex->wire.seq && ex->sent_total[0] == ex->wire.turn[0].total &&
	       ex->sent_total[1] == ex->wire.turn[1].total;
}

/* A log that has no more entries is copied without a call: most turns are one or two calls. */
#define LOG_BRIEF 2

/*
 * Copies a turn with the entries that its logs have: the unused ones are three quarters of it, and
 * the ring's memory is not in any cache. False when that cannot be read.
 */
static __always_inline bool turn__copy(struct bx_turn *to, struct bx_turn *turn)
{
	int err = 0;

	to->first_ns = turn->first_ns;
	to->last_ns = turn->last_ns;
	to->total = turn->total;
	to->kept = turn->kept;
	to->text_len = turn->text_len;
	to->calls = turn->calls;
	to->calls_kept = turn->calls_kept;
	to->hands = turn->hands;
	to->_pad = 0;
	__builtin_memcpy(to->hand, turn->hand, LOG_BRIEF * sizeof(*to->hand));
	__builtin_memcpy(to->call, turn->call, LOG_BRIEF * sizeof(*to->call));
	if (to->hands > LOG_BRIEF)
		err |= bpf_probe_read_kernel(to->hand, sizeof(to->hand), turn->hand);
	if (to->calls_kept > LOG_BRIEF)
		err |= bpf_probe_read_kernel(to->call, sizeof(to->call), turn->call);
	return !err;
}

/*
 * Copies @ex into a record. The sweep, or a thread that moves on, may look at an exchange while
 * another thread moves bytes on it: what does not fit together is refused, and told another time.
 * @ex itself is never changed, for the same reason.
 */
static __always_inline bool exchange__fill(struct bx_exchange *to, struct open_exchange *ex,
					   __u32 text_len, __u32 text_cap, __u32 flags)
{
	text_len = bound__at_most(text_len, text_cap);
	__builtin_memcpy(to, &ex->wire, __builtin_offsetof(struct bx_exchange, turn));
	if (!turn__copy(&to->turn[0], &ex->wire.turn[0]) ||
	    !turn__copy(&to->turn[1], &ex->wire.turn[1]))
		return false;
	if (text_len && bpf_probe_read_kernel(to + 1, text_len, ex->text))
		return false;
	to->record.type = BX_RECORD_EXCHANGE;
	to->record.len = sizeof(*to) + text_len;
	to->text_len = text_len;
	to->_pad = 0;
	to->flags |= flags;
	if (!(flags & BX_EX_SAME) && to->turn[0].text_len + to->turn[1].text_len != text_len)
		return false;
	return to->conn == ex->wire.conn && to->seq == ex->wire.seq &&
	       to->turn[0].total == ex->wire.turn[0].total &&
	       to->turn[1].total == ex->wire.turn[1].total;
}

#define PUT_FULL -1 /* no room in the ring */
#define PUT_TORN -2 /* another thread has changed the exchange meanwhile */

#define EXCHANGE__PUT(type, cap)                                                                   \
	do {                                                                                       \
		struct bx_exchange *record = bpf_ringbuf_reserve(&ring, sizeof(type), 0);          \
		if (!record)                                                                       \
			return PUT_FULL;                                                           \
		if (!exchange__fill(record, ex, text_len, cap, flags)) {                           \
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);                             \
			return PUT_TORN;                                                           \
		}                                                                                  \
		bpf_ringbuf_submit(record, ring__wake());                                          \
		return 0;                                                                          \
	} while (0)

__weak __noinline int exchange__put(struct open_exchange *ex, __u32 text_len, __u32 flags)
{
	if (!ex)
		return PUT_TORN;
	if (!text_len)
		EXCHANGE__PUT(struct bx_exchange, 0);
	else if (text_len <= SHORT_TEXT_CAP)
		EXCHANGE__PUT(struct short_record, SHORT_TEXT_CAP);
	else
		EXCHANGE__PUT(struct long_record, BX_TEXT_CAP);
}

/*
 * Sends @ex. @flags are added to the record's, for a snapshot BX_EX_SNAPSHOT. When nothing has
 * moved since the last snapshot only the header goes (BX_EX_SAME).
 */
__weak __noinline int exchange__emit(struct open_exchange *ex, __u32 flags)
{
	__u64 total0, total1;
	__u32 text_len, seq;
	int put;

	if (!ex)
		return 0;
	total0 = ex->wire.turn[0].total;
	total1 = ex->wire.turn[1].total;
	text_len = ex->wire.text_len;
	seq = ex->wire.seq;
	if (exchange__told(ex)) {
		flags |= BX_EX_SAME;
		text_len = 0;
	} else {
		tail__emit(ex, 0);
		tail__emit(ex, 1);
	}
	put = exchange__put(ex, text_len, flags);
	if (put) {
		if (!(flags & BX_EX_SNAPSHOT))
			counter__add(put == PUT_FULL ? BX_C_LOST_RING : BX_C_LOST_TORN, 1);
		return -1;
	}
	counter__add(flags & BX_EX_SNAPSHOT ? BX_C_SNAPSHOTS : BX_C_SUBMITTED, 1);
	ex->sent_total[0] = total0;
	ex->sent_total[1] = total1;
	ex->sent_seq = seq;
	return 0;
}

#endif
