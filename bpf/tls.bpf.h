/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tls.bpf.h - which socket a TLS session speaks on.
 *
 * A TLS library's read or write makes the socket calls itself: the socket call nested in it names
 * the socket (nothing is guessed from descriptors or times). From then on the session's plain text
 * is what the connection says, and the ciphertext on the socket is passed over.
 */
#ifndef BPFXRAY_TLS_BPF_H
#define BPFXRAY_TLS_BPF_H

#include "capture.bpf.h"

static __always_inline struct tls_key tls__key(struct task_struct *task, __u64 session)
{
	return (struct tls_key){ .session = session, .tgid = task__tgid(task) };
}

/*
 * True when the socket call that the current thread is in was made by the TLS call that it entered.
 * A return that the kernel missed leaves an entry behind: such a call is not below it on the stack,
 * or its socket is known to speak something else.
 */
static __always_inline bool tls__encloses(struct thread *thread, struct conn *conn)
{
	if (thread->call.sp < thread->tls.sp &&
	    (conn->flags & CONN_FINAL || conn->protocol == BX_PROTO_UNKNOWN))
		return true;
	thread->tls.session = 0;
	return false;
}

/* The connection of the plain text that the thread reads or writes on @conn's socket; else @conn.
 */
static __always_inline struct conn *tls__conn(struct thread *thread, struct task_struct *task,
					      struct conn *conn)
{
	struct tls_key key = tls__key(task, thread->tls.session);
	struct tls_conn *tls = bpf_map_lookup_elem(&tls_sessions, &key);

	return tls && tls->conn.id == conn->id ? &tls->conn : conn;
}

/* RFC 8446, 5.1: the first byte of a record. */
#define TLS_APPLICATION_DATA 23

/*
 * A call sent on a MySQL connection over TLS, and no library that is probed made it: its library
 * came after the attach and is not probed yet, or hides its functions. Counted is what begins with
 * a record of data: the login, and then each command.
 */
static __always_inline void tls__unread(struct thread *thread, struct conn *conn)
{
	__u8 type = 0;

	if (buffers__of(thread) ||
	    bpf_probe_read_user(&type, sizeof(type), (void *)thread->buffers.span[0].base) ||
	    type != TLS_APPLICATION_DATA)
		return;
	counter__add(BX_C_TLS_UNREAD, 1);
	conn->flags |= CONN_LOGGED_IN;
}

/*
 * What is known of the socket becomes what is known of the session on it. A MySQL client asked for
 * TLS in the place of its login: that comes next, and holds the auth field. When it has gone by,
 * the session is like any that is older than the trace.
 */
static __always_inline void tls__begin(struct tls_conn *tls, struct conn *conn, struct sock *sk)
{
	bool mysql = conn->protocol == BX_PROTO_MYSQL && !(conn->flags & CONN_LOGGED_IN);

	tls->conn = *conn;
	tls->socket = (__u64)sk;
	if (conn->flags & CONN_TLS) { /* a process goes on with what its parent began */
		tls->conn.flags = conn->flags & (CONN_TLS | CONN_COMPRESSED);
		return;
	}
	tls->conn.flags = CONN_TLS | (mysql ? CONN_GREETED : 0);
	tls->conn.protocol = mysql ? BX_PROTO_MYSQL : BX_PROTO_UNKNOWN;
	tls->conn.role = mysql ? BX_ROLE_CLIENT : BX_ROLE_UNKNOWN;
	tls->conn.tries = 0;
	conn->flags |= CONN_FINAL | CONN_TLS;
}

/*
 * A library's functions take their probes one after the other. A session that is known by a read is
 * written to unseen until its first write is: what is sent till then is counted still.
 */
static __always_inline void tls__is_written(struct conn *conn)
{
	conn->flags &= ~CONN_CIPHER;
}

/*
 * The current thread, inside of its TLS session's read or write, moved bytes on @sk. A session that
 * was freed unseen leaves its address to another: the connection's id tells.
 */
static __noinline int tls__tie(struct thread *thread, struct task_struct *task, struct conn *conn,
			       struct sock *sk)
{
	struct tls_key key = tls__key(task, thread->tls.session);
	struct tls_conn fresh = {}, *tls;

	tls = bpf_map_lookup_elem(&tls_sessions, &key);
	if (tls && tls->conn.id == conn->id) {
		/* for a child that goes on with it: its sessions are other ones */
		conn->seq = tls->conn.seq;
		conn->protocol = tls->conn.protocol;
		conn->role = tls->conn.role;
		/* and for a client library, whose calls are told then */
		conn->flags |= tls->conn.flags & CONN_COMPRESSED;
		return 0;
	}
	if (!conn->id)
		conn->id = conn__new_id(bpf_ktime_get_ns());
	if (!(conn->flags & CONN_FINAL)) /* its handshake was not seen */
		counter__add(BX_C_TLS, 1);
	tls__begin(&fresh, conn, sk);
	if (bpf_map_update_elem(&tls_sessions, &key, &fresh, BPF_ANY))
		counter__add(BX_C_LOST_SOCKET, 1);
	else
		counter__add(BX_C_TLS_READ, 1);
	return 0;
}

#endif
