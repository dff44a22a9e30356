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

/*
 * The reader wakes by a timer: a wake-up for each record halves a fast server's throughput. It is
 * woken only when more than a quarter of the ring waits.
 */
static __always_inline __u64 ring__wake(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > BX_RING_BYTES / 4 ? BPF_RB_FORCE_WAKEUP
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
 * Sends @ex. @flags are added to the record's, for a snapshot BX_EX_SNAPSHOT. When nothing has
 * moved since the last snapshot only the header goes (BX_EX_SAME).
 */
__weak __noinline int exchange__emit(struct open_exchange *ex, __u32 flags)
{
	struct bx_exchange *wire;
	__u32 len = sizeof(*wire), text_len;
	bool same;

	if (!ex)
		return 0;
	wire = &ex->wire;
	text_len = wire->text_len;
	same = ex->snapshotted && ex->sent_total[0] == wire->turn[0].total &&
	       ex->sent_total[1] == wire->turn[1].total;
	if (!same) {
		tail__emit(ex, 0);
		tail__emit(ex, 1);
		len += bound__at_most(text_len, BX_TEXT_CAP);
	}
	wire->flags |= flags;
	wire->flags = same ? wire->flags | BX_EX_SAME : wire->flags & ~BX_EX_SAME;
	wire->record.type = BX_RECORD_EXCHANGE;
	wire->record.len = len;
	wire->text_len = same ? 0 : text_len;
	len = bound__at_most(len, sizeof(*wire) + BX_TEXT_CAP);
	if (bpf_ringbuf_output(&ring, wire, len, ring__wake())) {
		wire->text_len = text_len;
		if (!(flags & BX_EX_SNAPSHOT))
			counter__add(BX_C_LOST_RING, 1);
		wire->flags &= ~BX_EX_SNAPSHOT;
		return -1;
	}
	wire->text_len = text_len;
	counter__add(flags & BX_EX_SNAPSHOT ? BX_C_SNAPSHOTS : BX_C_SUBMITTED, 1);
	wire->flags &= ~BX_EX_SNAPSHOT;
	ex->snapshotted = 1;
	ex->sent_total[0] = wire->turn[0].total;
	ex->sent_total[1] = wire->turn[1].total;
	return 0;
}

#endif
