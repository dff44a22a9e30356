/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * dns.bpf.h - what a target is told by name servers: datagrams from port 53, copied whole into a
 * record of their own. They are no exchanges: they have no owner, and no request counts them.
 *
 * Over TCP the same comes as an exchange like any other (verdict.bpf.h).
 */
#ifndef BPFXRAY_DNS_BPF_H
#define BPFXRAY_DNS_BPF_H

#include "capture.bpf.h"
#include "conn.bpf.h"

#define PORT_DNS 53

struct dns_record {
	struct bx_dns head;
	__u8 data[BX_DNS_CAP];
};

/* The beginning of a struct sockaddr_in, and of a struct sockaddr_in6. */
struct socket_address {
	__u16 family;
	__be16 port;
};

/* Whether the call sends to a name server: of an unconnected socket only the caller knows. */
static __always_inline bool dns__addressed(struct task_struct *task, struct syscall *call)
{
	struct socket_address to = {};
	struct user_msghdr header = {};
	__u64 at = 0;

	if (call->compat)
		return false;
	if (call->nr == NR_SENDTO)
		at = syscall__fifth(task);
	else if ((call->nr == NR_SENDMSG || call->nr == NR_SENDMMSG) &&
		 !bpf_probe_read_user(&header, sizeof(header), (void *)call->arg1))
		at = (__u64)header.msg_name;
	if (!at || bpf_probe_read_user(&to, sizeof(to), (void *)at))
		return false;
	return to.port == bpf_htons(PORT_DNS) && (to.family == AF_INET || to.family == AF_INET6);
}

static __always_inline int dns__tell(struct task_struct *task, struct thread *thread, __u32 len)
{
	struct buffers *buffers = &thread->buffers;
	struct dns_record *record;

	if (thread->call.compat || buffers__of(thread)) {
		counter__add(thread->call.compat ? BX_C_COMPAT : BX_C_UNREADABLE, 1);
		return 0;
	}
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		counter__add(BX_C_LOST_NAMES, 1);
		return 0;
	}
	len = len < buffers->span[0].len ? len : buffers->span[0].len;
	len = bound__at_most(len, BX_DNS_CAP);
	if (bpf_probe_read_user(record->data, len, (void *)buffers->span[0].base)) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		counter__add(BX_C_FAULTS, 1);
		return 0;
	}
	record->head.record.type = BX_RECORD_DNS;
	record->head.record.len = sizeof(record->head) + len;
	record->head.at_ns = bpf_ktime_get_ns();
	record->head.tgid = task__tgid(task);
	record->head.tid = task__tid(task);
	record->head.data_len = len;
	record->head._pad = 0;
	bpf_ringbuf_submit(record, ring__wake());
	counter__add(BX_C_NAMES, 1);
	return 0;
}

/* Whether the other end of @sk is a name server. */
static __always_inline bool dns__is_server(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return BPF_CORE_READ(sk, __sk_common.skc_dport) == bpf_htons(PORT_DNS) &&
	       (family == AF_INET || family == AF_INET6);
}

/*
 * The unconnected @sk asks a name server. The backends that know sockets by their address alone do
 * not remember it, since no event would end that.
 */
static __always_inline void dns__asks(struct sock *sk)
{
	struct conn *conn = conn_by_pointer ? NULL : conn__of(sk, true);

	if (conn)
		conn->protocol = BX_PROTO_DNS;
}

static __always_inline bool dns__has_asked(struct sock *sk)
{
	struct conn *conn = conn_by_pointer ? NULL : conn__of(sk, false);

	return conn && conn->protocol == BX_PROTO_DNS;
}

#endif
