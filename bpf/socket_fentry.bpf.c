/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_fentry.bpf.c - backend `fentry`: the returns of the two functions that every read and
 * write of a socket goes through, IPv4, IPv6 and unix alike. For kernels that have trampolines but
 * not the tracepoints of backend `sock` (before 6.3).
 *
 * Not sock_sendmsg(): system calls reach its body without passing its entry, so that it attaches
 * and never runs.
 */
#include "socket_btf.bpf.h"

/* What a message is, is not looked at: the buffer comes from the caller's registers. */
struct msghdr;

SEC("fexit/__sock_sendmsg")
int BPF_PROG(fexit__sock_sendmsg, struct socket *socket, struct msghdr *msg, int ret)
{
	return socket->sk ? socket__returned(socket->sk, ret, SENT) : 0;
}

SEC("fexit/sock_recvmsg")
int BPF_PROG(fexit__sock_recvmsg, struct socket *socket, struct msghdr *msg, int flags, int ret)
{
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	return socket->sk ? socket__returned(socket->sk, ret, RECEIVED) : 0;
}
