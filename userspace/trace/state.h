/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - what the trace layer remembers between records. Private to trace/.
 *
 *	conn     a socket, by cookie; its protocol's state hangs on it
 *	live     a request from its head to the sink
 *	served   what the kernel says was done for one server-role exchange: the statements, and how
 *many to expect thread   who serves what at one time: the proof that a statement belongs to a
 *request process  its requests, and whether it is a front or a worker
 */
#ifndef BPFXRAY_TRACE_STATE_H
#define BPFXRAY_TRACE_STATE_H

#include "proto/sql.h"
#include "trace/list.h"
#include "trace/trace.h"
#include "util/pool.h"
#include "util/table.h"

/* Milliseconds as nanoseconds. */
#define MS(n) ((uint64_t)(n)*1000000)

/* How long a finished request waits for statements that the kernel counted, or for its worker. */
#define WAIT_CHILDREN_NS MS(250)
#define WAIT_WORKER_NS	 MS(250)
/*
 * How long a worker's request waits for a front that was never seen, and for one that is known to
 * be there.
 */
#define WAIT_UNKNOWN_FRONT_NS MS(250)
#define WAIT_FRONT_NS	      MS(1000)
/*
 * How long a front may go on sending to a slow client after its worker has answered, and how long a
 * worker may go on after its front has given the client an answer.
 */
#define WAIT_OPEN_FRONT_NS  MS(600 * 1000)
#define WAIT_OPEN_WORKER_NS MS(600 * 1000)
/*
 * How long a statement that the kernel's owner does not take is kept for a request whose thread
 * only its answer tells: as long as such a request may last.
 */
#define WAIT_STRAY_NS MS(10 * 1000)
/* How long such a request waits to learn whether its process is a thread pool. */
#define WAIT_POOL_NS MS(1000)
/*
 * How long a closed connection is remembered, so that late statements for it are recognised as
 * such.
 */
#define TOMBSTONE_NS MS(2000)

/* Memory bounds: beyond them the oldest goes first, counted. */
#define CONNS_MAX	   65536
#define SERVED_MAX	   65536
#define WAITING_MAX	   65536
#define THREADS_MAX	   65536
#define STRAYS_MAX	   65536
#define KNOWN_PEERS_MAX	   4096
#define NAMES_MAX	   1024		/* answers of name servers; lines of hosts files */
#define HOSTS_MAX	   256		/* lines of one hosts file */
#define FRAGMENT_BYTES_MAX (256 * 1024) /* of one exchange */

/* Linux's numbers of the address families, as wire.h passes them. */
#define FAMILY_UNIX  1
#define FAMILY_INET  2
#define FAMILY_INET6 10

/* An address and a port; IPv4 in its IPv6-mapped form, so that both families compare. */
struct endpoint {
	uint8_t addr[16];
	uint16_t port; /* 0: a unix socket, or unknown */
};

struct http_conn;
struct mysql_conn;
struct names;

struct conn {
	uint64_t id;
	struct list lru;
	struct list idle_link; /* trace->idle */
	uint64_t idle_ns;      /* the tick's time since which it is there */
	struct list fragments; /* struct fragment */
	size_t fragment_bytes;
	uint64_t established_ns;
	uint64_t closed_at_ns; /* the tick time of its end */
	uint64_t ino;	       /* unix: of the socket itself, and of its peer; 0: unknown */
	uint64_t peer_ino;
	uint32_t seq; /* of the latest exchange, 0: none yet */
	uint32_t tgid;
	bool ended;  /* the latest exchange has ended */
	bool closed; /* a tombstone */
	bool hop;    /* in trace->hops */
	bool tls;    /* its bytes are the plain text of a TLS session */
	uint8_t role;
	uint8_t protocol;
	uint16_t family;
	struct endpoint local;
	struct endpoint peer;
	struct http_conn *http;
	struct mysql_conn *mysql;
	char *dialled; /* the host a client library was asked for, until ->mysql is there */
};

struct thread {
	struct list lru;
	struct list open;  /* struct live.thread_link: firm requests that are not answered */
	struct list done;  /* struct live.thread_link: answered, not handed on yet */
	struct list nodes; /* struct node.thread_link: statements that nobody has taken */
	uint32_t tid;
	uint32_t tgid;
	uint32_t users;	       /* live requests that point here */
	bool gone;	       /* its process has ended */
	uint64_t multiplex_ns; /* since when it serves several requests at once; UINT64_MAX: never
				  seen */
	uint64_t last_ns;      /* end of its last request */
	struct {
		uint64_t conn;
		uint64_t start_ns;
		uint64_t end_ns;
	} recent[8]; /* requests that ended */
	unsigned int recent_next;
	struct strange *strange; /* NULL: it never answered a request that was not seen */
	uint32_t upgraded;	 /* connections that thread_upgrade() has told of, open still */
	uint64_t upgraded_from_ns;
	uint64_t upgraded_to_ns; /* UINT64_MAX while one is open */
};

/* When a thread sent answers to requests whose heads were not seen, in a ring. */
struct strange {
	uint64_t at_ns[32];
	unsigned int next;
};

#define PROCESS_FRONT	   (1u << 0) /* has had requests that were joined with a worker's */
#define PROCESS_PROXY	   (1u << 1) /* makes HTTP requests itself */
#define PROCESS_UNIX_PROXY (1u << 2) /* over unix sockets too */
#define PROCESS_WORKER	   (1u << 3) /* has had requests that came through a front */
#define PROCESS_FRONTLESS  (1u << 4) /* waited for a front in vain */
#define PROCESS_GONE	   (1u << 5)
#define PROCESS_PLAIN                                                                              \
	(1u << 7) /* a request of its own was handed on: what it is has had time to show */
#define PROCESS_HANDS (1u << 6) /* its threads answer requests that others have read */

struct process {
	uint32_t tgid;
	uint32_t flags;
	struct list requests; /* struct live.process_link */
};

struct served {
	struct list lru;
	uint64_t conn;
	uint32_t seq;
	uint32_t users;	   /* live requests that cover this exchange */
	uint32_t expected; /* what the kernel counted */
	uint32_t arrived;
	uint64_t grown_ns; /* the tick's time at which it counted more than before */
	bool ended; /* the exchange has ended: nothing more will need it when its users are gone */
	struct list nodes; /* struct node.link */
};

/* A statement until its request takes it. */
struct node {
	struct list link;	 /* served->nodes, or trace->strays */
	struct list thread_link; /* its own thread's nodes */
	uint64_t stray_ns;	 /* the tick's time at which it became nobody's */
	bool stray;		 /* it is in trace->strays */
	struct statement s;
	enum sql_kind kind;    /* STATEMENT_QUERY */
	struct served *served; /* NULL: nobody's */
	struct node **open;    /* who still writes to it; cleared when it is taken away */
};

struct live {
	struct request r;
	struct list conn_link; /* unanswered requests of the connection */
	struct list thread_link;
	struct list process_link;
	struct list waiting_link; /* finished, not yet handed on */
	struct list route_link;
	struct list told_link; /* trace->told */
	struct route *route;
	struct live *end_next; /* the next one whose peer has the same port or inode */
	struct live *end_prev; /* NULL: the one that trace->by_end has */
	struct live *front;    /* of a worker's request */
	struct live *worker;   /* of a front's */
	struct thread *thread;
	struct process *process;
	uint64_t conn;
	uint64_t order;		 /* requests are numbered as their heads come */
	uint64_t established_ns; /* of the connection, when this is its first request; else 0 */
	uint64_t wait_ns;	 /* tick since which it waits */
	uint64_t last_out_ns;	 /* last byte of its response so far */
	uint64_t owns_until_ns; /* what its thread did later is not its own; set when it is finished
				 */
	uint64_t told_ns;	/* the tick's time at which it was told */
	uint64_t peer_ino;	/* of a unix socket's other end; 0: unknown */
	uint32_t maker;		/* the traced process at the connection's other end; 0: not known */
	uint32_t seq_first;
	uint32_t seq_last;
	uint16_t family;
	struct endpoint peer;
	char remote_addr[64]; /* uwsgi: the front's peer, as the variables tell */
	uint16_t remote_port;
	uint64_t after_ns; /* end of the answer before it on the connection */
	bool soft;	   /* its thread is known by the answer only: pipelined, or handed over */
	bool uwsgi;
	bool indexed;	     /* in trace->by_end */
	bool response_begun; /* a final response's head was seen */
	bool until_close;    /* its response has no length */
	bool closes;	     /* nothing can follow its response on the connection */
	bool finished;
	bool alone;   /* its front is not to be looked for any more */
	bool dropped; /* the other half of it was handed on */
	bool told;    /* it was handed on itself, without its front */
	bool claimed; /* told, and its front's request is accounted for */
	bool counted; /* as what has become of it */
};

/* What comes and goes with each request is used again. */
struct pools {
	struct pool conn, http, live, served, node, pending, route;
	struct pool text;	/* of a request's head, of a statement; longer ones are not kept */
	struct pool statements; /* the array of a request; larger ones are not kept */
};

#define POOL_TEXT_LEN	512 /* a head's texts; a statement of an ORM with a handful of columns */
#define POOL_STATEMENTS 4
#define POOL_SLAB	64  /* connections: they stay, between what comes and goes */
#define POOL_KEPT	256 /* of each: with all that hangs on them 2 MB after a burst */

struct trace {
	enum db_spans db_spans;
	struct trace_sink sink;
	struct trace_counters counters;
	uint64_t now_ns; /* of the last tick */
	struct pools pools;
	struct table conns;	/* cookie -> struct conn */
	struct list conn_lru;	/* those that live */
	struct list tombstones; /* those that closed, by time */
	struct list idle;	/* those whose requests are all answered, by time */
	size_t idle_count;
	size_t idle_max;     /* more are told before their time; 0: any number waits */
	struct table served; /* cookie, seq -> struct served */
	struct list served_lru;
	struct table threads; /* tid -> struct thread */
	struct list thread_lru;
	struct table processes; /* tgid -> struct process */
	struct table by_end;	/* the peer's port, its inode -> struct live, chained */
	struct table hops;	/* local end -> struct conn: HTTP connections of traced processes */
	struct table routes;	/* hash of method, of target -> struct route */
	struct list told;	/* requests that were told without their fronts, by time */
	size_t told_count;
	struct table mysql_peers; /* endpoint -> server version, malloc'ed string */
	struct names *names;
	struct list strays; /* statements whose exchange is over: a soft request may own them */
	size_t stray_count;
	uint64_t requests_open; /* of which nothing is counted yet but their heads */
	struct list waiting;	/* finished requests */
	size_t waiting_count;
	uint64_t open_after_ns; /* what is open for longer is told; 0: nothing is */
	uint64_t open_walk_ns;	/* when it is looked for next */
	uint64_t told_open;	/* requests that were */
	uint64_t heads;		/* requests so far */
	bool uwsgi_seen;	/* a worker of the uwsgi protocol is in the tree */
	bool fronts_expected;	/* see trace_expect_fronts() */
	bool http_seen;		/* so is a server of HTTP */
	uint32_t proxies; /* PROCESS_PROXY, PROCESS_UNIX_PROXY: such a process is in the tree */
};

static inline struct table_key endpoint_key(const struct endpoint *e)
{
	uint64_t lo;
	uint64_t hi;

	memcpy(&lo, e->addr, sizeof(lo));
	memcpy(&hi, e->addr + 8, sizeof(hi));
	return table_key2(lo ^ ((uint64_t)e->port << 48 | e->port), hi);
}

static inline bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

#endif
