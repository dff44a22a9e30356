/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_sock.bpf.c - backend `sock`: the kernel's own tracepoints behind each socket read and
 * write (kernel 6.3 and later). Only socket calls pay; the buffer comes from the caller's
 * registers.
 *
 * The programs `_again` here are for kernels whose tracepoints may be preempted (from 7.0 on).
 * There the kernel leaves a program out when a thread is switched to while another one is inside of
 * it on the same CPU. A second program on the same tracepoint sees that the first did not run, and
 * does its work. They are loaded only where `_watch` has seen that they are needed.
 */
#include "socket_btf.bpf.h"
#include "fork.bpf.h"

static __always_inline int sock__moved(struct sock *sk, int ret, __u32 dir, bool second)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of_any(task);

	if (!thread || !again__is_mine(&thread->mark, second, again_needed))
		return 0;
	return socket__returned(sk, task, thread, ret, dir);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(tp__sock_send_length, struct sock *sk, int ret, int flags)
{
	return sock__moved(sk, ret, SENT, false);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(tp__sock_recv_length, struct sock *sk, int ret, int flags)
{
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	return sock__moved(sk, ret, RECEIVED, false);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(tp__sock_send_watch, struct sock *sk, int ret, int flags)
{
	if (!tracepoints_preemptible)
		tracepoints_preemptible = tracepoint__is_preemptible(task__current());
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(tp__sock_send_again, struct sock *sk, int ret, int flags)
{
	return sock__moved(sk, ret, SENT, true);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(tp__sock_recv_again, struct sock *sk, int ret, int flags)
{
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	return sock__moved(sk, ret, RECEIVED, true);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(tp__sock_fork_again, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = child->tgid;

	if (child->pid == child->tgid && bpf_map_lookup_elem(&bx_targets, &tgid))
		return 0;
	return process__forked(parent, child);
}
