/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.bpf.h - every map of the kernel side, a card each: key, value, writer, deleter, when full.
 *
 * The maps are defined in maps.bpf.c and joined to the other objects by the static linker.
 */
#ifndef BPFXRAY_MAPS_BPF_H
#define BPFXRAY_MAPS_BPF_H

#include "compat.bpf.h"
#include "bpfxray/classify.h"

/* struct conn.flags */
#define CONN_FINAL                                                                                 \
	(1u << 0) /* verdict final, nothing more is looked at: other protocol, TLS, ended */
#define CONN_GREETED	(1u << 1) /* MySQL: greeting seen, the login packet comes next */
#define CONN_MIDSTREAM	(1u << 2) /* MySQL: older than the trace */
#define CONN_TRUSTED	(1u << 3) /* MySQL mid-stream: a reply with sequence number 1 was seen */
#define CONN_COMPRESSED (1u << 4) /* MySQL: packets are compressed from the login's answer on */
#define CONN_SKIP_RECEIVED                                                                         \
	(1u << 5) /* undecided: this direction's run failed to classify, wait for the flip */
#define CONN_SKIP_SENT (1u << 6)
#define CONN_LOGIN_CUT (1u << 7) /* MySQL: the login comes in pieces, capabilities not read yet */
#define CONN_TLS       (1u << 8) /* a TLS session is tied to it, or this is the session's own */
#define CONN_CIPHER                                                                                \
	(1u << 9) /* MySQL: it went over to TLS, and no session is seen to write on it */
#define CONN_LOGGED_IN (1u << 10) /* then: its login has gone by unread */

/* What is known of a socket while it is idle. */
struct conn {
	__u64 id; /* 0: not used yet (a listener, or a child that nobody has read) */
	__u64 established_ns;
	__u64 connect_ns;
	__u64 connect_owner_conn; /* the request that the connecting thread was serving */
	__u32 connect_owner_seq;
	__u32 connect_tgid;
	__u32 connect_tid;
	__u32 seq; /* number of the last exchange */
	__u32 flags;
	__u32 ino; /* the socket's inode, to know a recycled sock from its predecessor */
	__u8 protocol;
	__u8 role;
	__u8 tries;
	__u8 mark; /* again__is_mine() */
	__u8 _pad[4];
};

struct span {
	__u64 base;
	__u64 len;
};

/* The caller's buffers, in order. */
struct buffers {
	struct span span[BX_IOV_MAX];
	__u64 count;
};

/* A read or write of a TLS session, from its entry to its return. */
struct tls_call {
	__u64 session; /* 0: the thread is in none */
	__u64 buffer;
	__u64 moved_at; /* where the _ex forms leave the length; 0: it is returned */
	__u64 sp;	/* the stack pointer at the entry: what it calls is below */
	__u32 dir;	/* RECEIVED or SENT */
	__u32 _pad;
};

/* Backend kprobe: the socket of a call, noted at its entry. */
struct inside {
	__u64 socket; /* the struct sock; 0: none that is followed */
	__u64 msg;    /* of a unix socket: the struct msghdr, else 0 */
	__u32 at;     /* where the stream stood when it was last looked at */
	__u32 dir;
};

/* A call of a MySQL client library, from its entry to its return. */
struct client_call {
	__u64 object; /* the MYSQL or MYSQL_STMT; 0: the thread is in none */
	__u64 text;
	__u64 host; /* these of a connect: arguments, as addresses of strings or 0 */
	__u64 user;
	__u64 database;
	__u64 unix_socket;
	__u64 text_len;
	__u64 started_ns;
	__u64 sp;   /* the stack pointer at the entry: what it calls is below */
	__u64 conn; /* of a connect: where it went; 0: not known */
	__u32 kind; /* BX_CALL_* */
	__u32 seen; /* CLIENT_*: what became of the socket calls nested in it */
	__u32 port;
	__u32 cookie; /* BX_CLIENT_* of its library */
	__u32 async;  /* it returns before it is done, and goes on in a later call */
	__u32 _pad;
};

#define CLIENT_READ	  (1u << 0) /* bytes moved, and their connection is read */
#define CLIENT_UNREADABLE (1u << 1) /* bytes moved that say nothing: cipher text, deflated */
#define CLIENT_KEPT	  (1u << 2) /* these, and its record waits in kept_calls */
#define CLIENT_CROWDED	  (1u << 3) /* what it moved before is not known: THREAD_POLLS_SEVERAL */

/*
 * A target's thread: the request that it serves; and the call that it is in, which no other thread
 * touches. The call is here and not on the stack because kernels before 6.13 give a program and all
 * that it calls 512 bytes.
 */
struct thread {
	__u64 request_conn; /* 0: none */
	__u32 request_seq;
	__u32 flags; /* THREAD_* */
	__u8 mark;   /* again__is_mine() */
	struct inside inside;
	struct syscall call;
	struct buffers buffers;
	struct tls_call tls;
	struct client_call client;
	__u64 async_object; /* libmariadb: what a function *_start was just called for */
};

#define THREAD_MULTIPLEX                                                                           \
	(1u << 0) /* has read a head while another request of its own had no answer */

#define THREAD_POLLS_SEVERAL                                                                       \
	(1u << 1) /* has polled a client library for one statement while another was under way */

/* A TLS session of a process: the address of its SSL or gnutls_session_t. */
struct tls_key {
	__u64 session;
	__u32 tgid;
	__u32 _pad;
};

/* The MYSQL or MYSQL_STMT of a process. */
struct client_key {
	__u64 object;
	__u32 tgid;
	__u32 _pad;
};

struct client_call_record {
	struct bx_client_call call;
	__u8 text[BX_READ_CAP];
};

/* The plain text's connection; its id is the socket's. */
struct tls_conn {
	struct conn conn;
	__u64 socket; /* address of the struct sock, only ever read by probe_read */
};

/* A target process. */
struct target {
	__u32 agent_pid; /* the tracer that follows it: a second one refuses */
	__u32 root_pid;	 /* the --pid it descends from */
};

/*
 * Of a tail, twice what is sent: so that short calls can be appended before the front is dropped.
 */
#define TAIL_ROOM (2 * BX_TAIL_CAP)

/* An exchange while it is open. */
struct open_exchange {
	struct bx_exchange wire;
	struct bx_log log[2];
	__u8 text[BX_TEXT_CAP + BX_READ_CAP];
	__u64 socket;	     /* address of the struct sock, only ever read by probe_read */
	__u64 sent_total[2]; /* the turns' totals in the last snapshot */
	__u32 ino;
	__u8 first_sent;       /* undecided: the first bytes were sent, not received */
	__u8 withheld;	       /* MySQL: no more bytes of this request are copied */
	__u8 header_len;       /* MySQL: bytes of `header` that are there */
	struct bx_looks looks; /* undecided: of exchange__classify() */
	__u8 _pad0[3];
	__u8 header[16]; /* MySQL: header of the request's last packet and its command byte */
	__u32 packet_at; /* MySQL: where in the request that packet begins */
	__u32 head_done; /* HTTP: the response's head ended at the end of a call */
	__u32 tail_len[2];
	__u32 sent_seq;	   /* the exchange whose snapshot sent_total[] is of */
	__u64 tail_end[2]; /* the bytes of the turn up to the tail's last; 0: it is being written */
	__u8 tail[2][TAIL_ROOM + BX_TAIL_CAP];
};

/*
 * ring: the one way out. Records of wire.h. Writer: exchange.bpf.h, task.bpf.c. Reader:
 * probe/ring.c. Full: the record is lost, counted (BX_C_LOST_RING, BX_C_LOST_FRAGMENT).
 */
struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BX_RING_BYTES);
};
extern struct ring_map ring SEC(".maps");

/*
 * pool: connection id -> open exchange. Writer: exchange__open(). Deleter: exchange__close() when
 * the connection ends or the bytes are nobody's; the sweep for an exchange that the agent
 * calls idle. Full: the exchange is lost, counted (BX_C_LOST_POOL). Preallocated:
 * an allocation in a probe may fail.
 */
struct pool_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BX_POOL_MAX);
	__type(key, __u64);
	__type(value, struct open_exchange);
};
extern struct pool_map pool SEC(".maps");

/*
 * idle_by_conn: connection id -> number of the exchange that the agent knows to be answered whole
 * and quiet: the sweep ends it, so that idle keep-alive connections do not fill the pool. Writer
 * and deleter: the agent, before and after a sweep. Full: the exchange stays open.
 */
struct idle_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BX_POOL_MAX);
	__type(key, __u64);
	__type(value, __u32);
};
extern struct idle_map idle_by_conn SEC(".maps");

/* blank: 0 -> a zeroed exchange, what a new element of `pool` is copied from. Written never. */
struct blank_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct open_exchange);
};
extern struct blank_map blank SEC(".maps");

/*
 * conn_of_sk: struct sock -> conn, for programs that may use socket storage. Writer: conn.bpf.h.
 * Deleter: the kernel, with the socket. An accepted socket inherits its listener's entry. Full: no
 * memory, counted (BX_C_LOST_SOCKET).
 */
struct conn_of_sk_map {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct conn);
};
extern struct conn_of_sk_map conn_of_sk SEC(".maps");

/*
 * conn_of_ptr: address of a struct sock -> conn, for the backends `kprobe` and `syscall`, whose
 * program types have no socket storage. Writer: conn.bpf.h. Deleter: TCP close, but for a reset
 * that a send may overtake; a recycled address is known by its inode. Full: counted
 * (BX_C_LOST_SOCKET).
 */
struct conn_of_ptr_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct conn);
};
extern struct conn_of_ptr_map conn_of_ptr SEC(".maps");

/*
 * target_ports: port that a target listens on -> 1, for the backends of conn_of_ptr: there a
 * connection does not inherit from its listener. Writer: conn__listens(). Deleter: none, a port
 * costs little. Full: connections to it are known from their first bytes on, not from when they
 * were established.
 */
struct target_ports_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BX_PORTS_MAX);
	__type(key, __u16);
	__type(value, __u8);
};
extern struct target_ports_map target_ports SEC(".maps");

/*
 * thread_of_task: task -> thread; being there makes a thread a target's. Writer: task.bpf.c (fork,
 * and the agent's first walk). Deleter: the kernel, with the task; on old kernels task.bpf.c. Full:
 * the thread is not followed, counted (BX_C_LOST_SOCKET).
 */
struct thread_map {
	TASK_MAP(BX_THREADS_MAX);
	__type(value, struct thread);
};
extern struct thread_map thread_of_task SEC(".maps");

/*
 * tls_sessions: TLS session -> its connection. Writer: tls__tie(), at the first socket call nested
 * in a read or write of the session. Deleter: tls__free; the agent, for a process that has ended; a
 * session that is freed unseen is overwritten when its address is used again. Full: the session is
 * not read, counted (BX_C_LOST_SOCKET).
 */
struct tls_sessions_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, BX_TLS_SESSIONS_MAX);
	__type(key, struct tls_key);
	__type(value, struct tls_conn);
};
extern struct tls_sessions_map tls_sessions SEC(".maps");

/*
 * kept_calls: MYSQL or MYSQL_STMT -> the record of its statement, which cannot be read on the
 * socket and whose end is not known yet. Writer: client__keep(). Deleter: client__finish(), at the
 * next call of the library for it; the agent, for a process that has ended. Full: the statement is
 * lost, counted (BX_C_LOST_SOCKET).
 */
struct kept_calls_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, BX_KEPT_CALLS_MAX);
	__type(key, struct client_key);
	__type(value, struct client_call_record);
};
extern struct kept_calls_map kept_calls SEC(".maps");

/* kept_blank: 0 -> a zeroed record, what a new element of `kept_calls` is copied from. */
struct kept_blank_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct client_call_record);
};
extern struct kept_blank_map kept_blank SEC(".maps");

/*
 * bx_targets: process id (init namespace) -> target. Writer: agent at start, fork hook. Deleter:
 * exit hook of the last thread. Its name is how a second tracer finds the first. Full: the child is
 * followed but not listed.
 */
struct targets_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BX_TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct target);
};
extern struct targets_map bx_targets SEC(".maps");

/*
 * counters: enum bx_counter -> count, per CPU. Writer: counter__add(). Read by the agent; never
 * reset.
 */
struct counters_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BX_C_MAX);
	__type(key, __u32);
	__type(value, __u64);
};
extern struct counters_map counters SEC(".maps");

static __always_inline void counter__add(__u32 which, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &which);

	if (value)
		__sync_fetch_and_add(value, n);
}

#endif
