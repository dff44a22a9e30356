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

#include "exchange.bpf.h"
#include "mysql_login.bpf.h"
#include "bpfxray/classify.h"

#define RECEIVED 0
#define SENT	 1

/* A call that moved bytes. */
struct moved {
	struct sock *sk;
	struct conn *conn;
	struct thread *thread;
	struct task_struct *task;
	struct syscall *call;
	__u64 now_ns;
	__u32 len;
	__u32 dir; /* RECEIVED or SENT */
};

/*
 * Which turn bytes of direction @dir belong to: a server's request is received, a client's is
 * sent.
 */
static __always_inline __u32 turn__of(struct conn *conn, __u32 dir)
{
	return conn->role == BX_ROLE_CLIENT ? dir == RECEIVED : dir == SENT;
}

/*
 * The first request bytes behind a greeting. TLS: nothing further on this connection can be read
 * here.
 */
static __always_inline void moved__login(struct moved *m, struct open_exchange *ex,
					 struct buffers *buffers)
{
	int login = mysql_login__copy(ex, buffers->span[0].base,
				      buffers->span[0].len < m->len ? 0 : m->len);

	m->conn->flags &= ~CONN_GREETED;
	if (login == LOGIN_COMPRESSED)
		m->conn->flags |= CONN_COMPRESSED;
	if (login != LOGIN_TLS)
		return;
	m->conn->flags |= CONN_FINAL;
	m->conn->protocol = BX_PROTO_TLS;
	counter__add(BX_C_TLS, 1);
}

static __always_inline bool moved__is_mysql_request(struct moved *m, __u32 t)
{
	return !t && m->conn->protocol == BX_PROTO_MYSQL;
}

/* One span of the call's bytes at @offset of turn @t. */
static __always_inline void moved__span(struct moved *m, struct open_exchange *ex, __u32 t,
					__u64 base, __u32 len, __u64 offset)
{
	struct bx_turn *turn = &ex->wire.turn[t & 1];
	__u32 may = len, kept = 0;

	if (moved__is_mysql_request(m, t))
		may = mysql__may_copy(ex, base, len);
	if (turn->kept == offset && may)
		kept = span__keep(ex, t, base, may);
	if (kept < len && may == len)
		span__tail(ex, t, base, len);
}

/* Copies what of the call's bytes is kept, then counts the call. */
static __noinline int moved__append(struct moved *m, struct open_exchange *ex, __u32 t)
{
	struct buffers buffers = {};
	__u32 left = m->len, i;
	__u64 offset;
	int where;

	t &= 1;
	offset = ex->wire.turn[t].total;
	ex->wire.end_tid = m->task->pid;
	where = m->call->compat ? 1 : buffers__of(&buffers, m->call);
	if (where) {
		ex->wire.flags |= m->call->compat ? BX_EX_COMPAT
				  : where < 0	  ? BX_EX_FAULTED
						  : BX_EX_UNREADABLE;
		counter__add(m->call->compat ? BX_C_COMPAT
			     : where < 0     ? BX_C_FAULTS
					     : BX_C_UNREADABLE,
			     1);
		left = 0;
	}
	/* deflated bytes say nothing; the login's own answer is still plain */
	if (m->conn->flags & CONN_COMPRESSED && !(ex->wire.flags & BX_EX_LOGIN))
		left = 0;
	if (left && !t && m->conn->flags & CONN_GREETED) {
		moved__login(m, ex, &buffers);
		left = 0;
	}
	/* behind a gap, or about to begin one: the text is full */
	if (left && t && offset && m->conn->role == BX_ROLE_SERVER &&
	    (ex->wire.turn[1].kept < offset || ex->wire.text_len + left > BX_TEXT_CAP))
		span__next_head(ex, buffers.span[0].base,
				buffers.span[0].len < left ? buffers.span[0].len : left, offset);
	for (i = 0; i < BX_IOV_MAX && left; i++) {
		__u32 n = buffers.span[i].len < left ? buffers.span[i].len : left;

		if (!n)
			continue;
		moved__span(m, ex, t, buffers.span[i].base, n, offset);
		offset += n;
		left -= n;
	}
	if (t && m->conn->role == BX_ROLE_SERVER && text__ends_head(ex))
		ex->head_done = 1;
	turn__count(ex, t, m->len, m->now_ns);
	return 0;
}

/* The exchange is known for what it is: now it has an owner, or becomes the thread's request. */
static __always_inline void moved__claim(struct moved *m, struct open_exchange *ex)
{
	ex->wire.protocol = m->conn->protocol;
	ex->wire.role = m->conn->role;
	if (m->conn->role == BX_ROLE_SERVER)
		thread__serve(m->thread, ex);
	else if (m->conn->protocol == BX_PROTO_MYSQL)
		thread__own(m->thread, ex);
}

/* No more of this connection: it speaks something else, or cannot be read. */
static __always_inline void conn__give_up(struct conn *conn, struct open_exchange *ex,
					  __u32 counter)
{
	conn->flags |= CONN_FINAL;
	if (counter < BX_C_MAX)
		counter__add(counter, 1);
	exchange__discard(ex, conn);
}

/* A greeting is the server's: what was filed as the first turn is a response without a request. */
static __always_inline void exchange__is_greeting(struct open_exchange *ex, struct conn *conn)
{
	__builtin_memcpy(&ex->wire.turn[1], &ex->wire.turn[0], sizeof(struct bx_turn));
	turn__reset(&ex->wire.turn[0]);
	conn->flags |= CONN_GREETED;
}

/* A first MySQL packet that came in pieces: mysql__may_copy() goes on where it stands. */
static __always_inline void exchange__mysql_header(struct open_exchange *ex)
{
	__u32 n = bound__at_most(ex->wire.turn[0].kept, 5);

	bpf_probe_read_kernel(ex->header, n, ex->text);
	ex->header_len = n;
}

/* False when the exchange was dropped: it is none of those that are traced. */
static __always_inline bool moved__decided(struct moved *m, struct open_exchange *ex,
					   struct bx_class class)
{
	struct conn *conn = m->conn;

	conn->protocol = class.protocol;
	conn->role = class.role;
	if (class.protocol == BX_PROTO_TLS) {
		conn__give_up(conn, ex, BX_C_TLS);
		return false;
	}
	/* The router's hop to a worker: the worker's end of it is the one that is traced. */
	if (class.protocol == BX_PROTO_UWSGI && class.role == BX_ROLE_CLIENT) {
		conn__give_up(conn, ex, BX_C_MAX);
		return false;
	}
	if (class.detail == BX_CLASS_RESPONSE) {
		counter__add(BX_C_LATE_BYTES, ex->wire.turn[0].total + m->len);
		exchange__discard(ex, conn);
		return false;
	}
	if (class.detail == BX_CLASS_GREETING)
		exchange__is_greeting(ex, conn);
	if (class.detail == BX_CLASS_MIDSTREAM) {
		conn->flags |= CONN_MIDSTREAM;
		ex->wire.flags |= BX_EX_MIDSTREAM;
		exchange__mysql_header(ex);
	}
	moved__claim(m, ex);
	return true;
}

/*
 * The run of bytes is no protocol of ours. The next run is looked at again, a bounded number of
 * times.
 */
static __always_inline void moved__undecidable(struct moved *m, struct open_exchange *ex)
{
	struct conn *conn = m->conn;

	conn->flags &= ~(CONN_SKIP_RECEIVED | CONN_SKIP_SENT);
	conn->flags |= m->dir == SENT ? CONN_SKIP_SENT : CONN_SKIP_RECEIVED;
	if (++conn->tries >= BX_CLASSIFY_TRIES)
		conn__give_up(conn, ex, BX_C_OTHER);
	else
		exchange__discard(ex, conn);
}

/* Puts what may be classified of a span behind @have bytes, without counting it. */
__weak __noinline __u32 span__peek(struct open_exchange *ex, __u32 have, __u64 base, __u32 len)
{
	__u32 n;

	if (!ex)
		return 0;
	have = bound__at_most(have, BX_CLASSIFY_LEN);
	n = bound__at_most(len, BX_CLASSIFY_LEN - have);
	n = bound__at_most(n, BX_CLASSIFY_LEN);
	if (bpf_probe_read_user(ex->text + have, n, (void *)base))
		return have;
	return have + n;
}

/*
 * The first bytes of the call behind those that are kept, without keeping them: nothing leaves of a
 * protocol that is not ours. Two entries of a vector: a header and its payload. Returns how many
 * there are to classify.
 */
static __always_inline __u32 moved__peek(struct moved *m, struct open_exchange *ex)
{
	__u32 have = ex->wire.text_len, first, second;
	struct buffers buffers = {};

	if (m->call->compat || buffers__of(&buffers, m->call))
		return have;
	first = buffers.span[0].len < m->len ? buffers.span[0].len : m->len;
	second = buffers.span[1].len < m->len - first ? buffers.span[1].len : m->len - first;
	have = span__peek(ex, have, buffers.span[0].base, first);
	if (second)
		have = span__peek(ex, have, buffers.span[1].base, second);
	return have;
}

/* Verified once, on its own: inlined, its paths multiply with those of the capture. */
__weak __noinline __u32 exchange__classify(struct open_exchange *ex, __u32 len, __u32 dir)
{
	struct bx_class class;

	if (!ex)
		return 0;
	len = bound__at_most(len, BX_CLASSIFY_LEN);
	class = dir == SENT ? bx_classify_sent(ex->text, len) : bx_classify_received(ex->text, len);
	return class.verdict | class.protocol << 8 | class.role << 16 | class.detail << 24;
}

static __always_inline struct bx_class moved__classify(struct moved *m, struct open_exchange *ex,
						       __u32 len)
{
	__u32 said = exchange__classify(ex, len, m->dir);

	return bx_class_of(said, said >> 8, said >> 16, said >> 24);
}

/* Opens the exchange that collects the bytes until they say what they are. */
static __always_inline struct open_exchange *moved__collect(struct moved *m,
							    struct open_exchange *ex)
{
	if (ex && ex->first_sent != m->dir) {
		/* the direction turned before the first run was long enough to be known */
		exchange__discard(ex, m->conn);
		ex = NULL;
	}
	if (ex)
		return ex;
	ex = exchange__open(m->sk, m->conn);
	if (!ex)
		return NULL;
	ex->first_sent = m->dir;
	exchange__begin(ex, m->task, m->now_ns);
	return ex;
}

/* Bytes on a connection without a verdict: collected as a first turn until they have one. */
static __noinline int moved__undecided(struct moved *m, struct open_exchange *ex)
{
	struct conn *conn = m->conn;
	struct bx_class class;

	if (conn->flags & (m->dir == SENT ? CONN_SKIP_SENT : CONN_SKIP_RECEIVED))
		return 0;
	conn->flags &= ~(CONN_SKIP_RECEIVED | CONN_SKIP_SENT);
	ex = moved__collect(m, ex);
	if (!ex)
		return 0;
	class = moved__classify(m, ex, moved__peek(m, ex));
	if (class.verdict == BX_CLASSIFY_MORE) {
		moved__append(m, ex, 0);
		/* a short first buffer of several: the others may have decided it */
		class = moved__classify(m, ex, ex->wire.turn[0].kept);
		if (class.verdict == BX_CLASSIFY_YES)
			moved__decided(m, ex, class);
	} else if (class.verdict == BX_CLASSIFY_YES) {
		if (moved__decided(m, ex, class))
			moved__append(m, ex, turn__of(conn, m->dir));
	}
	if (class.verdict == BX_CLASSIFY_NO)
		moved__undecidable(m, ex);
	return 0;
}

/*
 * A candidate for an older MySQL connection is believed for as long as the replies have sequence
 * number 1: byte 3 of the response. Returns false when the exchange was dropped.
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
	if (ex && !ex->wire.turn[1].total)
		return ex; /* the request goes on */
	if (ex) {
		exchange__emit(ex, 0);
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
		exchange__discard(ex, conn);
		ex = NULL;
	}
	if (conn->protocol == BX_PROTO_UNKNOWN)
		return moved__undecided(m, ex);
	t = turn__of(conn, m->dir);
	if (!t)
		ex = moved__request(m, ex);
	if (!ex) {
		counter__add(BX_C_LATE_BYTES, m->len);
		return 0;
	}
	moved__append(m, ex, t);
	if (conn->flags & CONN_FINAL)
		exchange__close(ex, 0, 0);
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
	if (ex->wire.role == BX_ROLE_CLIENT)
		exchange__close(ex, BX_EX_CLOSED_PEER, now_ns);
	else
		ex->wire.flags |= BX_EX_CLOSED_PEER;
	return 0;
}

/*
 * What every backend's entry comes down to: @call by a target's @thread on a stream socket
 * returned @ret >= 0.
 */
static __always_inline int socket__call(struct sock *sk, struct task_struct *task,
					struct thread *thread, struct syscall *call, __u32 ret,
					__u32 dir)
{
	struct moved m = {
		.sk = sk,
		.thread = thread,
		.task = task,
		.call = call,
		.len = ret,
		.dir = dir,
	};

	m.conn = conn__of(sk, true);
	if (!m.conn || m.conn->flags & CONN_FINAL)
		return 0;
	m.now_ns = bpf_ktime_get_ns();
	if (ret)
		return socket__moved(&m);
	/* a read of nothing into nothing is no end */
	if (dir == RECEIVED && call->nr != -1 && !(call->nr == NR_READ && !call->arg2))
		socket__peer_ended(m.conn, m.now_ns);
	return 0;
}

#endif
