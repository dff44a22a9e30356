/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * exchange.bpf.h - the life of an exchange: opened by its first byte, filled call by call, sent
 * when the direction flips back or the connection ends; and whose it is.
 */
#ifndef BPFXRAY_EXCHANGE_BPF_H
#define BPFXRAY_EXCHANGE_BPF_H

#include "conn.bpf.h"
#include "ring.bpf.h"

static __always_inline struct open_exchange *exchange__of(__u64 conn_id)
{
	return bpf_map_lookup_elem(&pool, &conn_id);
}

static __always_inline void turn__reset(struct bx_turn *turn)
{
	turn->first_ns = 0;
	turn->last_ns = 0;
	turn->total = 0;
	turn->kept = 0;
	turn->text_len = 0;
	turn->calls = 0;
	turn->calls_kept = 0;
	turn->hands = 0;
}

/*
 * The next exchange of @conn, in the place of the one before it. Without bytes first: the sweep may
 * look at it meanwhile, and does not tell of what has none.
 */
static __always_inline void exchange__reset(struct open_exchange *ex, struct conn *conn)
{
	turn__reset(&ex->wire.turn[0]);
	turn__reset(&ex->wire.turn[1]);
	barrier();
	conn->seq++;
	ex->wire.seq = conn->seq;
	ex->wire.protocol = conn->protocol;
	ex->wire.role = conn->role;
	ex->wire.owner_conn = 0;
	ex->wire.owner_seq = 0;
	ex->wire.children = 0;
	ex->wire.flags = (conn->flags & CONN_MIDSTREAM ? BX_EX_MIDSTREAM : 0) |
			 (conn->flags & CONN_TLS ? BX_EX_TLS : 0) |
			 (conn->flags & CONN_COMPRESSED ? BX_EX_COMPRESSED : 0);
	ex->wire.error = 0;
	ex->wire.text_len = 0;
	ex->wire.closed_ns = 0;
	ex->withheld = 0;
	ex->header_len = 0;
	ex->packet_at = 0;
	ex->head_done = 0;
	ex->tail_len[0] = 0;
	ex->tail_len[1] = 0;
	counter__add(BX_C_EXCHANGES, 1);
}

/* The exchange now belongs to the current thread and begins at @now_ns. */
static __always_inline void exchange__begin(struct open_exchange *ex, struct task_struct *task,
					    __u64 now_ns)
{
	ex->wire.opened_ns = now_ns;
	ex->wire.tgid = task__tgid(task);
	ex->wire.tid = task__tid(task);
	ex->wire.end_tid = ex->wire.tid;
}

/* Opens an exchange on @conn. NULL: the pool is full, counted. */
static __noinline struct open_exchange *exchange__open(struct sock *sk, struct conn *conn)
{
	struct open_exchange *ex, *empty;
	__u32 zero = 0;
	__u64 id = conn->id;

	empty = bpf_map_lookup_elem(&blank, &zero);
	if (!empty)
		return NULL;
	if (bpf_map_update_elem(&pool, &id, empty, BPF_ANY)) {
		conn->seq++;
		counter__add(BX_C_EXCHANGES, 1);
		counter__add(BX_C_LOST_POOL, 1);
		return NULL;
	}
	ex = bpf_map_lookup_elem(&pool, &id);
	if (!ex)
		return NULL;
	ex->wire.conn = id;
	ex->wire.established_ns = conn->established_ns;
	ex->wire.connect_ns = conn->connect_ns;
	ex->socket = (__u64)sk;
	ex->ino = socket__ino(sk);
	conn__addresses(sk, &ex->wire);
	exchange__reset(ex, conn);
	return ex;
}

/* The bytes were nobody's: the exchange leaves without a record and without its number. */
static __always_inline void exchange__discard(struct open_exchange *ex, struct conn *conn)
{
	__u64 id = conn->id;

	conn->seq--;
	counter__add(BX_C_DISCARDED, 1);
	bpf_map_delete_elem(&pool, &id);
}

/*
 * @ex was taken for a database call and is none. Its number and its place among the children of a
 * request are told of already, by the request's count at least: it leaves with a record, which has
 * nothing of its bytes.
 */
static __always_inline void exchange__disown(struct open_exchange *ex)
{
	__u64 id = ex->wire.conn;

	ex->wire.protocol = BX_PROTO_OTHER;
	ex->wire.text_len = 0;
	ex->wire.turn[0].text_len = 0;
	ex->wire.turn[1].text_len = 0;
	ex->tail_len[0] = 0;
	ex->tail_len[1] = 0;
	exchange__emit(exchange__ref(ex), 0);
	bpf_map_delete_elem(&pool, &id);
}

static __always_inline void exchange__close(struct open_exchange *ex, __u32 flags, __u64 now_ns)
{
	__u64 id = ex->wire.conn;

	if (ex->wire.protocol == BX_PROTO_UNKNOWN) {
		counter__add(BX_C_DISCARDED, 1);
	} else if (!ex->wire.closed_ns) { /* else the sweep has sent it */
		ex->wire.closed_ns = now_ns;
		exchange__emit(exchange__ref(ex), flags);
	}
	bpf_map_delete_elem(&pool, &id);
}

/*
 * The next request of the connection begins. When the thread that left @ex, or the sweep, has told
 * all of it, that snapshot was its end: the next record's number says so. Not when statements hang
 * under it, or may: what of them is nobody's is decided at the end.
 */
static __always_inline void exchange__finish(struct open_exchange *ex)
{
	if (ex->wire.role == BX_ROLE_SERVER && !ex->wire.children && exchange__told(ex))
		counter__add(BX_C_ENDED_TOLD, 1);
	else
		exchange__emit(exchange__ref(ex), 0);
}

/* Notes the thread of a call when it is not the one of the call before. */
static __always_inline void turn__hand(struct bx_turn *turn, struct bx_log *log, __u32 tid)
{
	__u32 last = bound__at_most(turn->hands - 1, BX_HANDS_CAP - 1);

	if (turn->hands && log->hand[last].tid == tid)
		return;
	if (turn->hands < BX_HANDS_CAP) {
		struct bx_hand *hand = &log->hand[bound__at_most(turn->hands, BX_HANDS_CAP - 1)];

		hand->offset = turn->total;
		hand->tid = tid;
	}
	turn->hands++;
}

/* One call more of turn @t. */
static __always_inline void turn__count(struct open_exchange *ex, __u32 t, __u32 len, __u64 now_ns)
{
	struct bx_turn *turn = &ex->wire.turn[t & 1];
	struct bx_log *log = &ex->log[t & 1];
	__u32 i = turn->calls_kept;

	if (!turn->calls)
		turn->first_ns = now_ns;
	turn->last_ns = now_ns;
	turn__hand(turn, log, ex->wire.end_tid);
	turn->total += len;
	turn->calls++;
	if (i < BX_CALLS_CAP) {
		__u64 after_us = (now_ns - turn->first_ns) / 1000;
		struct bx_call *call = &log->call[bound__at_most(i, BX_CALLS_CAP - 1)];

		call->end = turn->total;
		call->after_us = after_us > 0xffffffff ? 0xffffffff : after_us;
		turn->calls_kept = i + 1;
	}
}

/* The thread turns away from @before: what became of it is sent before anything of the next. */
static __always_inline void thread__leave(struct thread *thread, struct open_exchange *before)
{
	/* the end of a TCP connection is told by itself, and looking for it costs four reads */
	if (before->wire.family == AF_UNIX && !socket__alive(before))
		exchange__close(before, BX_EX_CLOSED_LOCAL, bpf_ktime_get_ns());
	else if (!before->wire.turn[1].total)
		thread->flags |= THREAD_MULTIPLEX;
	else if (!(thread->flags & THREAD_MULTIPLEX) &&
		 exchange__emit(exchange__ref(before), BX_EX_SNAPSHOT))
		thread->flags |= THREAD_MULTIPLEX; /* as good as open: nobody can tell */
}

/*
 * The current thread begins to serve @ex. When the request that it served before still waits for
 * its answer, the thread serves several at once: from now on it owns nothing. When that has an
 * answer, it is sent now: the agent's framing says whether the answer was complete when the thread
 * moved on.
 */
VERIFIED_ALONE int thread__serve(thread_ref thread_at, exchange_ref ref)
{
	struct thread *thread = thread__at(thread_at);
	struct open_exchange *ex = exchange__at(ref);
	struct open_exchange *before = NULL;

	if (!thread || !ex)
		return 0;
	if (thread->request_conn && thread->request_conn != ex->wire.conn)
		before = exchange__of(thread->request_conn);
	if (before && before->wire.seq == thread->request_seq)
		thread__leave(thread, before);
	thread->request_conn = ex->wire.conn;
	thread->request_seq = ex->wire.seq;
	if (thread->flags & THREAD_MULTIPLEX)
		ex->wire.flags |= BX_EX_MULTIPLEX;
	return 0;
}

/* The exchange that the thread serves now, if it is still open. */
static __always_inline struct open_exchange *thread__serving(struct thread *thread)
{
	struct open_exchange *owner;

	if (!thread->request_conn)
		return NULL;
	owner = exchange__of(thread->request_conn);
	return owner && owner->wire.seq == thread->request_seq ? owner : NULL;
}

/*
 * Commands without an answer (COM_STMT_CLOSE) leave an exchange open: what the thread sends for
 * another request than theirs does not belong to it, nor what another thread sends for none. Of a
 * thread that serves several at once nothing is known.
 */
VERIFIED_ALONE int thread__owns_anew(thread_ref thread_at, exchange_ref ref)
{
	struct thread *thread = thread__at(thread_at);
	struct open_exchange *ex = exchange__at(ref);
	bool other;

	if (!thread || !ex)
		return 0;
	other = ex->wire.tid != task__tid(task__current());
	if (thread->flags & THREAD_MULTIPLEX) {
		ex->wire.flags |= BX_EX_MULTIPLEX;
		return other;
	}
	if (!thread__serving(thread))
		return other;
	return ex->wire.owner_conn != thread->request_conn ||
	       ex->wire.owner_seq != thread->request_seq;
}

/*
 * The request that the thread serves becomes the owner of @ex, a database call, if it is still
 * open.
 */
VERIFIED_ALONE int thread__own(thread_ref thread_at, exchange_ref ref)
{
	struct thread *thread = thread__at(thread_at);
	struct open_exchange *ex = exchange__at(ref);
	struct open_exchange *owner;

	if (!thread || !ex)
		return 0;
	if (thread->flags & THREAD_MULTIPLEX) {
		ex->wire.flags |= BX_EX_MULTIPLEX;
		return 0;
	}
	owner = thread__serving(thread);
	if (!owner)
		return 0;
	ex->wire.owner_conn = thread->request_conn;
	ex->wire.owner_seq = thread->request_seq;
	__sync_fetch_and_add(&owner->wire.children, 1);
	return 0;
}

#endif
