/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_kprobe.bpf.c - backend `kprobe`: the functions of backend `fentry`, where trampolines do
 * not attach (arm64 before 6.4).
 *
 * A function's return does not know its arguments: the entry leaves the socket in the thread's
 * state. The socket is an address only here, hence all reads of it are checked by the kernel.
 */
#include "socket.bpf.h"

/* What a message is, is not looked at: the buffer comes from the caller's registers. */
struct msghdr;

static __always_inline int kprobe__entered(struct socket *socket, int flags)
{
	struct thread *thread = thread__of(bpf_get_current_task_btf());

	if (!thread)
		return 0;
	thread->socket = flags & (MSG_PEEK | MSG_ERRQUEUE) ? 0 : (__u64)BPF_CORE_READ(socket, sk);
	return 0;
}

static __always_inline int kprobe__returned(int ret, __u32 dir)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = thread__of(task);
	struct sock *sk;

	if (!thread)
		return 0;
	sk = (struct sock *)thread->socket;
	thread->socket = 0;
	if (!sk || ret < 0 || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return 0;
	syscall__current(task, &thread->call);
	return socket__call(sk, task, thread, ret, dir);
}

SEC("kprobe/__sock_sendmsg")
int BPF_KPROBE(kprobe__sock_sendmsg, struct socket *socket)
{
	return kprobe__entered(socket, 0);
}

SEC("kretprobe/__sock_sendmsg")
int BPF_KRETPROBE(kprobe__sock_sendmsg_return, int ret)
{
	return kprobe__returned(ret, SENT);
}

SEC("kprobe/sock_recvmsg")
int BPF_KPROBE(kprobe__sock_recvmsg, struct socket *socket, struct msghdr *msg, int flags)
{
	return kprobe__entered(socket, flags);
}

SEC("kretprobe/sock_recvmsg")
int BPF_KRETPROBE(kprobe__sock_recvmsg_return, int ret)
{
	return kprobe__returned(ret, RECEIVED);
}
