/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_sock.bpf.c - backend `sock`: the kernel's own tracepoints behind each socket read and
 * write (kernel 6.3 and later). Only socket calls pay; the buffer comes from the caller's
 * registers.
 */
#include "socket.bpf.h"

static __always_inline int sock__moved(struct sock *sk, int ret, __u32 dir)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = thread__of(task);
	struct syscall call;

	if (!thread || ret < 0 || sk->sk_type != SOCK_STREAM)
		return 0;
	call = syscall__current(task);
	return socket__call(sk, task, thread, &call, ret, dir);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(tp__sock_send_length, struct sock *sk, int ret, int flags)
{
	return sock__moved(sk, ret, SENT);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(tp__sock_recv_length, struct sock *sk, int ret, int flags)
{
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	return sock__moved(sk, ret, RECEIVED);
}
