/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * mysql_client.bpf.c - uprobes on the functions of MySQL's and MariaDB's client libraries.
 *
 * A statement whose bytes are seen on a socket, or as the plain text of a TLS session, is told from
 * there, and the call says nothing. It is told from the call when nothing of it was seen: the
 * library failed without sending (2006, the connection had gone), or what it sent cannot be read
 * (TLS that no probe reads, compression). Never two of one statement, and never none.
 *
 * A connect that failed is told when nothing of MySQL's came over a socket: no name was found, no
 * unix socket, nobody listened. Of those the agent drops what it knows from a socket's own failure.
 *
 * libmariadb's functions may be called on a stack of their own, which is left in the middle of them
 * (mysql_real_query_start(), _cont()). The kernel takes a return that comes after those of callers
 * further up for lost, and ends the process with SIGILL: such a library's returns are not probed.
 * That a call of it is over is known by the next one, or by a socket call higher up on the stack.
 */
#include "client.bpf.h"

/* @sp: read once, since a second read of a program's context may be at a computed address. */
static __always_inline void client__begin(struct thread *thread, struct pt_regs *regs, __u32 kind,
					  __u64 sp)
{
	struct client_call *call = &thread->client;

	call->cookie = probe__cookie(regs);
	call->object = PT_REGS_PARM1(regs);
	call->started_ns = bpf_ktime_get_ns();
	call->sp = sp;
	call->kind = kind;
	call->seen = 0;
	call->conn = 0;
	call->async = call->object == thread->async_object;
	thread->async_object = 0;
	call->text = kind == BX_CALL_EXECUTE ? 0 : PT_REGS_PARM2(regs);
	call->text_len = kind == BX_CALL_EXECUTE ? 0 : PT_REGS_PARM3(regs);
}

/* The thread is in this very call already: it has called itself by another name, or is polled. */
static __always_inline bool client__goes_on(const struct client_call *call, struct pt_regs *regs)
{
	return call->object && call->object == PT_REGS_PARM1(regs) &&
	       call->text == PT_REGS_PARM2(regs) && call->text_len == PT_REGS_PARM3(regs);
}

/* Another begins. One that is half way goes on later, unless this is of the same connection. */
static __always_inline void client__next(struct thread *thread, __u64 object)
{
	if (thread->client.object && (!thread->client.async || thread->client.object == object))
		client__over(thread__ref(thread), OVER_LATE);
}

static __always_inline int client__enter(struct pt_regs *regs, __u32 kind)
{
	struct thread *thread = thread__of(task__current());

	if (!thread)
		return 0;
	client__next(thread, PT_REGS_PARM1(regs));
	client__begin(thread, regs, kind, PT_REGS_SP(regs));
	return 0;
}

/*
 * mysql_real_connect(mysql, host, user, password, db, port, unix_socket, flags): the password is
 * not looked at.
 */
static __always_inline void client__connect_begin(struct thread *thread, struct pt_regs *regs,
						  __u64 sp)
{
	struct client_call *call = &thread->client;

	client__begin(thread, regs, BX_CALL_CONNECT, sp);
	call->host = PT_REGS_PARM2(regs);
	call->user = PT_REGS_PARM3(regs);
	call->database = PT_REGS_PARM5(regs);
	call->port = uregs__sixth(regs);
	call->unix_socket = uregs__seventh(regs, sp);
}

/* A statement that connects anew is told as itself; it has moved nothing yet. */
static __always_inline bool client__reconnects(const struct client_call *call, __u64 sp)
{
	return call->object && call->kind != BX_CALL_CONNECT && sp < call->sp &&
	       !(call->cookie & BX_CLIENT_OPEN && call->seen);
}

/* Its function returned. */
static __always_inline int client__leave(bool failed, bool connect)
{
	struct thread *thread = thread__of(task__current());
	struct client_call *call;

	if (!thread)
		return 0;
	call = &thread->client;
	if (!call->object || (call->kind == BX_CALL_CONNECT) != connect)
		return 0;
	if ((call->seen & CLIENT_UNREADABLE && !connect) || (!call->seen && failed))
		client__tell(thread__ref(thread), failed);
	call->object = 0;
	return 0;
}

/*
 * A function that is called again until it is done. Of a thread that polls several at a time it is
 * not known whether this one moved something before; a statement that waits in kept_calls goes on.
 */
static __always_inline int client__polling(struct pt_regs *regs, __u32 kind)
{
	struct thread *thread = thread__of(task__current());
	__u64 sp = PT_REGS_SP(regs);
	struct client_call *call;
	struct client_key key;

	if (!thread)
		return 0;
	call = &thread->client;
	if (client__goes_on(call, regs) && call->kind == kind)
		return 0;
	client__next(thread, PT_REGS_PARM1(regs));
	if (call->object)
		thread->flags |= THREAD_POLLS_SEVERAL;
	if (kind == BX_CALL_CONNECT)
		client__connect_begin(thread, regs, sp);
	else
		client__begin(thread, regs, kind, sp);
	call->async = 1;
	key = client__key(call->object);
	if (thread->flags & THREAD_POLLS_SEVERAL)
		call->seen = CLIENT_CROWDED;
	if (bpf_map_lookup_elem(&kept_calls, &key))
		call->seen |= CLIENT_KEPT | CLIENT_UNREADABLE;
	return 0;
}

#define CLIENT_PROBE(name, call)                                                                   \
	SEC("uprobe")                                                                              \
	int name(struct pt_regs *regs)                                                             \
	{                                                                                          \
		return call;                                                                       \
	}

CLIENT_PROBE(client__query, client__enter(regs, BX_CALL_QUERY))
CLIENT_PROBE(client__prepare, client__enter(regs, BX_CALL_PREPARE))
CLIENT_PROBE(client__execute, client__enter(regs, BX_CALL_EXECUTE))
CLIENT_PROBE(client__poll_query, client__polling(regs, BX_CALL_QUERY))
CLIENT_PROBE(client__poll_connect, client__polling(regs, BX_CALL_CONNECT))

SEC("uprobe")
int client__connect(struct pt_regs *regs)
{
	struct thread *thread = thread__of(task__current());
	__u64 sp = PT_REGS_SP(regs);

	if (!thread || client__reconnects(&thread->client, sp))
		return 0;
	client__next(thread, PT_REGS_PARM1(regs));
	client__connect_begin(thread, regs, sp);
	return 0;
}

/* mysql_send_query(): by itself, or nested in mysql_real_query() with the same arguments. */
SEC("uprobe")
int client__send(struct pt_regs *regs)
{
	struct thread *thread = thread__of(task__current());

	if (!thread || client__goes_on(&thread->client, regs))
		return 0;
	client__next(thread, PT_REGS_PARM1(regs));
	client__begin(thread, regs, BX_CALL_QUERY, PT_REGS_SP(regs));
	thread->client.async = 1;
	return 0;
}

/* X_start(ret, object, ...) calls X(object, ...) on a stack of its own. */
SEC("uprobe")
int BPF_KPROBE(client__start, void *ret, __u64 object)
{
	struct thread *thread = thread__of(task__current());

	if (thread)
		thread->async_object = object;
	return 0;
}

/* What is called for the outcome of the call before. */
SEC("uprobe")
int BPF_KPROBE(client__after, __u64 object)
{
	struct thread *thread = thread__of(task__current());
	__u32 cookie;

	if (!thread)
		return 0;
	cookie = probe__cookie(ctx);
	if (thread->client.object == object)
		client__over(thread__ref(thread),
			     cookie & BX_CLIENT_ERROR ? OVER_FAILED : OVER_ASKED);
	else
		client__finish(object, cookie, bpf_ktime_get_ns());
	return 0;
}

SEC("uretprobe")
int BPF_KRETPROBE(client__return, int ret)
{
	return client__leave(ret != 0, false);
}

SEC("uretprobe")
int BPF_KRETPROBE(client__connected, void *mysql)
{
	return client__leave(!mysql, true);
}

/* mysql_read_query_result(): what mysql_send_query() began is over. */
SEC("uretprobe")
int client__result(struct pt_regs *regs)
{
	struct thread *thread = thread__of(task__current());

	if (thread && thread->client.async)
		client__over(thread__ref(thread), OVER_ASKED);
	return 0;
}

/* enum net_async_status of mysql.h */
#define NET_ASYNC_NOT_READY 1

SEC("uretprobe")
int BPF_KRETPROBE(client__polled, int ret)
{
	struct thread *thread = thread__of(task__current());

	if (thread && thread->client.async && ret != NET_ASYNC_NOT_READY)
		client__over(thread__ref(thread), OVER_ASKED);
	return 0;
}
