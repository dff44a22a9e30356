/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * conn.bpf.h - a socket's identity: its conn, its thread, its addresses, and whether it still
 * lives.
 */
#ifndef BPFXRAY_CONN_BPF_H
#define BPFXRAY_CONN_BPF_H

#include "maps.bpf.h"

#define AF_UNIX	    1
#define AF_INET	    2
#define AF_INET6    10
#define SOCK_STREAM 1

/* Set by the loader: true when the backend's program type has no socket storage. */
extern const volatile bool conn_by_pointer;

/*
 * Set when a program was seen to run where it may be preempted. Read by the agent, which loads all
 * anew then, with a second program behind each that must not be left out (socket_sock.bpf.c).
 */
extern bool tracepoints_preemptible;

/* Set by the loader: the second programs are there; that of connections' states is. */
extern const volatile bool again_needed, state_again_needed;

/*
 * True when the program that asks is to do the work. @mark is of the thread or the connection that
 * the event is about: the first program leaves it, the second takes it away.
 */
static __always_inline bool again__is_mine(__u8 *mark, bool second, bool needed)
{
	bool marked = *mark;

	if (!needed)
		return !second;
	*mark = !second;
	return !second || !marked;
}

/* The current thread's state, or NULL when it is nobody's target. */
static __always_inline struct thread *thread__of(struct task_struct *task)
{
	return task_map__find(&thread_of_task, task);
}

/* Makes @task a target's thread. False: no room. */
static __always_inline bool thread__follow(struct task_struct *task)
{
	__u32 zero = 0;
	void *zeros = bpf_map_lookup_elem(&blank, &zero);

	return zeros && task_map__add(&thread_of_task, task, zeros);
}

/*
 * The same for one of io_uring's threads, which the kernel makes without telling of a fork: they
 * are followed when they first come by.
 */
static __noinline struct thread *thread__of_worker(struct task_struct *task)
{
	__u32 tgid = task__tgid(task);

	if (!bpf_map_lookup_elem(&bx_targets, &tgid))
		return NULL;
	if (!thread__follow(task))
		counter__add(BX_C_LOST_SOCKET, 1);
	return thread__of(task);
}

/* The same, where a socket's bytes move, or a thread ends. */
static __always_inline struct thread *thread__of_any(struct task_struct *task)
{
	struct thread *thread = thread__of(task);

	if (!thread && task__is_worker(task))
		return thread__of_worker(task);
	return thread;
}

/* Inode number of the socket: 0 when it has no file (closed, or not yet accepted). */
static __always_inline __u32 socket__ino(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

/*
 * False once the file of @ex's socket is gone. Unix sockets have no close event: this is how their
 * end is known. The memory may be another socket's by now: its inode differs then.
 */
static __always_inline bool socket__alive(struct open_exchange *ex)
{
	return socket__ino((struct sock *)ex->socket) == ex->ino;
}

/* The socket behind a file descriptor of @task, or NULL. */
static __always_inline struct sock *task__sock_of(struct task_struct *task, __u64 fd)
{
	struct file **fds = BPF_CORE_READ(task, files, fdt, fd), *file = NULL;
	struct socket *socket;

	if (fd >= BPF_CORE_READ(task, files, fdt, max_fds))
		return NULL;
	if (bpf_probe_read_kernel(&file, sizeof(file), fds + fd) || !file)
		return NULL;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/*
 * io_uring moves its bytes in the thread itself, too, at the end of any call: what that call's
 * arguments say is of something else, unless it is on this socket.
 */
static __always_inline void syscall__check(struct task_struct *task, struct syscall *call,
					   struct sock *sk)
{
	if (task__has_uring(task) && task__sock_of(task, call->fd) != sk)
		call->nr = -1;
}

static __noinline struct conn *conn__by_pointer(struct sock *sk, bool create)
{
	struct conn blank_conn = {}, *conn;
	__u64 key = (__u64)sk;
	__u32 ino = socket__ino(sk);

	conn = bpf_map_lookup_elem(&conn_of_ptr, &key);
	if (conn && ino && conn->ino && conn->ino != ino) {
		bpf_map_delete_elem(&conn_of_ptr, &key);
		conn = NULL;
	}
	if (conn) {
		if (!conn->ino)
			conn->ino = ino;
		return conn;
	}
	if (!create)
		return NULL;
	blank_conn.ino = ino;
	if (bpf_map_update_elem(&conn_of_ptr, &key, &blank_conn, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&conn_of_ptr, &key);
}

/* The conn of @sk; with @create a new one when there is none. NULL: none, or no room (counted). */
static __always_inline struct conn *conn__of(struct sock *sk, bool create)
{
	struct conn *conn;

	if (conn_by_pointer)
		conn = conn__by_pointer(sk, create);
	else
		conn = bpf_sk_storage_get(&conn_of_sk, sk, NULL,
					  create ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	if (!conn && create)
		counter__add(BX_C_LOST_SOCKET, 1);
	return conn;
}

/* A target listens on @sk: what it accepts is to be known from when it is established. */
static __always_inline void conn__listens(struct sock *sk)
{
	__u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);
	__u8 one = 1;

	if (conn_by_pointer)
		bpf_map_update_elem(&target_ports, &port, &one, BPF_ANY);
	else
		conn__of(sk, true); /* what it accepts inherits it: the entry is there in time */
}

/* True when @sk, just established, was accepted for a target, which is not known by inheritance. */
static __always_inline bool conn__is_accepted(struct sock *sk)
{
	__u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);

	return conn_by_pointer && bpf_map_lookup_elem(&target_ports, &port);
}

/* An id that no other connection has while the machine is up: time of first use and CPU. */
static __always_inline __u64 conn__new_id(__u64 now_ns)
{
	return now_ns << 8 | (bpf_get_smp_processor_id() & 0xff);
}

/* A connecting end's peer has no inode before it is accepted; an accepted one's always has. */
static __always_inline void conn__unix_names(struct sock *sk, struct bx_exchange *ex)
{
	struct sock *peer = unix__peer(sk);

	*(__u64 *)ex->local_addr = socket__ino(sk);
	*(__u64 *)ex->peer_addr = peer ? socket__ino(peer) : 0;
}

static __always_inline void conn__addresses(struct sock *sk, struct bx_exchange *ex)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	ex->family = family;
	if (family == AF_UNIX)
		conn__unix_names(sk, ex);
	if (family != AF_INET && family != AF_INET6)
		return;
	ex->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	ex->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		*(__be32 *)ex->local_addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(__be32 *)ex->peer_addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		return;
	}
	BPF_CORE_READ_INTO(&ex->local_addr, sk, __sk_common.skc_v6_rcv_saddr);
	BPF_CORE_READ_INTO(&ex->peer_addr, sk, __sk_common.skc_v6_daddr);
}

#endif
