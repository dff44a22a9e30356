/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * verdict.bpf.h - what a connection speaks: its first bytes are collected until classify.h can say,
 * and tried again at the next turn when it cannot.
 */
#ifndef BPFXRAY_VERDICT_BPF_H
#define BPFXRAY_VERDICT_BPF_H

#include "dns.bpf.h"
#include "moved.bpf.h"
#include "bpfxray/classify.h"

/*
 * The exchange is known for what it is: now it has an owner, or becomes the thread's request. Its
 * protocol comes last: the sweep may look at it meanwhile, and leaves alone what has none.
 */
static __always_inline void moved__claim(struct moved *m, struct open_exchange *ex)
{
	ex->wire.role = m->conn->role;
	if (m->conn->role == BX_ROLE_SERVER)
		thread__serve(thread__ref(m->thread), exchange__ref(ex));
	else if (m->conn->protocol == BX_PROTO_MYSQL)
		thread__own(thread__ref(m->thread), exchange__ref(ex));
	barrier();
	ex->wire.protocol = m->conn->protocol;
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

/* What was filed as the first turn is a response without a request: a greeting, a late answer. */
static __always_inline void exchange__is_response(struct open_exchange *ex)
{
	__builtin_memcpy(&ex->wire.turn[1], &ex->wire.turn[0], sizeof(struct bx_turn));
	__builtin_memcpy(&ex->log[1], &ex->log[0], sizeof(struct bx_log));
	turn__reset(&ex->wire.turn[0]);
}

/*
 * A server's answer to what was read before the trace. It is told without its request: the agent
 * has to know that the thread did something else.
 */
static __always_inline bool exchange__late(struct open_exchange *ex, struct conn *conn)
{
	exchange__is_response(ex);
	ex->wire.protocol = conn->protocol;
	ex->wire.role = conn->role;
	return true;
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
		if (class.role == BX_ROLE_SERVER)
			return exchange__late(ex, conn);
		exchange__discard(ex, conn);
		return false;
	}
	if (class.detail == BX_CLASS_GREETING) {
		exchange__is_response(ex);
		conn->flags |= CONN_GREETED;
	}
	if (class.detail == BX_CLASS_MIDSTREAM) {
		conn->flags |= CONN_MIDSTREAM;
		ex->wire.flags |= BX_EX_MIDSTREAM;
		exchange__mysql_header(ex);
	}
	moved__claim(m, ex);
	return true;
}

/* What this run of bytes is, is not asked any more: the next run is looked at again. */
static __always_inline void moved__skip(struct moved *m, struct open_exchange *ex)
{
	struct conn *conn = m->conn;

	conn->flags &= ~(CONN_SKIP_RECEIVED | CONN_SKIP_SENT);
	conn->flags |= m->dir == SENT ? CONN_SKIP_SENT : CONN_SKIP_RECEIVED;
	exchange__discard(ex, conn);
}

/* The run of bytes is no protocol of ours. That may happen a bounded number of times. */
static __always_inline void moved__undecidable(struct moved *m, struct open_exchange *ex)
{
	if (++m->conn->tries >= BX_CLASSIFY_TRIES)
		conn__give_up(m->conn, ex, BX_C_OTHER);
	else
		moved__skip(m, ex);
}

/* Bytes at the run's beginning or inside of it were not read: those behind them say nothing. */
static __always_inline bool turn__has_gap(const struct bx_turn *turn)
{
	return turn->kept != turn->total;
}

/* Puts what may be classified of a span behind @have bytes, without counting it. */
VERIFIED_ALONE __u32 span__peek(exchange_ref ref, __u32 have, __u64 base, __u32 len)
{
	struct open_exchange *ex = exchange__at(ref);
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
	struct buffers *buffers = &m->thread->buffers;
	struct syscall *call = &m->thread->call;

	if (call->compat || buffers__of(m->thread))
		return have;
	first = buffers->span[0].len < m->len ? buffers->span[0].len : m->len;
	have = span__peek(exchange__ref(ex), have, buffers->span[0].base, first);
	if (buffers->count < 2)
		return have;
	second = buffers->span[1].len < m->len - first ? buffers->span[1].len : m->len - first;
	return span__peek(exchange__ref(ex), have, buffers->span[1].base, second);
}

/* Verified once, on its own: inlined, its paths multiply with those of the capture. */
VERIFIED_ALONE __u32 exchange__classify(exchange_ref ref, __u32 len, __u32 dir)
{
	struct open_exchange *ex = exchange__at(ref);
	struct bx_class class;

	if (!ex)
		return 0;
	len = bound__at_most(len, BX_CLASSIFY_LEN);
	class = dir == SENT ? bx_classify_sent(ex->text, len, &ex->looks)
			    : bx_classify_received(ex->text, len, &ex->looks);
	return class.verdict | class.protocol << 8 | class.role << 16 | class.detail << 24;
}

static __always_inline struct bx_class moved__classify(struct moved *m, struct open_exchange *ex,
						       __u32 len)
{
	__u32 said = exchange__classify(exchange__ref(ex), len, m->dir);

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

/* A name server's port says what is spoken there: what it tells goes out as it is. */
static __always_inline int moved__names(struct moved *m)
{
	struct open_exchange *ex;

	m->conn->protocol = BX_PROTO_DNS;
	m->conn->role = BX_ROLE_CLIENT;
	ex = exchange__open(m->sk, m->conn);
	if (!ex)
		return 0;
	exchange__begin(ex, m->task, m->now_ns);
	return moved__append(m, ex, turn__of(m->conn, m->dir));
}

/* Bytes on a connection without a verdict: collected as a first turn until they have one. */
static __noinline int moved__undecided(struct moved *m, struct open_exchange *ex)
{
	struct conn *conn = m->conn;
	struct bx_class class;

	if (!ex && dns__is_server(m->sk))
		return moved__names(m);
	if (conn->flags & (m->dir == SENT ? CONN_SKIP_SENT : CONN_SKIP_RECEIVED))
		return 0;
	conn->flags &= ~(CONN_SKIP_RECEIVED | CONN_SKIP_SENT);
	ex = moved__collect(m, ex);
	if (!ex)
		return 0;
	class = moved__classify(m, ex, moved__peek(m, ex));
	if (class.verdict == BX_CLASSIFY_MORE) {
		moved__append(m, ex, 0);
		if (turn__has_gap(&ex->wire.turn[0])) {
			moved__skip(m, ex);
			return 0;
		}
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

#endif
