/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * classify_run.bpf.c - classify.h as the kernel runs it, callable by BPF_PROG_TEST_RUN. Test only.
 */
#include "compat.bpf.h"
#include "bpfxray/classify.h"

struct classify_args {
	__u32 sent;
	__u32 len;
	__u8 bytes[BX_CLASSIFY_LEN];
	struct bx_class class;
};

/*
 * In a map, as the text of an exchange is: the compiler may not compute addresses on the stack. And
 * since no program that runs by itself takes arguments before kernel 5.14. The arguments come
 * first.
 */
struct {
	struct classify_args args;
	struct bx_looks looks;
} shared;

SEC("raw_tp")
int run__classify(void *ctx)
{
	struct classify_args *args = &shared.args;
	__u32 len = bound__at_most(args->len, BX_CLASSIFY_LEN);

	args->class = args->sent ? bx_classify_sent(args->bytes, len, &shared.looks)
				 : bx_classify_received(args->bytes, len, &shared.looks);
	return 0;
}

char LICENSE[] SEC("license")
= "Dual BSD/GPL";
