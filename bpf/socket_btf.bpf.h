/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_btf.bpf.h - what the backends `sock` and `fentry` share: their programs are handed a
 * struct sock that the verifier knows.
 */
#ifndef BPFXRAY_SOCKET_BTF_BPF_H
#define BPFXRAY_SOCKET_BTF_BPF_H

#include "socket.bpf.h"

/* The call of a target's @thread on @sk returned @ret. */
static __always_inline int socket__returned(struct sock *sk, struct task_struct *task,
					    struct thread *thread, int ret, __u32 dir)
{
	if (ret < 0)
		return 0;
	if (sk->sk_type != SOCK_STREAM)
		return datagram__moved(sk, task, thread, ret, dir);
	syscall__current(task, &thread->call);
	syscall__check(task, &thread->call, sk);
	return socket__call(sk, task, thread, ret, dir);
}

#endif
