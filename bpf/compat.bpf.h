/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * compat.bpf.h - every difference between kernels and between architectures. Nothing else may test
 * for either.
 *
 * In: the current task and its saved registers. Out: the number and the arguments of the system
 * call that it is in.
 */
#ifndef BPFXRAY_COMPAT_BPF_H
#define BPFXRAY_COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

/* arch/x86/include/asm/thread_info.h: TS_COMPAT, a 32-bit system call is active. */
#define TS_COMPAT 0x0002
/* include/linux/sched.h */
#define PF_KTHREAD   0x00200000
#define PF_IO_WORKER 0x00000010

/* include/linux/socket.h: a read that leaves the bytes where they are, or reads another queue. */
#define MSG_PEEK     0x2
#define MSG_ERRQUEUE 0x2000

/* A system call as the caller made it: number and first four arguments. */
struct syscall {
	__s64 nr;
	__u64 fd;
	__u64 arg1;
	__u64 arg2;
	__u64 arg3;
	__u64 sp;    /* the caller's stack pointer */
	__u32 done;  /* bytes of the call that have been told already */
	bool compat; /* a 32-bit caller */
};

#if defined(__TARGET_ARCH_x86)
/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_READ	    0
#define NR_WRITE    1
#define NR_READV    19
#define NR_WRITEV   20
#define NR_SENDTO   44
#define NR_RECVFROM 45
#define NR_SENDMSG  46
#define NR_RECVMSG  47
#define NR_RECVMMSG 299
#define NR_SENDMMSG 307
#elif defined(__TARGET_ARCH_arm64)
/* include/uapi/asm-generic/unistd.h */
#define NR_READ	    63
#define NR_WRITE    64
#define NR_READV    65
#define NR_WRITEV   66
#define NR_SENDTO   206
#define NR_RECVFROM 207
#define NR_SENDMSG  211
#define NR_RECVMSG  212
#define NR_RECVMMSG 243
#define NR_SENDMMSG 269
#endif

/* The call that @task is in. A kernel thread or an io_uring worker is in none: nr -1. */
static __always_inline void syscall__current(struct task_struct *task, struct syscall *call)
{
	struct pt_regs *regs;

	call->nr = -1;
	call->done = 0;
	call->compat = false;
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER))
		return;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
#if defined(__TARGET_ARCH_x86)
	call->compat = task->thread_info.status & TS_COMPAT;
	call->nr = (int)regs->orig_ax;
	call->fd = regs->di;
	call->arg1 = regs->si;
	call->arg2 = regs->dx;
	call->arg3 = regs->r10;
	call->sp = regs->sp;
#elif defined(__TARGET_ARCH_arm64)
	call->compat = regs->pstate & 0x10; /* PSR_MODE32_BIT */
	call->nr = regs->syscallno;
	call->fd = regs->orig_x0;
	call->arg1 = regs->regs[1];
	call->arg2 = regs->regs[2];
	call->arg3 = regs->regs[3];
	call->sp = regs->sp;
#endif
}

/* The fifth argument of the call that @task is in, which must be a thread's own. */
static __always_inline __u64 syscall__fifth(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

#if defined(__TARGET_ARCH_x86)
	return regs->r8;
#elif defined(__TARGET_ARCH_arm64)
	return regs->regs[4];
#endif
}

/* At a function's entry: its sixth argument. libbpf before 1.2 names five. */
static __always_inline __u64 uregs__sixth(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->r9;
#elif defined(__TARGET_ARCH_arm64)
	return ((struct user_pt_regs *)regs)->regs[5];
#endif
}

/* Its seventh: on x86 on the stack @sp, above the return address. 0 when it cannot be read. */
static __always_inline __u64 uregs__seventh(struct pt_regs *regs, __u64 sp)
{
#if defined(__TARGET_ARCH_x86)
	__u64 value = 0;

	if (bpf_probe_read_user(&value, sizeof(value), (void *)(sp + sizeof(value))))
		return 0;
	return value;
#elif defined(__TARGET_ARCH_arm64)
	return ((struct user_pt_regs *)regs)->regs[6];
#endif
}

/* The other end of the connected unix socket @sk, or NULL. */
static __always_inline struct sock *unix__peer(struct sock *sk)
{
	struct unix_sock *unix_sock = (struct unix_sock *)sk;

	if (!bpf_core_field_exists(unix_sock->peer))
		return NULL;
	return BPF_CORE_READ(unix_sock, peer);
}

/* True when @task is still in @call, or in another of the same kind on the same descriptor. */
static __always_inline bool syscall__goes_on(struct task_struct *task, struct syscall *call)
{
	struct pt_regs *regs;

	if (task->flags & (PF_KTHREAD | PF_IO_WORKER))
		return call->nr == -1;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
#if defined(__TARGET_ARCH_x86)
	return call->nr == (int)regs->orig_ax && call->fd == regs->di;
#elif defined(__TARGET_ARCH_arm64)
	return call->nr == regs->syscallno && call->fd == regs->orig_x0;
#endif
}

/*
 * True when the tracepoint's program that runs for @task may be preempted. Kernels that allow it
 * pin the task to its CPU for the time; the others switch preemption off and have no need to.
 */
static __always_inline bool tracepoint__is_preemptible(struct task_struct *task)
{
	return bpf_core_field_exists(task->migration_disabled) && task->migration_disabled;
}

/*
 * At most @cap, in a form that the verifier believes: clang compares a copy of a 32-bit value and
 * then uses the value itself, or drops the comparison as redundant. Between the two barriers it
 * must compare, and hand on, this register.
 */
static __always_inline __u64 bound__at_most(__u64 value, __u64 cap)
{
	asm volatile("" : "+r"(value));
	if (value > cap)
		value = cap;
	asm volatile("" : "+r"(value));
	return value;
}

#endif
