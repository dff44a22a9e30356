/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * moved.bpf.h - one call that moved bytes: which turn they belong to, and what of them is kept.
 */
#ifndef BPFXRAY_MOVED_BPF_H
#define BPFXRAY_MOVED_BPF_H

#include "exchange.bpf.h"
#include "mysql_login.bpf.h"

#define RECEIVED 0
#define SENT	 1

/* A call that moved bytes. */
struct moved {
	struct sock *sk;
	struct conn *conn;
	struct thread *thread;
	struct task_struct *task;
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
	int login = mysql_login__copy(exchange__ref(ex), buffers->span[0].base,
				      buffers->span[0].len < m->len ? 0 : m->len);

	m->conn->flags &= ~CONN_GREETED;
	if (ex->wire.flags & BX_EX_WITHHELD)
		m->conn->flags |= CONN_LOGIN_CUT;
	if (login == LOGIN_COMPRESSED)
		m->conn->flags |= CONN_COMPRESSED;
	if (login != LOGIN_TLS)
		return;
	/* its protocol stays: it is what the session will speak, if that can be read */
	m->conn->flags |= CONN_FINAL | CONN_CIPHER;
	counter__add(BX_C_TLS, 1);
}

static __always_inline void moved__login_piece(struct moved *m, struct open_exchange *ex,
					       __u64 base, __u32 len)
{
	int login = mysql_login__piece(exchange__ref(ex), base, len);

	if (login == LOGIN_MORE)
		return;
	m->conn->flags &= ~CONN_LOGIN_CUT;
	if (login == LOGIN_COMPRESSED)
		m->conn->flags |= CONN_COMPRESSED;
}

static __always_inline bool moved__is_mysql_request(struct moved *m, __u32 t)
{
	return !t && m->conn->protocol == BX_PROTO_MYSQL;
}

/*
 * Bytes of a database's client that were not read: nothing behind them is copied, and what a login
 * among them agreed to is not known.
 */
static __always_inline void moved__mysql_unread(struct moved *m, struct open_exchange *ex)
{
	ex->withheld = 1;
	if (!(m->conn->flags & (CONN_GREETED | CONN_LOGIN_CUT)))
		return;
	ex->wire.flags |= BX_EX_WITHHELD;
	m->conn->flags &= ~(CONN_GREETED | CONN_LOGIN_CUT);
	m->conn->flags |= CONN_COMPRESSED;
}

/* One span of the call's bytes at @offset of turn @t. */
static __always_inline void moved__span(struct moved *m, struct open_exchange *ex, __u32 t,
					__u64 base, __u32 len, __u64 offset)
{
	struct bx_turn *turn = &ex->wire.turn[t & 1];
	__u32 may = len, kept = 0;

	if (moved__is_mysql_request(m, t)) {
		if (m->conn->flags & CONN_LOGIN_CUT)
			moved__login_piece(m, ex, base, len);
		may = mysql__may_copy(exchange__ref(ex), base, len, offset);
	}
	if (turn->kept == offset && may)
		kept = span__keep(exchange__ref(ex), t, base, may);
	if (kept < len && may == len)
		span__tail(exchange__ref(ex), t, base, len, offset + len);
}

/* Copies what of the call's bytes is kept, then counts the call. */
static __noinline int moved__append(struct moved *m, struct open_exchange *ex, __u32 t)
{
	struct buffers *buffers = &m->thread->buffers;
	struct syscall *call = &m->thread->call;
	__u32 left = m->len, i;
	__u64 offset;
	int where;

	t &= 1;
	offset = ex->wire.turn[t].total;
	ex->wire.end_tid = task__tid(m->task);
	where = call->compat ? 1 : buffers__of(m->thread);
	if (where) {
		ex->wire.flags |= call->compat ? BX_EX_COMPAT
				  : where < 0  ? BX_EX_FAULTED
					       : BX_EX_UNREADABLE;
		counter__add(call->compat ? BX_C_COMPAT
			     : where < 0  ? BX_C_FAULTS
					  : BX_C_UNREADABLE,
			     1);
		left = 0;
		if (moved__is_mysql_request(m, t))
			moved__mysql_unread(m, ex);
	}
	/* deflated bytes say nothing; the login's own answer is still plain */
	if (m->conn->flags & CONN_COMPRESSED && !(ex->wire.flags & (BX_EX_LOGIN | BX_EX_WITHHELD)))
		left = 0;
	if (left && !t && m->conn->flags & CONN_GREETED) {
		moved__login(m, ex, buffers);
		if (!(m->conn->flags & CONN_LOGIN_CUT))
			left = 0;
	}
	/* behind a gap, or about to begin one: the text is full */
	if (left && t && offset && m->conn->role == BX_ROLE_SERVER &&
	    (ex->wire.turn[1].kept < offset || ex->wire.text_len + left > BX_TEXT_CAP))
		span__next_head(exchange__ref(ex), buffers->span[0].base,
				buffers->span[0].len < left ? buffers->span[0].len : left, offset);
	for (i = 0; i < BX_IOV_MAX && i < buffers->count && left; i++) {
		__u32 n = buffers->span[i].len < left ? buffers->span[i].len : left;

		if (!n)
			continue;
		moved__span(m, ex, t, buffers->span[i].base, n, offset);
		offset += n;
		left -= n;
	}
	if (t && m->conn->role == BX_ROLE_SERVER && text__ends_head(ex))
		ex->head_done = 1;
	turn__count(ex, t, m->len, m->now_ns);
	return 0;
}

#endif
