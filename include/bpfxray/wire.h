/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * wire.h - what the kernel side tells the agent: ring buffer records and shared map values.
 *
 * The one contract between bpf/ and userspace/. Fixed widths, widest first, explicit padding, sizes
 * asserted; byte order is the host's, except addresses and text, which are as on the wire. The
 * includer provides __u8..__u64
 * (<linux/types.h> in the agent, vmlinux.h in BPF).
 */
#ifndef BPFXRAY_WIRE_H
#define BPFXRAY_WIRE_H

#include "limits.h"

/* struct bx_record.type */
#define BX_RECORD_EXCHANGE 1 /* struct bx_exchange, text behind it */
#define BX_RECORD_FRAGMENT                                                                         \
	2 /* struct bx_fragment: bytes that did not fit; precedes its exchange                     \
	   */
#define BX_RECORD_PROCESS     3 /* struct bx_process */
#define BX_RECORD_CLIENT_CALL 4 /* struct bx_client_call, text behind it */
#define BX_RECORD_DNS	      5 /* struct bx_dns, a name server's datagram behind it */
#define BX_RECORD_DIALLED     6 /* struct bx_dialled */

/* protocol of a connection */
#define BX_PROTO_UNKNOWN 0
#define BX_PROTO_HTTP1	 1
#define BX_PROTO_UWSGI	 2
#define BX_PROTO_MYSQL	 3
#define BX_PROTO_TLS	 4
#define BX_PROTO_DNS	 5
#define BX_PROTO_OTHER	 6

/* role of the traced process on a connection */
#define BX_ROLE_UNKNOWN 0
#define BX_ROLE_SERVER	1 /* request = received, response = sent */
#define BX_ROLE_CLIENT	2 /* request = sent, response = received */

/* struct bx_exchange.flags */
#define BX_EX_SNAPSHOT	   (1u << 0) /* not finished: sent by the sweep, or the thread moved on */
#define BX_EX_SAME	   (1u << 1) /* as the last snapshot: no text is repeated */
#define BX_EX_CLOSED_LOCAL (1u << 2) /* the traced side closed or shut down its sending side */
#define BX_EX_CLOSED_PEER  (1u << 3) /* a read returned 0, or the peer's FIN/RST was seen */
#define BX_EX_RESET	   (1u << 4) /* ended by a reset or a socket error */
#define BX_EX_FAULTED	   (1u << 5) /* a read of the caller's buffer faulted: bytes are missing */
#define BX_EX_UNREADABLE   (1u << 6) /* moved by a call that is counted, not read (sendfile) */
#define BX_EX_NO_TEXT	   (1u << 7) /* the pool was full: times and totals only */
#define BX_EX_MIDSTREAM                                                                            \
	(1u << 8) /* the connection is older than its trace: MySQL's strict rule applies */
#define BX_EX_LOGIN                                                                                \
	(1u << 9) /* MySQL: the request is a login packet whose auth field was cut out */
#define BX_EX_WITHHELD                                                                             \
	(1u << 10) /* MySQL: the request's bytes were not copied (auth reply, LOCAL INFILE) */
#define BX_EX_MULTIPLEX                                                                            \
	(1u << 11) /* the thread is known to serve several requests at once: owns nothing */
#define BX_EX_CONNECT_FAILED                                                                       \
	(1u << 12)		/* no byte was exchanged: connect() failed, error in .error */
#define BX_EX_COMPAT (1u << 13) /* a 32-bit caller: its buffers are not read */
#define BX_EX_TLS    (1u << 14) /* plain text of a TLS session */
#define BX_EX_COMPRESSED                                                                           \
	(1u << 15) /* MySQL: the login agreed to compression: no bytes are copied */

struct bx_record {
	__u32 type;
	__u32 len; /* of the whole record, header included */
};

/* One socket call of a turn: the turn's byte count when it returned, and when. */
struct bx_call {
	__u32 end;	/* low 32 bits of the turn's byte count behind this call */
	__u32 after_us; /* microseconds since the turn's first_ns (saturates) */
};

/* From this byte of the turn on, this thread moved the bytes. */
struct bx_hand {
	__u32 offset; /* low 32 bits */
	__u32 tid;
};

/* A run of bytes in one direction. Times: CLOCK_MONOTONIC, at the return of the call. */
struct bx_turn {
	__u64 first_ns;
	__u64 last_ns;
	__u64 total;	  /* bytes on the socket */
	__u32 kept;	  /* bytes from offset 0 kept without a gap: in text, then in fragments */
	__u32 text_len;	  /* of these, bytes in the record's text */
	__u32 calls;	  /* socket calls with bytes */
	__u32 calls_kept; /* entries used of the log's call[] */
	__u32 hands; /* changes of thread, the first call included; above BX_HANDS_CAP: not all kept
		      */
	__u32 _pad;
};

/* Who moved a turn's bytes, and when. What is behind the used entries is undefined. */
struct bx_log {
	struct bx_hand hand[BX_HANDS_CAP];
	struct bx_call call[BX_CALLS_CAP];
};

/* The same in a brief record. */
struct bx_brief_log {
	struct bx_hand hand[BX_BRIEF_HANDS_CAP];
	struct bx_call call[BX_BRIEF_CALLS_CAP];
};

/*
 * An exchange: one request turn and one response turn on one connection. turn[0] is the request's,
 * turn[1] the response's. Either may be empty: a MySQL greeting has no request, an aborted request
 * no response.
 */
struct bx_exchange {
	struct bx_record record;
	__u64 conn;	      /* connection id, unique while the tracer runs */
	__u64 owner_conn;     /* client role: exchange of the thread's current request; 0 = none */
	__u64 established_ns; /* connection established (accepted or connected); 0 = not seen */
	__u64 connect_ns;     /* client role: connect() began; 0 = not seen */
	__u64 opened_ns;      /* first byte of either turn, or the failed connect's end */
	__u64 closed_ns;      /* the connection's end (CLOSED_*, RESET); 0 = open */
	__u32 seq;	      /* exchange number on the connection, from 1, no gaps */
	__u32 owner_seq;
	__u32 tgid; /* process and thread (init namespace) that opened it: read the head, or sent
		       first */
	__u32 tid;
	__u32 end_tid;	/* thread of the last call */
	__u32 children; /* server role: client exchanges opened by the owning thread so far */
	__u32 flags;	/* BX_EX_* */
	__u32 error;	/* socket errno for BX_EX_RESET and BX_EX_CONNECT_FAILED */
	/*
	 * IPv4 in the first 4 bytes; unix: the sockets' inode numbers, 64 bits in host order, 0
	 * when unknown.
	 */
	__u8 local_addr[16];
	__u8 peer_addr[16];
	__u16 local_port; /* host order */
	__u16 peer_port;
	__u16 family; /* AF_INET 2, AF_INET6 10, AF_UNIX 1 */
	__u8 protocol;
	__u8 role;
	struct bx_turn turn[2];
	__u32 text_len;
	__u32 brief; /* 1: the logs are struct bx_brief_log */
		     /* struct bx_log[2], or struct bx_brief_log[2] */
		     /* text_len bytes of text: turn[0].text_len, then turn[1].text_len */
};

/* Bytes between the head of a record and its text. */
static inline __u32 bx_logs_len(const struct bx_exchange *ex)
{
	return 2 * (ex->brief ? sizeof(struct bx_brief_log) : sizeof(struct bx_log));
}

/* struct bx_fragment.flags */
#define BX_FRAG_TAIL (1u << 0) /* the turn's last bytes; there may be a gap before them */
#define BX_FRAG_HEAD                                                                               \
	(1u << 1) /* the bytes begin a call that looks like a message head; may follow a gap */

struct bx_fragment {
	struct bx_record record;
	__u64 conn;
	__u64 offset; /* in the turn */
	__u32 seq;
	__u32 turn; /* 0 request, 1 response */
	__u32 flags;
	__u32 data_len;
	/* data_len bytes */
};

/* struct bx_process.what */
#define BX_PROCESS_FORK 1 /* tgid became a target, forked by parent_tgid */
#define BX_PROCESS_EXEC 2
#define BX_PROCESS_EXIT 3 /* its last thread ended */

struct bx_process {
	struct bx_record record;
	__u64 at_ns;
	__u32 what;
	__u32 tgid;
	__u32 parent_tgid;
	__u32 _pad;
};

/* struct bx_client_call.kind */
#define BX_CALL_QUERY	1
#define BX_CALL_PREPARE 2
#define BX_CALL_EXECUTE 3
#define BX_CALL_CONNECT 4 /* it failed; the agent may know of it from the socket as well */

/*
 * The cookie of a probe on a MySQL client library: which structures the library has, and, as bits,
 * how its calls end.
 */
#define BX_CLIENT_OTHER	  0u /* neither of these: only arguments are read */
#define BX_CLIENT_MYSQL	  1u
#define BX_CLIENT_MARIADB 2u
#define BX_CLIENT_OPEN	  4u /* a probe on a return would end the process: there is none */
#define BX_CLIENT_ERROR	  8u /* the function is called for the text of an error */

/*
 * A call of a MySQL client library that no exchange tells of. Each string ends with NUL; empty:
 * unknown.
 */
struct bx_client_call {
	struct bx_record record;
	__u64 owner_conn; /* exchange of the thread's current request; 0 = none */
	__u64 start_ns;
	__u64 end_ns;
	__u32 owner_seq;
	__u32 tgid;
	__u32 tid;
	__u32 kind;
	__u32 error; /* the library's error code, 0 when it did not fail or its layout is not known
		      */
	__u32 port;  /* host order, 0 on a unix socket */
	__u32 text_len;
	__u32 text_total; /* the statement's whole length; low 32 bits */
	__u8 failed;
	__u8 multiplex; /* as BX_EX_MULTIPLEX */
	char sqlstate[6];
	char host[64];
	char user[64];
	char database[64];
	char server_version[48];
	char unix_socket[112];
	/* text_len bytes of the statement */
};

/* What a name server told a target in one datagram. */
struct bx_dns {
	struct bx_record record;
	__u64 at_ns;
	__u32 tgid;
	__u32 tid;
	__u32 data_len;
	__u32 _pad;
	/* data_len bytes */
};

/* A MySQL client library was asked to connect to this host, and @conn is where it went. */
struct bx_dialled {
	struct bx_record record;
	__u64 conn;
	char host[256]; /* as asked for, ends with NUL */
};

/*
 * Per-CPU counters of the kernel side; index into the map `counters`. Loss counters end in the
 * cause.
 */
enum bx_counter {
	BX_C_EXCHANGES = 0, /* exchanges opened */
	BX_C_SUBMITTED,	    /* exchange records that entered the ring and end an exchange */
	BX_C_SNAPSHOTS,	    /* snapshot records that entered the ring */
	BX_C_ENDED_TOLD,    /* exchanges that ended with their last snapshot as it was */
	BX_C_LOST_RING,	    /* exchange lost: ring full */
	BX_C_LOST_TORN,	    /* exchange lost: it changed while it was copied for the last time */
	BX_C_LOST_POOL,	    /* exchange lost: pool full or its element gone */
	BX_C_LOST_FRAGMENT, /* fragment lost: ring full (the exchange goes without these bytes) */
	BX_C_LOST_SOCKET,   /* no socket storage: a connection that cannot be followed */
	BX_C_DISCARDED,	    /* provisional exchanges dropped: not a protocol of ours */
	BX_C_FAULTS,	    /* reads of the caller's memory that faulted */
	BX_C_UNREADABLE,    /* calls counted by bytes only */
	BX_C_COMPAT,	    /* calls of 32-bit callers, counted by bytes only */
	BX_C_TLS,	    /* connections that speak TLS */
	BX_C_OTHER,	    /* connections given up as another protocol */
	BX_C_WITHHELD,	    /* MySQL client packets not copied: auth, LOCAL INFILE, continuations */
	BX_C_LATE_BYTES,    /* response bytes without an open exchange (attach in mid-exchange) */
	BX_C_CALLS,	    /* socket calls of targets seen */
	BX_C_TLS_READ,	    /* TLS sessions whose plain text is read */
	BX_C_CLIENT_CALLS,  /* calls of MySQL client libraries that were told of */
	BX_C_TLS_UNTIED,    /* reads and writes of TLS sessions that no socket is known of */
	BX_C_TLS_UNREAD,    /* MySQL over TLS: logins and commands that nothing reads */
	BX_C_NAMES,	    /* datagrams of name servers that entered the ring */
	BX_C_LOST_NAMES,    /* names lost: ring full */
	BX_C_SDK_DOCUMENTS, /* datagrams of a target that begin as an X-Ray SDK's documents do */
	BX_C_LEFT_OUT,	    /* runs of programs that the kernel left out; counted by the agent */
	BX_C_MISSED,	    /* those of them that no second program made up for; the same */
	BX_C_MAX
};

#endif
