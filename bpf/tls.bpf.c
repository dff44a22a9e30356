/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tls.bpf.c - uprobes on TLS libraries: the plain text of a session goes the way of a socket's
 * bytes.
 *
 * OpenSSL's SSL_read, SSL_write and their _ex forms, and GnuTLS's gnutls_record_recv and _send,
 * have the same first three arguments: session, buffer, length. They make no exchange of their own:
 * the session's connection is that of the socket call nested in them (tls.bpf.h). A read that is
 * served from the library's own buffer has no nested call: the session is remembered. Its first may
 * be, when the handshake has read ahead (nginx has OpenSSL do so): the handshake ties as well.
 */
#include "socket.bpf.h"

/* The call begins: what its return needs, and what the socket call nested in it is tied by. */
static __always_inline int tls__enter(struct pt_regs *regs, __u32 dir, bool ex)
{
	struct thread *thread = thread__of(task__current());

	if (!thread)
		return 0;
	thread->tls.session = PT_REGS_PARM1(regs);
	thread->tls.buffer = PT_REGS_PARM2(regs);
	thread->tls.moved_at = ex ? PT_REGS_PARM4(regs) : 0;
	thread->tls.sp = PT_REGS_SP(regs);
	thread->tls.dir = dir;
	return 0;
}

/* @len bytes of plain text went through the session of @in. */
static __always_inline int tls__moved(struct task_struct *task, struct thread *thread,
				      const struct tls_call *in, __u32 len)
{
	struct tls_key key = tls__key(task, in->session);
	struct tls_conn *tls = bpf_map_lookup_elem(&tls_sessions, &key);
	struct moved m = { .thread = thread, .task = task, .len = len, .dir = in->dir };

	if (!tls) {
		counter__add(BX_C_TLS_UNTIED, 1);
		return 0;
	}
	if (tls->conn.flags & CONN_FINAL)
		return 0;
	thread->call.nr = in->dir == SENT ? NR_WRITE : NR_READ;
	thread->call.arg1 = in->buffer;
	thread->call.arg2 = len;
	thread->call.done = 0;
	thread->call.compat = false;
	m.sk = (struct sock *)tls->socket;
	m.conn = &tls->conn;
	m.now_ns = bpf_ktime_get_ns();
	return socket__moved(&m);
}

static __always_inline int tls__leave(int ret)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of(task);
	struct tls_call in;
	__u64 moved = ret;

	if (!thread || !thread->tls.session)
		return 0;
	in = thread->tls;
	thread->tls.session = 0;
	if (ret <= 0 || !in.buffer)
		return 0;
	/* the _ex forms return 1 and leave the length in the caller's variable */
	if (in.moved_at && bpf_probe_read_user(&moved, sizeof(moved), (void *)in.moved_at))
		return 0;
	return moved ? tls__moved(task, thread, &in, moved) : 0;
}

#define TLS_ENTRY(name, dir, ex)                                                                   \
	SEC("uprobe")                                                                              \
	int name(struct pt_regs *regs)                                                             \
	{                                                                                          \
		return tls__enter(regs, dir, ex);                                                  \
	}

TLS_ENTRY(tls__write, SENT, false)
TLS_ENTRY(tls__read, RECEIVED, false)
TLS_ENTRY(tls__write_ex, SENT, true)
TLS_ENTRY(tls__read_ex, RECEIVED, true)

/*
 * What moves bytes of the session's own: SSL_do_handshake, which SSL_accept and SSL_connect call,
 * and SSL_shutdown; gnutls_handshake and gnutls_bye.
 */
SEC("uprobe")
int BPF_KPROBE(tls__own, __u64 session)
{
	struct thread *thread = thread__of(task__current());

	if (!thread)
		return 0;
	thread->tls.session = session;
	thread->tls.buffer = 0;
	thread->tls.sp = PT_REGS_SP(ctx);
	return 0;
}

SEC("uretprobe")
int BPF_KRETPROBE(tls__return, int ret)
{
	return tls__leave(ret);
}

/* SSL_free, gnutls_deinit: the address will be another session's. */
SEC("uprobe")
int BPF_KPROBE(tls__free, void *session)
{
	struct task_struct *task = task__current();
	struct tls_key key;

	if (!thread__of(task))
		return 0;
	key = tls__key(task, (__u64)session);
	bpf_map_delete_elem(&tls_sessions, &key);
	return 0;
}
