/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_sock.bpf.c - backend `sock`: the kernel's own tracepoints behind each socket read and
 * write (kernel 6.3 and later). Only socket calls pay; the buffer comes from the caller's
 * registers.
 */
#include "socket_btf.bpf.h"

SEC("tp_btf/sock_send_length")
int BPF_PROG(tp__sock_send_length, struct sock *sk, int ret, int flags)
{
	return socket__returned(sk, ret, SENT);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(tp__sock_recv_length, struct sock *sk, int ret, int flags)
{
	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	return socket__returned(sk, ret, RECEIVED);
}
