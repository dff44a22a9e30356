/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * state.bpf.h - the beginning and the end of TCP connections: when a connection was established,
 * when it closed, and connects that failed.
 */
#ifndef BPFXRAY_STATE_BPF_H
#define BPFXRAY_STATE_BPF_H

#include "exchange.bpf.h"

/*
 * A new connection of the current thread begins, or a listener: from here on the socket is known.
 */
static __always_inline void state__opening(struct sock *sk, int state, __u64 now_ns)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of(task);
	struct conn *conn;

	if (!thread)
		return;
	if (state == TCP_LISTEN) {
		conn__listens(sk);
		return;
	}
	conn = conn__of(sk, true);
	if (!conn)
		return;
	conn->connect_ns = now_ns;
	conn->connect_tgid = task__tgid(task);
	conn->connect_tid = task__tid(task);
	if (!(thread->flags & THREAD_MULTIPLEX)) {
		conn->connect_owner_conn = thread->request_conn;
		conn->connect_owner_seq = thread->request_seq;
	}
}

/* The request whose thread tried to connect waits for one child more. */
static __always_inline void connect__own(struct open_exchange *ex, struct conn *conn)
{
	struct open_exchange *owner;

	if (!conn->connect_owner_conn)
		return;
	owner = exchange__of(conn->connect_owner_conn);
	if (!owner || owner->wire.seq != conn->connect_owner_seq)
		return;
	ex->wire.owner_conn = conn->connect_owner_conn;
	ex->wire.owner_seq = conn->connect_owner_seq;
	__sync_fetch_and_add(&owner->wire.children, 1);
}

/* connect() failed: an exchange without a byte, which says to whom and why. */
static __always_inline void state__connect_failed(struct sock *sk, struct conn *conn, __u64 now_ns)
{
	struct open_exchange *ex;

	conn->id = conn__new_id(now_ns);
	ex = exchange__open(sk, conn);
	if (!ex)
		return;
	ex->wire.opened_ns = now_ns;
	ex->wire.tgid = conn->connect_tgid;
	ex->wire.tid = conn->connect_tid;
	ex->wire.role = BX_ROLE_CLIENT;
	ex->wire.protocol = BX_PROTO_OTHER;
	ex->wire.error = BPF_CORE_READ(sk, sk_err);
	connect__own(ex, conn);
	exchange__close(ex, BX_EX_CONNECT_FAILED, now_ns);
}

/*
 * The peer's reset of a database connection that waits for nothing. Over loopback it may overtake
 * the return of the next command's send, which must find the connection: so that is not over yet.
 */
static __always_inline bool state__reset_at_rest(struct sock *sk, struct open_exchange *ex)
{
	return ex->wire.protocol == BX_PROTO_MYSQL && ex->wire.role == BX_ROLE_CLIENT &&
	       ex->wire.turn[1].total && BPF_CORE_READ(sk, sk_err);
}

/* False when a send may still return to @conn: its entry has to be there. */
static __always_inline bool state__ending(struct sock *sk, struct conn *conn, int state,
					  __u64 now_ns)
{
	struct open_exchange *ex = conn->id ? exchange__of(conn->id) : NULL;
	__u32 flags =
		state == TCP_LAST_ACK ? BX_EX_CLOSED_LOCAL | BX_EX_CLOSED_PEER : BX_EX_CLOSED_LOCAL;

	if (!ex)
		return true;
	/* A client that shuts down its sending side may still read its answer. */
	if (state != TCP_CLOSE && ex->wire.role == BX_ROLE_CLIENT && !ex->wire.turn[1].total)
		return true;
	if (state == TCP_CLOSE && state__reset_at_rest(sk, ex)) {
		exchange__close(ex, 0, 0);
		return false;
	}
	if (state == TCP_CLOSE && BPF_CORE_READ(sk, sk_err)) {
		flags |= BX_EX_RESET;
		ex->wire.error = BPF_CORE_READ(sk, sk_err);
	}
	exchange__close(ex, flags, now_ns);
	conn->flags |= CONN_FINAL;
	return true;
}

/* Backends of conn_of_ptr: what is known of @sk is of no use any more. */
static __always_inline void state__forget(struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (conn_by_pointer)
		bpf_map_delete_elem(&conn_of_ptr, &key);
}

/* @second: see again__is_mine(). A connection that begins may be told twice. */
static __always_inline int state__changed(struct sock *sk, int old, int state, bool second)
{
	struct conn *conn;
	bool over = true;
	__u64 now_ns;

	/* it has no inode yet, by which a recycled address is known */
	if (old == TCP_SYN_RECV && state == TCP_ESTABLISHED)
		state__forget(sk);
	if (old == TCP_CLOSE && (state == TCP_SYN_SENT || state == TCP_LISTEN)) {
		state__opening(sk, state, bpf_ktime_get_ns());
		return 0;
	}
	conn = conn__of(sk,
			old == TCP_SYN_RECV && state == TCP_ESTABLISHED && conn__is_accepted(sk));
	if (!conn || !again__is_mine(&conn->mark, second, state_again_needed))
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (state == TCP_ESTABLISHED)
		conn->established_ns = now_ns;
	else if (old == TCP_SYN_SENT && state == TCP_CLOSE && !conn->id)
		state__connect_failed(sk, conn, now_ns);
	else if (state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSE)
		over = state__ending(sk, conn, state, now_ns);
	if (over && state == TCP_CLOSE)
		state__forget(sk);
	return 0;
}

#endif
