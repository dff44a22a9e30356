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
VERIFIED_ALONE __u32 fragment__emit(exchange_ref ref, __u64 from, __u32 len, __u32 turn_flags,
				    __u64 offset)
{
	struct open_exchange *ex = exchange__at(ref);
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

/*
 * The last bytes of turn @t of exchange @seq, when it outgrew what was kept. Not when they are not
 * the turn's last: bytes that could not be read came behind them, or another thread is about to
 * count those that it has put there. Discarded when one does so meanwhile: the next record tells.
 */
VERIFIED_ALONE int tail__emit(exchange_ref ref, __u32 t, __u32 seq)
{
	struct open_exchange *ex = exchange__at(ref);
	struct tail_record *record;
	__u32 len, skip;
	__u64 total;

	if (!ex)
		return 0;
	t &= 1;
	total = ex->wire.turn[t].total;
	len = bound__at_most(ex->tail_len[t], TAIL_ROOM);
	if (!len || ex->tail_end[t] != total || ex->wire.turn[t].kept >= total)
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		counter__add(BX_C_LOST_FRAGMENT, 1);
		return 0;
	}
	skip = len > BX_TAIL_CAP ? len - BX_TAIL_CAP : 0;
	len = bound__at_most(len - skip, BX_TAIL_CAP);
	bpf_probe_read_kernel(record->data, len, ex->tail[t] + bound__at_most(skip, BX_TAIL_CAP));
	fragment__fill(&record->head, ex, fragment__arg(t, BX_FRAG_TAIL), total - len, len);
	barrier();
	if (record->head.seq != seq || ex->tail_end[t] != total)
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_submit(record, ring__wake());
	return 0;
}

/*
 * A reservation's size is a constant: for what repeats no text, for the many short exchanges, for
 * all; and for the few calls that most exchanges are, or for whole logs.
 */
#define SHORT_TEXT_CAP 512

#define RECORD_TYPE(name, logs, cap)                                                               \
	struct name {                                                                              \
		struct bx_exchange wire;                                                           \
		struct logs log[2];                                                                \
		__u8 text[cap];                                                                    \
	}
RECORD_TYPE(brief_same, bx_brief_log, 0);
RECORD_TYPE(brief_short, bx_brief_log, SHORT_TEXT_CAP);
RECORD_TYPE(brief_long, bx_brief_log, BX_TEXT_CAP);
RECORD_TYPE(full_short, bx_log, SHORT_TEXT_CAP);
RECORD_TYPE(full_long, bx_log, BX_TEXT_CAP);

/* Nothing has moved since the last snapshot of this exchange. */
static __always_inline bool exchange__told(struct open_exchange *ex)
{
	return ex->sent_seq == ex->wire.seq && ex->sent_total[0] == ex->wire.turn[0].total &&
	       ex->sent_total[1] == ex->wire.turn[1].total;
}

static __always_inline bool turn__is_brief(const struct bx_turn *turn)
{
	return turn->hands <= BX_BRIEF_HANDS_CAP && turn->calls_kept <= BX_BRIEF_CALLS_CAP;
}

static __always_inline void log__copy_brief(struct bx_brief_log *to, struct bx_log *log)
{
	__builtin_memcpy(to->hand, log->hand, sizeof(to->hand));
	__builtin_memcpy(to->call, log->call, sizeof(to->call));
}

/* The kernel's copy goes 8 bytes at a time, with a look at each: short ones are copied here. */
#define TEXT_STEP 64

static __always_inline bool text__copy(__u8 *to, struct open_exchange *ex, __u32 len, __u32 cap)
{
	__u32 at;

	if (cap > SHORT_TEXT_CAP)
		return !bpf_probe_read_kernel(to, bound__at_most(len, cap), ex->text);
#pragma unroll
	for (at = 0; at < SHORT_TEXT_CAP; at += TEXT_STEP)
		if (at < cap && at < len)
			__builtin_memcpy(to + at, ex->text + at, TEXT_STEP);
	return true;
}

/* The head, before anything else of @ex: exchange__unchanged() tells whether the rest fits to it.
 */
static __always_inline void exchange__head(struct bx_exchange *to, struct open_exchange *ex,
					   __u32 text_len, __u32 flags, bool brief)
{
	__builtin_memcpy(to, &ex->wire, sizeof(*to));
	barrier();
	to->record.type = BX_RECORD_EXCHANGE;
	to->record.len = sizeof(*to) + text_len +
			 2 * (brief ? sizeof(struct bx_brief_log) : sizeof(struct bx_log));
	to->text_len = text_len;
	to->brief = brief;
	to->flags |= flags;
}

/*
 * The sweep, or a thread that moves on, may look at an exchange while another thread moves bytes on
 * it: what does not fit together is refused, and told another time. @ex itself is never changed,
 * for the same reason. So is an exchange that has become another than @seq since before the record
 * took its place in the ring: the end of @seq stands behind it there, and would be out of order.
 */
static __always_inline bool exchange__unchanged(struct bx_exchange *to, struct open_exchange *ex,
						__u32 seq)
{
	barrier();
	if (!(to->flags & BX_EX_SAME) &&
	    to->turn[0].text_len + to->turn[1].text_len != to->text_len)
		return false;
	if (to->brief && !(turn__is_brief(&to->turn[0]) && turn__is_brief(&to->turn[1])))
		return false;
	return to->conn == ex->wire.conn && to->seq == seq && seq == ex->wire.seq &&
	       to->turn[0].total == ex->wire.turn[0].total &&
	       to->turn[1].total == ex->wire.turn[1].total;
}

static __always_inline bool logs__copy(struct bx_log *to, struct open_exchange *ex)
{
	return !bpf_probe_read_kernel(to, sizeof(ex->log), ex->log);
}

static __always_inline bool logs__copy_brief(struct bx_brief_log *to, struct open_exchange *ex)
{
	log__copy_brief(&to[0], &ex->log[0]);
	log__copy_brief(&to[1], &ex->log[1]);
	return true;
}

#define PUT_FULL -1 /* no room in the ring */
#define PUT_TORN -2 /* another thread has changed the exchange meanwhile */

#define EXCHANGE__PUT(type, copy_logs, is_brief)                                                   \
	do {                                                                                       \
		struct type *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);              \
		if (!record)                                                                       \
			return PUT_FULL;                                                           \
		exchange__head(&record->wire, ex, text_len, flags, is_brief);                      \
		if (!copy_logs(record->log, ex) ||                                                 \
		    !text__copy(record->text, ex, text_len, sizeof(record->text)) ||               \
		    !exchange__unchanged(&record->wire, ex, seq)) {                                \
			bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);                             \
			return PUT_TORN;                                                           \
		}                                                                                  \
		bpf_ringbuf_submit(record, ring__wake());                                          \
		return 0;                                                                          \
	} while (0)

VERIFIED_ALONE int exchange__put_brief(exchange_ref ref, __u32 text_len, __u32 flags, __u32 seq)
{
	struct open_exchange *ex = exchange__at(ref);
	if (!ex)
		return PUT_TORN;
	if (!text_len)
		EXCHANGE__PUT(brief_same, logs__copy_brief, true);
	else if (text_len <= SHORT_TEXT_CAP)
		EXCHANGE__PUT(brief_short, logs__copy_brief, true);
	else
		EXCHANGE__PUT(brief_long, logs__copy_brief, true);
}

VERIFIED_ALONE int exchange__put_full(exchange_ref ref, __u32 text_len, __u32 flags, __u32 seq)
{
	struct open_exchange *ex = exchange__at(ref);
	if (!ex)
		return PUT_TORN;
	if (text_len <= SHORT_TEXT_CAP)
		EXCHANGE__PUT(full_short, logs__copy, false);
	else
		EXCHANGE__PUT(full_long, logs__copy, false);
}

static __always_inline int exchange__put(struct open_exchange *ex, __u32 text_len, __u32 flags,
					 __u32 seq)
{
	if (turn__is_brief(&ex->wire.turn[0]) && turn__is_brief(&ex->wire.turn[1]))
		return exchange__put_brief(exchange__ref(ex), text_len, flags, seq);
	return exchange__put_full(exchange__ref(ex), text_len, flags, seq);
}

/*
 * Sends @ex. @flags are added to the record's, for a snapshot BX_EX_SNAPSHOT. When nothing has
 * moved since the last snapshot only the header goes (BX_EX_SAME).
 */
VERIFIED_ALONE int exchange__emit(exchange_ref ref, __u32 flags)
{
	struct open_exchange *ex = exchange__at(ref);
	__u64 total0, total1;
	__u32 text_len, seq;
	int put;

	if (!ex)
		return 0;
	seq = ex->wire.seq;
	barrier();
	total0 = ex->wire.turn[0].total;
	total1 = ex->wire.turn[1].total;
	text_len = ex->wire.text_len;
	if (flags & BX_EX_SNAPSHOT && !total0 && !total1)
		return 0; /* it has just begun, and its owner may not be known yet */
	if (exchange__told(ex)) {
		flags |= BX_EX_SAME;
		text_len = 0;
	} else {
		tail__emit(exchange__ref(ex), 0, seq);
		tail__emit(exchange__ref(ex), 1, seq);
	}
	put = exchange__put(ex, text_len, flags, seq);
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
