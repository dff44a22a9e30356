/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * socket_kprobe.bpf.c - backend `kprobe`: where trampolines do not attach (arm64 before 6.4).
 *
 * The return of a function that waits must not be probed: the kernel keeps a place for each call
 * that is inside, ten for the whole host on a small one, and leaves out the calls for which there
 * is none. So the entry notes where the stream stands, and what was moved is seen in passing: for
 * TCP when the socket is released, for unix sockets at the return of the functions that copy,
 * which wait for nobody. A call that moves its bytes in several steps is told in several pieces.
 *
 * A socket is an address only here, hence all reads of it are checked by the kernel.
 */
#include "socket.bpf.h"

/* include/net/sock.h */
#define RCV_SHUTDOWN 1
/* the same, enum sock_flags: the peer's FIN has come */
#define SOCK_DONE 1
/* include/uapi/linux/in.h */
#define IPPROTO_TCP 6

/* What was read of a TCP stream. The peer's FIN takes a number as a byte does. */
static __always_inline __u32 tcp__read(struct tcp_sock *tcp)
{
	__u32 at = BPF_CORE_READ(tcp, copied_seq);
	bool fin = BPF_CORE_READ((struct sock *)tcp, __sk_common.skc_flags) & 1 << SOCK_DONE;

	return fin && at == BPF_CORE_READ(tcp, rcv_nxt) ? at - 1 : at;
}

/* Where the stream of @inside stands: more for each byte that was moved. */
static __always_inline __u32 inside__position(struct inside *inside)
{
	struct tcp_sock *tcp = (struct tcp_sock *)inside->socket;
	struct msghdr *msg = (struct msghdr *)inside->msg;

	if (msg)
		return -(__u32)BPF_CORE_READ(msg, msg_iter.count);
	return inside->dir == SENT ? BPF_CORE_READ(tcp, write_seq) : tcp__read(tcp);
}

/* The current thread begins a call on @socket. @msg: of a unix socket, else NULL. */
static __always_inline int kprobe__enter(struct socket *socket, struct msghdr *msg, __u32 dir,
					 int flags)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of_any(task);
	struct inside *inside;
	struct sock *sk;

	if (!thread)
		return 0;
	inside = &thread->inside;
	inside->socket = 0;
	sk = BPF_CORE_READ(socket, sk);
	if (flags & (MSG_PEEK | MSG_ERRQUEUE) || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return 0;
	/* not connected yet: the position is not the connection's */
	if (!msg && (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP ||
		     BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE))
		return 0;
	syscall__current(task, &thread->call);
	syscall__check(task, &thread->call, sk);
	inside->socket = (__u64)sk;
	inside->msg = (__u64)msg;
	inside->dir = dir;
	inside->at = inside__position(inside);
	return 0;
}

/* True when a read finds the end of what the peer sends. */
static __always_inline bool inside__at_end(struct inside *inside)
{
	struct sock *sk = (struct sock *)inside->socket;

	return inside->dir == RECEIVED && BPF_CORE_READ(sk, sk_shutdown) & RCV_SHUTDOWN;
}

/* The call that the current thread is in may have moved bytes since it was last looked at. */
static __always_inline int kprobe__look(struct task_struct *task, struct thread *thread)
{
	struct inside *inside = &thread->inside;
	__u32 at, moved;

	/* what was noted is of another call, which moved nothing more */
	if (!syscall__goes_on(task, &thread->call)) {
		inside->socket = 0;
		return 0;
	}
	at = inside__position(inside);
	moved = at - inside->at;
	if (!moved && (thread->call.done || !inside__at_end(inside)))
		return 0;
	socket__call((struct sock *)inside->socket, task, thread, moved, inside->dir);
	inside->at = at;
	thread->call.done += moved;
	return 0;
}

SEC("kprobe/release_sock")
int BPF_KPROBE(kprobe__release_sock, struct sock *sk)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of(task);

	if (!thread || thread->inside.msg || thread->inside.socket != (__u64)sk)
		return 0;
	return kprobe__look(task, thread);
}

static __always_inline int kprobe__copied(void)
{
	struct task_struct *task = task__current();
	struct thread *thread = thread__of(task);

	if (!thread || !thread->inside.socket || !thread->inside.msg)
		return 0;
	return kprobe__look(task, thread);
}

SEC("kretprobe/unix_stream_read_actor")
int BPF_KRETPROBE(kprobe__unix_stream_read_actor)
{
	return kprobe__copied();
}

SEC("kretprobe/skb_copy_datagram_from_iter")
int BPF_KRETPROBE(kprobe__skb_copy_datagram_from_iter)
{
	return kprobe__copied();
}

#define SEND_ENTRY(name)                                                                           \
	SEC("kprobe/" #name)                                                                       \
	int BPF_KPROBE(kprobe__##name, struct socket *socket)                                      \
	{                                                                                          \
		return kprobe__enter(socket, NULL, SENT, 0);                                       \
	}

#define RECEIVE_ENTRY(name)                                                                        \
	SEC("kprobe/" #name)                                                                       \
	int BPF_KPROBE(kprobe__##name, struct socket *socket, struct msghdr *msg, size_t size,     \
		       int flags)                                                                  \
	{                                                                                          \
		return kprobe__enter(socket, NULL, RECEIVED, flags);                               \
	}

SEND_ENTRY(inet_sendmsg)
SEND_ENTRY(inet6_sendmsg)
SEND_ENTRY(inet_sendpage)
RECEIVE_ENTRY(inet_recvmsg)
RECEIVE_ENTRY(inet6_recvmsg)

SEC("kprobe/unix_stream_sendmsg")
int BPF_KPROBE(kprobe__unix_stream_sendmsg, struct socket *socket, struct msghdr *msg)
{
	return kprobe__enter(socket, msg, SENT, 0);
}

SEC("kprobe/unix_stream_recvmsg")
int BPF_KPROBE(kprobe__unix_stream_recvmsg, struct socket *socket, struct msghdr *msg, size_t size,
	       int flags)
{
	return kprobe__enter(socket, msg, RECEIVED, flags);
}
