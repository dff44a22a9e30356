/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_syscall.bpf.c - backend `syscall`: the exits of the system calls that move bytes on
 * sockets, where the kernel has no better hook. Any such tracepoint slows every system call of the
 * host a little: the last resort.
 *
 * The arguments are still in the caller's saved registers at the exit, so that the entries need no
 * hook.
 */
#include "socket.bpf.h"

/* format of /sys/kernel/tracing/events/syscalls/sys_exit_*: common fields, number, result */
struct sys_exit {
	__u64 common;
	__s64 nr;
	__s64 ret;
};

static __always_inline bool syscall__peeks(struct syscall *call)
{
	if (call->nr == NR_RECVFROM)
		return call->arg3 & (MSG_PEEK | MSG_ERRQUEUE);
	if (call->nr == NR_RECVMSG)
		return call->arg2 & (MSG_PEEK | MSG_ERRQUEUE);
	return false;
}

/*
 * sendmmsg and recvmmsg return messages, not bytes: the first one's bytes stand behind its header.
 */
static __always_inline __u32 syscall__bytes(struct syscall *call, __s64 ret)
{
	__u32 len = 0;

	if (call->nr != NR_SENDMMSG && call->nr != NR_RECVMMSG)
		return ret;
	bpf_probe_read_user(&len, sizeof(len), (void *)(call->arg1 + sizeof(struct user_msghdr)));
	return len;
}

static __always_inline int syscall__moved(struct sys_exit *ctx, __u32 dir)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of(task);
	struct syscall *call;
	struct sock *sk;

	if (!thread || ctx->ret < 0)
		return 0;
	call = &thread->call;
	syscall__current(task, call);
	if (syscall__peeks(call))
		return 0;
	sk = task__sock_of(task, call->fd);
	if (!sk)
		return 0;
	if (BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return datagram__moved(sk, task, thread, syscall__bytes(call, ctx->ret), dir);
	return socket__call(sk, task, thread, syscall__bytes(call, ctx->ret), dir);
}

#define SYSCALL_ENTRY(name, dir)                                                                   \
	SEC("tracepoint/syscalls/sys_exit_" #name)                                                 \
	int tp__sys_exit_##name(struct sys_exit *ctx)                                              \
	{                                                                                          \
		return syscall__moved(ctx, dir);                                                   \
	}

/* A socket at either end of a pipe. What it gives up to one is in no other backend's sight. */
SEC("tracepoint/syscalls/sys_exit_splice")
int tp__sys_exit_splice(struct sys_exit *ctx)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of(task);
	struct syscall *call;
	struct sock *sk;
	__u32 dir = RECEIVED;

	if (!thread || ctx->ret <= 0)
		return 0;
	call = &thread->call;
	syscall__current(task, call);
	sk = task__sock_of(task, call->fd);
	if (!sk) {
		dir = SENT;
		sk = task__sock_of(task, call->arg2);
	}
	if (!sk || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return 0;
	return socket__call(sk, task, thread, ctx->ret, dir);
}

SYSCALL_ENTRY(read, RECEIVED)
SYSCALL_ENTRY(readv, RECEIVED)
SYSCALL_ENTRY(recvfrom, RECEIVED)
SYSCALL_ENTRY(recvmsg, RECEIVED)
SYSCALL_ENTRY(write, SENT)
SYSCALL_ENTRY(writev, SENT)
SYSCALL_ENTRY(sendto, SENT)
SYSCALL_ENTRY(sendmsg, SENT)
SYSCALL_ENTRY(recvmmsg, RECEIVED)
SYSCALL_ENTRY(sendmmsg, SENT)
SYSCALL_ENTRY(sendfile64, SENT)
