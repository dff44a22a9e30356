/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_fentry.bpf.c - backend `fentry`: the returns of the families' send and receive functions.
 * For kernels that have trampolines but not the tracepoints of backend `sock` (before 6.3).
 *
 * The kernel reaches them by pointer or from another file, so that no compiler inlines them, as it
 * does on some kernels with what lies above (sock_sendmsg(), sock_recvmsg()). Those that a kernel
 * does not have are left out by the loader: IPv6, and from 6.5 on the functions for pages.
 */
#include "socket_btf.bpf.h"

static __always_inline int fexit__returned(struct sock *sk, int ret, __u32 dir)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of_any(task);

	return sk && thread ? socket__returned(sk, task, thread, ret, dir) : 0;
}

/* What a message or a page is, is not looked at: the buffer comes from the caller's registers. */
struct msghdr;
struct page;

#define SEND_ENTRY(name)                                                                           \
	SEC("fexit/" #name)                                                                        \
	int BPF_PROG(fexit__##name, struct socket *socket, struct msghdr *msg, size_t size,        \
		     int ret)                                                                      \
	{                                                                                          \
		return fexit__returned(socket->sk, ret, SENT);                                     \
	}

#define SEND_PAGE_ENTRY(name)                                                                      \
	SEC("fexit/" #name)                                                                        \
	int BPF_PROG(fexit__##name, struct socket *socket, struct page *page, int offset,          \
		     size_t size, int flags, int ret)                                              \
	{                                                                                          \
		return fexit__returned(socket->sk, ret, SENT);                                     \
	}

#define RECEIVE_ENTRY(name)                                                                        \
	SEC("fexit/" #name)                                                                        \
	int BPF_PROG(fexit__##name, struct socket *socket, struct msghdr *msg, size_t size,        \
		     int flags, int ret)                                                           \
	{                                                                                          \
		if (flags & (MSG_PEEK | MSG_ERRQUEUE))                                             \
			return 0;                                                                  \
		return fexit__returned(socket->sk, ret, RECEIVED);                                 \
	}

SEND_ENTRY(inet_sendmsg)
SEND_ENTRY(inet6_sendmsg)
SEND_ENTRY(unix_stream_sendmsg)
SEND_PAGE_ENTRY(inet_sendpage)
SEND_PAGE_ENTRY(unix_stream_sendpage)
RECEIVE_ENTRY(inet_recvmsg)
RECEIVE_ENTRY(inet6_recvmsg)
RECEIVE_ENTRY(unix_stream_recvmsg)
