/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_state.bpf.c - the hook of TCP connections' states, for every backend.
 *
 * A packet that comes in while the program runs may change another connection's state on the same
 * CPU; the kernel leaves the program out then (6.1 and later), and the second one does its work. It
 * has to stand behind the first: they run in this order.
 */
#include "state.bpf.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tp__inet_sock_set_state, struct sock *sk, int old, int state)
{
	return state__changed(sk, old, state, false);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tp__state_again, struct sock *sk, int old, int state)
{
	return state__changed(sk, old, state, true);
}
