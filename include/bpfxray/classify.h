/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * classify.h - the first bytes of a turn -> protocol and role: yes, no, or more bytes needed.
 *
 * Pure, bounded, without loops that depend on the input's length; the same text is compiled into
 * the BPF programs, the agent and the tests. A new protocol is a line in classify() and one pure
 * parser in userspace/proto.
 */
#ifndef BPFXRAY_CLASSIFY_H
#define BPFXRAY_CLASSIFY_H

#include "wire.h"

/* Verdicts of classify(). */
#define BX_CLASSIFY_NO	 0
#define BX_CLASSIFY_YES	 1
#define BX_CLASSIFY_MORE 2

/* What the verdict YES says beyond protocol and role. */
#define BX_CLASS_GREETING                                                                          \
	1 /* a MySQL server's greeting: the connection is seen from its beginning */
#define BX_CLASS_RESPONSE 2 /* a response came first: its request was before the trace */
#define BX_CLASS_MIDSTREAM                                                                         \
	3 /* a MySQL command on a connection whose login was not seen: strict rule */

struct bx_class {
	__u8 verdict;
	__u8 protocol;
	__u8 role;
	__u8 detail;
};

/*
 * What each of the looks at the first bytes said. The caller lends the memory: in a BPF map its
 * values are unknown again to the verifier when they are read back, so that the ways through one
 * look are not multiplied with those through the next.
 */
struct bx_looks {
	__u8 http, uwsgi, tls, mysql, response;
	__u8 start; /* of an HTTP request, behind an empty line */
};

#define BX_LOOKED() asm volatile("" ::: "memory")

/*
 * Longest method of RFC 9110's registry that is tried is 16 letters (UPDATEREDIRECTREF has 17);
 * then a space.
 */
#define BX_METHOD_MAX 20

static inline struct bx_class bx_class_of(__u8 verdict, __u8 protocol, __u8 role, __u8 detail)
{
	struct bx_class class = { verdict, protocol, role, detail };

	return class;
}

static inline int bx_is_upper(__u8 c)
{
	return c >= 'A' && c <= 'Z';
}

/*
 * An HTTP request begins with a method (capital letters and `-` in every registered one), a space,
 * and a target that begins with `/`, `*`, a letter (absolute and authority form), a digit or `[`.
 * Empty lines may precede (RFC 9112 2.2).
 */
static inline __u8 bx_classify_http_request(const __u8 *b, __u32 len, struct bx_looks *looks)
{
	__u32 i, start;

	looks->start = len && b[0] == '\r' ? 2 : len && b[0] == '\n' ? 1 : 0;
	BX_LOOKED();
	start = looks->start;
	if (start >= len)
		return BX_CLASSIFY_MORE;
	if (start == 2 && b[1] != '\n')
		return BX_CLASSIFY_NO;
	for (i = 0; i < BX_METHOD_MAX; i++) {
		__u32 at = (start + i) & (BX_CLASSIFY_LEN - 1);

		if (start + i >= len)
			return BX_CLASSIFY_MORE;
		if (b[at] == ' ' && i >= 3) {
			__u8 c;

			if (start + i + 1 >= len)
				return BX_CLASSIFY_MORE;
			c = b[(at + 1) & (BX_CLASSIFY_LEN - 1)];
			return c == '/' || c == '*' || c == '[' || (c >= '0' && c <= '9') ||
					       bx_is_upper(c & ~0x20)
				       ? BX_CLASSIFY_YES
				       : BX_CLASSIFY_NO;
		}
		if (!bx_is_upper(b[at]) && ((b[at] != '-' && b[at] != '_') || !i))
			return BX_CLASSIFY_NO;
	}
	return BX_CLASSIFY_NO;
}

/* `HTTP/1.` and a digit. */
static inline __u8 bx_classify_http_response(const __u8 *b, __u32 len)
{
	if (len < 8)
		return len && b[0] != 'H' ? BX_CLASSIFY_NO : BX_CLASSIFY_MORE;
	return b[0] == 'H' && b[1] == 'T' && b[2] == 'T' && b[3] == 'P' && b[4] == '/' &&
			       b[5] == '1' && b[6] == '.' && (b[7] == '0' || b[7] == '1')
		       ? BX_CLASSIFY_YES
		       : BX_CLASSIFY_NO;
}

/* TLS record: handshake (or alert, application data on an older connection), version 3.0 to 3.4. */
static inline __u8 bx_classify_tls(const __u8 *b, __u32 len)
{
	if (!len)
		return BX_CLASSIFY_MORE;
	if (b[0] < 0x14 || b[0] > 0x17)
		return BX_CLASSIFY_NO;
	if (len < 3)
		return BX_CLASSIFY_MORE;
	return b[1] == 3 && b[2] <= 4 ? BX_CLASSIFY_YES : BX_CLASSIFY_NO;
}

/* The uwsgi protocol: modifier1 0, size LE, modifier2 0, then a first key of capitals and `_`. */
static inline __u8 bx_classify_uwsgi(const __u8 *b, __u32 len)
{
	__u32 size, key;

	if (!len)
		return BX_CLASSIFY_MORE;
	if (b[0])
		return BX_CLASSIFY_NO;
	if (len < 7)
		return BX_CLASSIFY_MORE;
	size = b[1] | b[2] << 8;
	key = b[4] | b[5] << 8;
	if (b[3] || key < 2 || key > 64 || size < key + 4)
		return BX_CLASSIFY_NO;
	return bx_is_upper(b[6]) || b[6] == '_' ? BX_CLASSIFY_YES : BX_CLASSIFY_NO;
}

/*
 * What a MySQL server says first. Either a handshake: length LE 24, sequence 0, protocol version
 * 10, a version that begins with a digit (that of 4.0 took 37 bytes and up). Or why it will not
 * talk (too many connections, a host that is not let in): ERR with a server's code.
 */
static inline __u8 bx_classify_mysql_greeting(const __u8 *b, __u32 len)
{
	__u32 size, code;

	if (len < 7)
		return (len > 3 && b[3]) || (len > 4 && b[4] != 0x0a && b[4] != 0xff)
			       ? BX_CLASSIFY_NO
			       : BX_CLASSIFY_MORE;
	size = b[0] | b[1] << 8 | b[2] << 16;
	if (b[3] || size >= 1024)
		return BX_CLASSIFY_NO;
	if (b[4] == 0x0a)
		return size >= 37 && b[5] >= '0' && b[5] <= '9' ? BX_CLASSIFY_YES : BX_CLASSIFY_NO;
	code = b[5] | b[6] << 8;
	return b[4] == 0xff && size > 3 && code >= 1000 && code < 2000 ? BX_CLASSIFY_YES
								       : BX_CLASSIFY_NO;
}

/* A command byte that a client sends on an authenticated connection. */
static inline int bx_mysql_is_command(__u8 c)
{
	return (c >= 0x01 && c <= 0x04) || c == 0x09 || c == 0x0e || (c >= 0x16 && c <= 0x1c) ||
	       c == 0x1f || c == 0xfa;
}

/*
 * A MySQL command on a connection older than the trace. This is only a candidate: the reply's
 * sequence number (kernel), the sum of the packets and the text's first keyword (trace/) must agree
 * before anything is made of it.
 */
static inline __u8 bx_classify_mysql_command(const __u8 *b, __u32 len)
{
	__u32 size;

	if (len < 5)
		return len > 3 && b[3] ? BX_CLASSIFY_NO : BX_CLASSIFY_MORE;
	size = b[0] | b[1] << 8 | b[2] << 16;
	return size >= 1 && !b[3] && bx_mysql_is_command(b[4]) ? BX_CLASSIFY_YES : BX_CLASSIFY_NO;
}

static inline void bx_look(const __u8 *b, __u32 len, struct bx_looks *looks)
{
	looks->http = bx_classify_http_request(b, len, looks);
	BX_LOOKED();
	looks->uwsgi = bx_classify_uwsgi(b, len);
	BX_LOOKED();
	looks->tls = bx_classify_tls(b, len);
	BX_LOOKED();
	looks->response = bx_classify_http_response(b, len);
	BX_LOOKED();
}

static inline struct bx_class bx_undecided(const struct bx_looks *looks)
{
	if (looks->http == BX_CLASSIFY_MORE || looks->uwsgi == BX_CLASSIFY_MORE ||
	    looks->tls == BX_CLASSIFY_MORE || looks->mysql == BX_CLASSIFY_MORE ||
	    looks->response == BX_CLASSIFY_MORE)
		return bx_class_of(BX_CLASSIFY_MORE, BX_PROTO_UNKNOWN, BX_ROLE_UNKNOWN, 0);
	return bx_class_of(BX_CLASSIFY_NO, BX_PROTO_UNKNOWN, BX_ROLE_UNKNOWN, 0);
}

/*
 * Bytes that a traced process received first in a turn. @b must have BX_CLASSIFY_LEN readable
 * bytes; @looks is written over.
 */
static inline struct bx_class bx_classify_received(const __u8 *b, __u32 len, struct bx_looks *looks)
{
	bx_look(b, len, looks);
	looks->mysql = bx_classify_mysql_greeting(b, len);
	BX_LOOKED();
	if (looks->response == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_CLIENT,
				   BX_CLASS_RESPONSE);
	if (looks->http == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_SERVER, 0);
	if (looks->mysql == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_MYSQL, BX_ROLE_CLIENT,
				   BX_CLASS_GREETING);
	if (looks->uwsgi == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_UWSGI, BX_ROLE_SERVER, 0);
	if (looks->tls == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_TLS, BX_ROLE_UNKNOWN, 0);
	return bx_undecided(looks);
}

/* The same of bytes that it sent. */
static inline struct bx_class bx_classify_sent(const __u8 *b, __u32 len, struct bx_looks *looks)
{
	bx_look(b, len, looks);
	looks->mysql = bx_classify_mysql_command(b, len);
	BX_LOOKED();
	if (looks->response == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_SERVER,
				   BX_CLASS_RESPONSE);
	if (looks->http == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_HTTP1, BX_ROLE_CLIENT, 0);
	if (looks->uwsgi == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_UWSGI, BX_ROLE_CLIENT, 0);
	/*
	 * TLS first: application data of 28 bytes, 17 03 03 00 1c, would pass for a
	 * COM_STMT_FETCH.
	 */
	if (looks->tls == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_TLS, BX_ROLE_UNKNOWN, 0);
	if (looks->mysql == BX_CLASSIFY_YES)
		return bx_class_of(BX_CLASSIFY_YES, BX_PROTO_MYSQL, BX_ROLE_CLIENT,
				   BX_CLASS_MIDSTREAM);
	return bx_undecided(looks);
}

#endif
