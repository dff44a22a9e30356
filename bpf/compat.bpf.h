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

/* include/uapi/linux/stat.h */
#define S_IFMT	 00170000
#define S_IFSOCK 0140000

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

/* Not static: the verifier walks it once, with unknown arguments. See ring.bpf.h. */
#define VERIFIED_ALONE __weak __noinline

/*
 * Kernels before 5.15 are served by a second object of the same sources, compiled with
 * BX_OLD_KERNEL. They lack the current task as an object that the verifier knows, storage bound to
 * a task or a socket in programs like these (5.11), memory as an argument of a function that is
 * verified alone (5.12), a task's saved registers, and a cookie for each probe (5.15).
 */
#ifdef BX_OLD_KERNEL

/*
 * The arguments of functions that are verified by themselves: an exchange by its key in the pool, a
 * thread always the current one.
 */
typedef __u64 exchange_ref;
typedef __u32 thread_ref;
#define exchange__ref(ex)   ((ex)->wire.conn)
#define exchange__at(ref)   bpf_map_lookup_elem(&pool, &(ref))
#define thread__ref(thread) 0
#define thread__at(ref)	    task_map__find(&thread_of_task, task__current())

/* A member of a kernel's object, which the verifier does not know to be one. */
#define KERNEL_READ(pointer, member) BPF_CORE_READ(pointer, member)

/* x86 and arm64: arch/.../asm, with pages of 4 KiB and without KASAN. */
#define THREAD_SIZE 16384

static __always_inline struct task_struct *task__current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* None: the agent does not attach what would need one. */
static __always_inline __u64 probe__cookie(void *ctx)
{
	return 0;
}

/* They lie at the end of its kernel stack: what task_pt_regs() of the kernel computes. */
static __always_inline struct pt_regs *task__registers(struct task_struct *task)
{
	return BPF_CORE_READ(task, stack) + THREAD_SIZE - bpf_core_type_size(struct pt_regs);
}

#define TASK_MAP(cap)                                                                              \
	__uint(type, BPF_MAP_TYPE_HASH);                                                           \
	__uint(max_entries, cap);                                                                  \
	__type(key, __u32)

static __always_inline void *task_map__find(void *map, struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);

	return bpf_map_lookup_elem(map, &tid);
}

/* @blank: a value of zeros. False: no room. */
static __always_inline bool task_map__add(void *map, struct task_struct *task, const void *blank)
{
	__u32 tid = BPF_CORE_READ(task, pid);

	bpf_map_update_elem(map, &tid, blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, &tid);
}

/* A thread that executes a program takes the number of its process: @old was its own. */
static __always_inline void task_map__renumber(void *map, struct task_struct *task, __u32 old)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	void *value;

	if (old == tid)
		return;
	value = bpf_map_lookup_elem(map, &old);
	if (value)
		bpf_map_update_elem(map, &tid, value, BPF_ANY);
	bpf_map_delete_elem(map, &old);
}

/* @task is about to end. */
static __always_inline void task_map__end(void *map, struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);

	bpf_map_delete_elem(map, &tid);
}

/* A program @name that the agent runs: @visit for each element of @map, whose value is a @type. */
#define MAP_WALK(name, map, type, visit)                                                           \
	SEC("iter/bpf_map_elem")                                                                   \
	int name(struct bpf_iter__bpf_map_elem *ctx)                                               \
	{                                                                                          \
		type *value = ctx->value;                                                          \
                                                                                                   \
		if (value)                                                                         \
			visit(value);                                                              \
		return 0;                                                                          \
	}

/* The socket behind @file, or NULL. */
static __always_inline struct socket *file__socket(struct file *file)
{
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return BPF_CORE_READ(file, private_data);
}

#else

struct open_exchange;
struct thread;
typedef struct open_exchange *exchange_ref;
typedef struct thread *thread_ref;
#define exchange__ref(ex)   (ex)
#define exchange__at(ref)   (ref)
#define thread__ref(thread) (thread)
#define thread__at(ref)	    (ref)

#define KERNEL_READ(pointer, member) ((pointer)->member)

static __always_inline struct task_struct *task__current(void)
{
	return bpf_get_current_task_btf();
}

/* What the agent gave the probe that runs when it attached it. */
static __always_inline __u64 probe__cookie(void *ctx)
{
	return bpf_get_attach_cookie(ctx);
}

static __always_inline struct pt_regs *task__registers(struct task_struct *task)
{
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

/*
 * By a helper (5.13), in a program that the agent calls for: a kernel may refuse an iterator over a
 * map's elements, whose memory a program could write, to root too.
 */
#define MAP_WALK(name, map, type, visit)                                                           \
	static long name##__each(void *walked, const void *key, type *value, void *ctx)            \
	{                                                                                          \
		visit(value);                                                                      \
		return 0;                                                                          \
	}                                                                                          \
                                                                                                   \
	SEC("raw_tp")                                                                              \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		bpf_for_each_map_elem(&map, name##__each, NULL, 0);                                \
		return 0;                                                                          \
	}

/* The kernel makes room when an element is added, and drops it with its task. */
#define TASK_MAP(cap)                                                                              \
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);                                                   \
	__uint(map_flags, BPF_F_NO_PREALLOC);                                                      \
	__type(key, int)

static __always_inline void *task_map__find(void *map, struct task_struct *task)
{
	return bpf_task_storage_get(map, task, NULL, 0);
}

static __always_inline bool task_map__add(void *map, struct task_struct *task, const void *blank)
{
	return bpf_task_storage_get(map, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline void task_map__renumber(void *map, struct task_struct *task, __u32 old)
{
}

static __always_inline void task_map__end(void *map, struct task_struct *task)
{
}

static __always_inline struct socket *file__socket(struct file *file)
{
	return bpf_sock_from_file(file);
}

#endif

static __always_inline __u32 task__tid(struct task_struct *task)
{
	return KERNEL_READ(task, pid);
}

static __always_inline __u32 task__tgid(struct task_struct *task)
{
	return KERNEL_READ(task, tgid);
}

/* One of io_uring's threads in a process, which does what would wait. */
static __always_inline bool task__is_worker(struct task_struct *task)
{
	return KERNEL_READ(task, flags) & PF_IO_WORKER;
}

/* The call that @task is in. A kernel thread or an io_uring worker is in none: nr -1. */
static __always_inline void syscall__current(struct task_struct *task, struct syscall *call)
{
	struct pt_regs *regs;

	call->nr = -1;
	call->done = 0;
	call->compat = false;
	if (KERNEL_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER))
		return;
	regs = task__registers(task);
#if defined(__TARGET_ARCH_x86)
	call->compat = KERNEL_READ(task, thread_info.status) & TS_COMPAT;
	call->nr = (int)KERNEL_READ(regs, orig_ax);
	call->fd = KERNEL_READ(regs, di);
	call->arg1 = KERNEL_READ(regs, si);
	call->arg2 = KERNEL_READ(regs, dx);
	call->arg3 = KERNEL_READ(regs, r10);
	call->sp = KERNEL_READ(regs, sp);
#elif defined(__TARGET_ARCH_arm64)
	call->compat = KERNEL_READ(regs, pstate) & 0x10; /* PSR_MODE32_BIT */
	call->nr = KERNEL_READ(regs, syscallno);
	call->fd = KERNEL_READ(regs, orig_x0);
	call->arg1 = KERNEL_READ(regs, regs[1]);
	call->arg2 = KERNEL_READ(regs, regs[2]);
	call->arg3 = KERNEL_READ(regs, regs[3]);
	call->sp = KERNEL_READ(regs, sp);
#endif
}

/* The task has used io_uring. */
static __always_inline bool task__has_uring(struct task_struct *task)
{
	struct task_struct___uring *user = (struct task_struct___uring *)task;

	return bpf_core_field_exists(user->io_uring) && KERNEL_READ(user, io_uring);
}

/* The fifth argument of the call that @task is in, which must be a thread's own. */
static __always_inline __u64 syscall__fifth(struct task_struct *task)
{
	struct pt_regs *regs = task__registers(task);

#if defined(__TARGET_ARCH_x86)
	return KERNEL_READ(regs, r8);
#elif defined(__TARGET_ARCH_arm64)
	return KERNEL_READ(regs, regs[4]);
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

	if (KERNEL_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER))
		return call->nr == -1;
	regs = task__registers(task);
#if defined(__TARGET_ARCH_x86)
	return (call->nr == -1 || call->nr == (int)KERNEL_READ(regs, orig_ax)) &&
	       call->fd == KERNEL_READ(regs, di);
#elif defined(__TARGET_ARCH_arm64)
	return (call->nr == -1 || call->nr == KERNEL_READ(regs, syscallno)) &&
	       call->fd == KERNEL_READ(regs, orig_x0);
#endif
}

/*
 * True when the tracepoint's program that runs for @task may be preempted. Kernels that allow it
 * pin the task to its CPU for the time; the others switch preemption off and have no need to.
 */
static __always_inline bool tracepoint__is_preemptible(struct task_struct *task)
{
	struct task_struct___pinned *pinned = (struct task_struct___pinned *)task;

	return bpf_core_field_exists(pinned->migration_disabled) &&
	       KERNEL_READ(pinned, migration_disabled);
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
