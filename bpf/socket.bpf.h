/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket.bpf.h - the two bodies that every backend calls: bytes received, bytes sent; and the ends
 * of a connection.
 *
 * In: a socket of a target, the system call that moved bytes on it, how many. Out: exchanges in the
 * pool and in the ring.
 */
#ifndef BPFXRAY_SOCKET_BPF_H
#define BPFXRAY_SOCKET_BPF_H

#include "client.bpf.h"
#include "datagram.bpf.h"
#include "tls.bpf.h"
#include "verdict.bpf.h"

/*
 * A candidate for an older MySQL connection is believed for as long as the replies have sequence
 * number 1: byte 3 of the response. Returns false when @ex is no database call.
 */
static __always_inline bool conn__still_mysql(struct conn *conn, struct open_exchange *ex)
{
	__u32 at = ex->wire.turn[0].text_len + 3;

	if ((conn->flags & (CONN_MIDSTREAM | CONN_TRUSTED)) != CONN_MIDSTREAM)
		return true;
	if (ex->wire.turn[1].text_len < 4)
		return true;
	if (ex->text[bound__at_most(at, BX_TEXT_CAP)] == 1) {
		conn->flags |= CONN_TRUSTED;
		return true;
	}
	conn->flags &= ~CONN_MIDSTREAM;
	conn->protocol = BX_PROTO_UNKNOWN;
	conn->role = BX_ROLE_UNKNOWN;
	if (++conn->tries >= BX_CLASSIFY_TRIES)
		conn->flags |= CONN_FINAL;
	return false;
}

/* Request bytes: the exchange before, if it has its answer, is finished; these open the next. */
static __always_inline struct open_exchange *moved__request(struct moved *m,
							    struct open_exchange *ex)
{
	if (ex && !ex->wire.turn[1].total &&
	    (m->conn->protocol != BX_PROTO_MYSQL ||
	     !thread__owns_anew(thread__ref(m->thread), exchange__ref(ex))))
		return ex; /* the request goes on */
	if (ex) {
		exchange__finish(ex);
		exchange__reset(ex, m->conn);
	} else {
		ex = exchange__open(m->sk, m->conn);
		if (!ex)
			return NULL;
	}
	exchange__begin(ex, m->task, m->now_ns);
	moved__claim(m, ex);
	return ex;
}

/* Whether a send by a client returns to a connection that the peer's reset has ended meanwhile. */
static __always_inline bool moved__was_reset(struct moved *m)
{
	struct sock *sk = m->sk;

	return m->dir == SENT && m->conn->role == BX_ROLE_CLIENT &&
	       BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE;
}

/* Response bytes without an open exchange. A server's are told, as in exchange__late(). */
static __always_inline struct open_exchange *moved__late(struct moved *m)
{
	struct open_exchange *ex;

	counter__add(BX_C_LATE_BYTES, m->len);
	if (m->conn->role != BX_ROLE_SERVER)
		return NULL;
	ex = exchange__open(m->sk, m->conn);
	if (ex)
		exchange__begin(ex, m->task, m->now_ns);
	return ex;
}

/* The body: @m->len bytes (more than 0) went over a socket of a target. */
static __noinline int socket__moved(struct moved *m)
{
	struct conn *conn = m->conn;
	struct open_exchange *ex;
	__u32 t;

	if (!conn->id)
		conn->id = conn__new_id(m->now_ns);
	counter__add(BX_C_CALLS, 1);
	ex = exchange__of(conn->id);
	if (ex && conn->protocol == BX_PROTO_MYSQL && m->dir == SENT &&
	    !conn__still_mysql(conn, ex)) {
		exchange__disown(ex);
		ex = NULL;
	}
	if (conn->protocol == BX_PROTO_UNKNOWN)
		return moved__undecided(m, ex);
	t = turn__of(conn, m->dir);
	if (!t)
		ex = moved__request(m, ex);
	else if (!ex)
		ex = moved__late(m);
	if (!ex)
		return 0;
	moved__append(m, ex, t);
	if (conn->flags & CONN_FINAL) {
		exchange__close(ex, 0, 0);
	} else if (moved__was_reset(m)) {
		conn->flags |= CONN_FINAL;
		exchange__close(ex, BX_EX_RESET, m->now_ns);
	}
	return 0;
}

/*
 * A read returned 0: the peer has ended its side. That ends a client's exchange; a server may still
 * answer.
 */
static __noinline int socket__peer_ended(struct conn *conn, __u64 now_ns)
{
	struct open_exchange *ex = conn->id ? exchange__of(conn->id) : NULL;

	if (!ex)
		return 0;
	if (ex->wire.role == BX_ROLE_CLIENT) {
		exchange__close(ex, BX_EX_CLOSED_PEER, now_ns);
		/* what it sends still (COM_QUIT) is heard by nobody */
		conn->flags |= CONN_FINAL;
	} else {
		ex->wire.flags |= BX_EX_CLOSED_PEER;
	}
	return 0;
}

/* The thread is out of its call: what it calls is below it on the stack, and it serves nobody. */
static __always_inline bool client__is_behind(struct moved *m)
{
	const struct client_call *call = &m->thread->client;

	return (!call->async && m->thread->call.sp >= call->sp) || m->conn->role == BX_ROLE_SERVER;
}

/*
 * The current thread is in a call of a MySQL client library, which moved bytes. An entry whose
 * return was missed, or is not probed, is not above this call on the stack.
 */
static __always_inline void client__saw(struct moved *m)
{
	struct client_call *call = &m->thread->client;

	if (client__is_behind(m)) {
		client__over(thread__ref(m->thread), OVER_LATE);
		return;
	}
	if (!m->len || (call->kind == BX_CALL_CONNECT && m->conn->protocol != BX_PROTO_MYSQL))
		return; /* the look-up of a name, or a server that does not greet */
	if (call->kind == BX_CALL_CONNECT && call->conn != m->conn->id) {
		call->conn = m->conn->id;
		client__dialled(thread__ref(m->thread));
	}
	if (m->conn->flags & CONN_COMPRESSED ||
	    (m->conn->flags & CONN_FINAL && !m->thread->tls.session))
		call->seen |= CLIENT_UNREADABLE;
	else
		call->seen |= CLIENT_READ;
	if (call->cookie & BX_CLIENT_OPEN && call->kind != BX_CALL_CONNECT &&
	    !(call->seen & CLIENT_READ))
		client__keep(thread__ref(m->thread));
}

/*
 * The call of a TLS library: its bytes are cipher text. Bytes of the handshake may wait for a
 * verdict; nothing comes of them.
 */
static __always_inline int socket__under_tls(struct moved *m)
{
	struct open_exchange *ex;

	if (!m->len) {
		if (m->conn->flags & CONN_TLS && m->dir == RECEIVED)
			socket__peer_ended(tls__conn(m->thread, m->task, m->conn),
					   bpf_ktime_get_ns());
		return 0;
	}
	ex = m->conn->id && !(m->conn->flags & CONN_TLS) ? exchange__of(m->conn->id) : NULL;
	if (ex && ex->wire.protocol == BX_PROTO_UNKNOWN)
		exchange__discard(ex, m->conn);
	tls__tie(m->thread, m->task, m->conn, m->sk);
	if (m->dir == SENT)
		tls__is_written(m->conn);
	return 0;
}

/*
 * What every backend's entry comes down to: a target's @thread moved @ret >= 0 bytes on a stream
 * socket, in its ->call.
 */
static __always_inline int socket__call(struct sock *sk, struct task_struct *task,
					struct thread *thread, __u32 ret, __u32 dir)
{
	struct moved m = {
		.sk = sk,
		.thread = thread,
		.task = task,
		.len = ret,
		.dir = dir,
	};
	struct syscall *call = &thread->call;

	m.conn = conn__of(sk, true);
	if (!m.conn)
		return 0;
	if (thread->client.object)
		client__saw(&m);
	if (thread->tls.session && tls__encloses(thread, m.conn))
		return socket__under_tls(&m);
	if (m.conn->flags & CONN_FINAL) {
		if (m.conn->flags & CONN_CIPHER && dir == SENT && ret && !thread->client.object)
			tls__unread(thread, m.conn);
		return 0;
	}
	m.now_ns = bpf_ktime_get_ns();
	if (ret)
		return socket__moved(&m);
	/* a read into nothing is no end */
	if (dir == RECEIVED && call->nr != -1 &&
	    !((call->nr == NR_READ || call->nr == NR_RECVFROM) && !call->arg2))
		socket__peer_ended(m.conn, m.now_ns);
	return 0;
}

#endif
