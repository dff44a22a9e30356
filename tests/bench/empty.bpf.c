/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * empty.bpf.c - a program that does nothing, on the hook of backend `sock`: what the kernel's own
 * statistics add to each run of a program.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license")
= "Dual BSD/GPL";

SEC("tp_btf/sock_send_length")
int BPF_PROG(bench_empty, struct sock *sk, int ret, int flags)
{
	return 0;
}
