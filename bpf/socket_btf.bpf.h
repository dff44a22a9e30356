/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_btf.bpf.h - what the backends `sock` and `fentry` share: their programs are handed a
 * struct sock that the verifier knows.
 */
#ifndef BPFXRAY_SOCKET_BTF_BPF_H
#define BPFXRAY_SOCKET_BTF_BPF_H

#include "socket.bpf.h"

/* The current thread's call on @sk returned @ret: for programs that are handed a struct sock. */
static __always_inline int socket__returned(struct sock *sk, int ret, __u32 dir)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = thread__of(task);

	if (!thread || ret < 0 || sk->sk_type != SOCK_STREAM)
		return 0;
	syscall__current(task, &thread->call);
	return socket__call(sk, task, thread, ret, dir);
}

#endif
