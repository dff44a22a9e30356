/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * task.bpf.c - which threads are targets: children inherit at fork, before they run; the list of
 * processes follows fork, exec and exit; and the walks that the agent starts when it attaches.
 */
#include "fork.bpf.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(tp__sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	return process__forked(parent, child);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(tp__sched_process_exec, struct task_struct *task, pid_t old_pid)
{
	task_map__renumber(&thread_of_task, task, old_pid);
	if (thread__of(task))
		process__tell(BX_PROCESS_EXEC, task->tgid, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(tp__sched_process_exit, struct task_struct *task)
{
	__u32 tgid;

	if (!thread__of_any(task))
		return 0;
	task_map__end(&thread_of_task, task);
	if (task->signal->live.counter > 0)
		return 0;
	tgid = task->tgid;
	bpf_map_delete_elem(&bx_targets, &tgid);
	process__tell(BX_PROCESS_EXIT, tgid, 0);
	return 0;
}

/* Walked at attach: each thread of a listed process becomes a target's thread. */
SEC("iter/task")
int iter__mark_threads(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 tgid;

	if (!task)
		return 0;
	tgid = task->tgid;
	if (bpf_map_lookup_elem(&bx_targets, &tgid) && !thread__follow(task))
		counter__add(BX_C_LOST_SOCKET, 1);
	return 0;
}

/*
 * Walked at attach: a listener of a target gets a conn, which the sockets that it accepts inherit:
 * so that the time of their establishment is known.
 */
SEC("iter/task_file")
int iter__mark_listeners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;
	__u32 tgid;

	if (!task || !file)
		return 0;
	tgid = task->tgid;
	if (!bpf_map_lookup_elem(&bx_targets, &tgid))
		return 0;
	socket = file__socket(file);
	if (!socket)
		return 0;
	sk = KERNEL_READ(socket, sk);
	if (!sk || KERNEL_READ(sk, __sk_common.skc_state) != TCP_LISTEN ||
	    KERNEL_READ(sk, sk_type) != SOCK_STREAM)
		return 0;
	conn__listens(sk);
	return 0;
}
