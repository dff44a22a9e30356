/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_state.bpf.c - the hook of TCP connections' states, for every backend.
 */
#include "state.bpf.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tp__inet_sock_set_state, struct sock *sk, int old, int state)
{
	return state__changed(sk, old, state, false);
}
