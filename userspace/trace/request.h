/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - what the trace layer hands on: a finished request with the database calls proven to
 * be its own.
 *
 * Plain data. Strings are NUL-terminated, owned by the struct (of a pool: util/pool.h), NULL when
 * unknown; times are CLOCK_MONOTONIC nanoseconds, 0 when unknown.
 */
#ifndef BPFXRAY_TRACE_REQUEST_H
#define BPFXRAY_TRACE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_NAME_CAP 256 /* RFC 1035's 253 characters, and what a caller writes besides */

/*
 * What the tracer knows of a database connection; shared by the statements on it (copied into
 * each).
 */
struct db_peer {
	char address[64];	/* IP as text, "localhost" for a unix socket */
	char name[DB_NAME_CAP]; /* what the service calls the address; empty: not known */
	uint16_t port;		/* 0: unix socket */
	char user[96];
	char database[96];
	char version[64]; /* MariaDB's real version, MySQL's as told */
	char driver[96];  /* "mysql-connector-python 26.10.0", "pymysql 1.2.4"; empty: unknown */
};

enum statement_kind {
	STATEMENT_QUERY,   /* COM_QUERY */
	STATEMENT_EXECUTE, /* COM_STMT_EXECUTE, BULK_EXECUTE */
	STATEMENT_PREPARE,
	STATEMENT_CONNECT, /* handshake and session set-up, or a failed connect */
	STATEMENT_COMMAND, /* any other round trip: ping, init_db, reset .. (see name) */
};

struct statement {
	enum statement_kind kind;
	char command[24]; /* "query", "execute", "prepare", "connect", "ping", "init_db" ... */
	struct db_peer peer;
	char *sql; /* raw text as captured, without NUL bytes; NULL: unknown (prepare not seen,
		      ciphertext) */
	size_t sql_len;
	bool sql_truncated;
	bool no_backslash_escapes, ansi_quotes, odd_charset; /* for the sanitiser */
	bool failed;
	uint16_t err_code;
	char err_sqlstate[6];
	char *err_message;
	int64_t rows;	   /* -1: unknown */
	int64_t affected;  /* -1: unknown */
	uint64_t start_ns; /* the first byte of the command was sent */
	uint64_t first_ns; /* first byte of the answer */
	uint64_t meta_ns;  /* the answer's metadata was read */
	uint64_t last_ns;  /* its last byte was read */
	uint64_t end_ns;   /* the statement's end: meta_ns when the rows were fetched later, else
			      last_ns */
	uint32_t tgid, tid;
	bool lost_connection; /* no answer: the connection ended first */
	bool incomplete;      /* the answer's end was not seen */
};

/* What of a request is marked as not fully known. */
/* The head outgrew the capture: header fields may be absent. */
#define REQUEST_HEAD_CUT (1u << 0)
/* Fewer statements arrived than the kernel counted. */
#define REQUEST_CHILDREN_MISSING (1u << 1)
/* The connection ended before the response was complete. */
#define REQUEST_ABORTED (1u << 2)
/* No byte of a response was seen. */
#define REQUEST_NO_RESPONSE (1u << 3)
/* Answered by the front itself: no worker saw it. */
#define REQUEST_FRONT_ONLY (1u << 4)
/* 101, or a CONNECT tunnel: the segment ends at the switch. */
#define REQUEST_UPGRADED (1u << 5)
/* Attach came in the middle of it. */
#define REQUEST_BEGUN_BEFORE (1u << 6)
/* Times and status are the front's, children the worker's. */
#define REQUEST_JOINED_FRONT (1u << 7)
/* Served by a thread that serves several at once. */
#define REQUEST_MULTIPLEXED (1u << 8)

struct request {
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t first_byte_ns; /* first byte of the response */
	int64_t queue_ns; /* connection established (or front read) to the worker's first read; -1
			     unknown */
	char *text;	  /* holds the next seven, but for the scheme */
	const char *method;
	const char *scheme; /* "http" or "https" */
	const char *host; /* Host header, or the authority of an absolute-form target, or the local
			     address */
	const char *target; /* raw request target; absolute form as is */
	const char *user_agent;
	const char *x_forwarded_for;
	const char *trace_header;  /* X-Amzn-Trace-Id as received */
	char *answer_trace_header; /* the answer's: an X-Ray SDK is at work in the service */
	char client_ip[64]; /* peer (or the uwsgi REMOTE_ADDR); empty: unix socket without one */
	char protocol[16];  /* "HTTP/1.1" */
	int status;	    /* 0: none seen */
	int64_t request_length;	 /* Content-Length, -1 absent */
	int64_t response_length; /* Content-Length of the response, -1 absent */
	uint64_t bytes_in, bytes_out;
	uint32_t tgid, tid;
	uint32_t children_seen; /* what the kernel counted */
	uint32_t flags;		/* REQUEST_* */
	uint64_t number;	/* the same as when it was told while it was open; 0: it was not */
	struct statement *statements; /* by start_ns */
	size_t statement_count;
	size_t statement_cap;
};

void statement_clear(struct statement *s);
/* Frees the statements; the rest stays. */
void request_clear_statements(struct request *r);
/* Frees what @r owns, not @r itself. */
void request_clear(struct request *r);

#endif
