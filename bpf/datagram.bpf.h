/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * datagram.bpf.h - what of a target's datagrams is looked at: answers of name servers, and whether
 * an X-Ray SDK inside of the target sends documents of its own.
 */
#ifndef BPFXRAY_DATAGRAM_BPF_H
#define BPFXRAY_DATAGRAM_BPF_H

#include "dns.bpf.h"

#define SOCK_DGRAM 2

/* What each SDK puts in front of a document, some with a blank behind the colon. */
#define SDK_HEADER     "{\"format\":"
#define SDK_HEADER_LEN (sizeof(SDK_HEADER) - 1)

/* @len bytes were sent in ->call. */
static __always_inline void datagram__look_for_sdk(struct thread *thread, __u32 len)
{
	char wanted[] = SDK_HEADER, begin[sizeof(wanted)] = {};
	struct buffers *buffers = &thread->buffers;
	__u32 i;

	if (len <= SDK_HEADER_LEN || thread->call.compat || buffers__of(thread) ||
	    buffers->span[0].len < SDK_HEADER_LEN ||
	    bpf_probe_read_user(begin, SDK_HEADER_LEN, (void *)buffers->span[0].base))
		return;
	for (i = 0; i < SDK_HEADER_LEN; i++)
		if (begin[i] != wanted[i])
			return;
	counter__add(BX_C_SDK_DOCUMENTS, 1);
}

/* A target's @thread moved @len bytes on @sk, which is no stream. */
static __noinline int datagram__moved(struct sock *sk, struct task_struct *task,
				      struct thread *thread, __u32 len, __u32 dir)
{
	bool connected = BPF_CORE_READ(sk, __sk_common.skc_dport);
	bool sent = dir;

	if (BPF_CORE_READ(sk, sk_type) != SOCK_DGRAM)
		return 0;
	if (!sent && !(connected ? dns__is_server(sk) : dns__has_asked(sk)))
		return 0;
	syscall__current(task, &thread->call);
	if (!sent)
		return dns__tell(task, thread, len);
	if (!connected && dns__addressed(task, &thread->call))
		dns__asks(sk);
	else
		datagram__look_for_sdk(thread, len);
	return 0;
}

#endif
