/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_trace_phrases.h - who speaks, and what is said on the wire by protocol and direction: pieces
 * that make whole conversations when they come in order, and hostile ones when they do not.
 */
#ifndef BPFXRAY_TESTS_FUZZ_TRACE_PHRASES_H
#define BPFXRAY_TESTS_FUZZ_TRACE_PHRASES_H

#include "bpfxray/wire.h"
#include "util/array.h"
#include "util/bytes.h"

/* The clients' port: that which the uwsgi phrase names as REMOTE_PORT. */
#define FUZZ_PEER_PORT 4660

/* The bytes that the story is told from; zeros behind their end. */
struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline struct bytes take_bytes(struct input *in, size_t n)
{
	struct bytes taken = bytes_of(in->at, n < in->left ? n : in->left);

	in->at += taken.len;
	in->left -= taken.len;
	return taken;
}

/* A connection of each kind that the kernel side tells of. */
static const struct {
	uint64_t conn;
	uint32_t family;
	uint8_t protocol, role;
} fuzz_roles[] = {
	{ 1, 2, BX_PROTO_HTTP1, BX_ROLE_SERVER }, { 2, 2, BX_PROTO_UWSGI, BX_ROLE_SERVER },
	{ 3, 2, BX_PROTO_MYSQL, BX_ROLE_CLIENT }, { 4, 1, BX_PROTO_HTTP1, BX_ROLE_SERVER },
	{ 5, 1, BX_PROTO_MYSQL, BX_ROLE_CLIENT }, { 6, 2, BX_PROTO_HTTP1, BX_ROLE_CLIENT },
};

#define CONNS ARRAY_LEN(fuzz_roles)

struct fuzz_phrase {
	const char *text;
	size_t len;
};

#define PHRASE(text)                                                                               \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

/* The vars of a uwsgi request, 85 bytes. */
#define UWSGI_METHOD "\x0e\0REQUEST_METHOD\x03\0GET"
#define UWSGI_URI    "\x0b\0REQUEST_URI\x06\0/todos"
#define UWSGI_ADDR                                                                                 \
	"\x0b\0REMOTE_ADDR\x09\0"                                                                  \
	"127.0.0.1"
#define UWSGI_PORT                                                                                 \
	"\x0b\0REMOTE_PORT\x04\0"                                                                  \
	"4660"
#define UWSGI_VARS UWSGI_METHOD UWSGI_URI UWSGI_ADDR UWSGI_PORT

/* Capabilities: protocol 41, connect with database, plugin auth, transactions, multi statements and
 * results. */
#define MYSQL_LOGIN                                                                                \
	"\x34\0\0\1\x8d\xa2\x0b\0\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0user\0" \
	"\0"                                                                                       \
	"db\0mysql_nati\0"
#define MYSQL_GREETING                                                                             \
	"\x4a\0\0\0\x0a"                                                                           \
	"8.0.36\0\1\0\0\0abcdefgh\0\xff\xf7\x21\2\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0"               \
	"abcdefghijkl\0mysql_native_password\0"

static const struct fuzz_phrase fuzz_http_requests[] = {
	PHRASE("GET /todos HTTP/1.1\r\nHost: a.example\r\nUser-Agent: f\r\n\r\n"),
	PHRASE("POST /todos HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
	PHRASE("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
	       "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
	PHRASE("GET / HTTP/1.0\r\n\r\n"),
	PHRASE("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
	PHRASE("GET /half HTTP/1.1\r\nHo"),
	PHRASE("st: b\r\n\r\n"),
	PHRASE("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
	PHRASE("POST /big HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
	       "70000\r\n\r\n"),
	PHRASE("GET http://b/x?y#z HTTP/1.1\r\nX-Amzn-Trace-Id: "
	       "Root=1-5759e988-bd862e3fe1be46a994272793\r\n"
	       "X-Forwarded-For: 10.0.0.1\r\n\r\n"),
	PHRASE("\r\n"),
};

static const struct fuzz_phrase fuzz_http_responses[] = {
	PHRASE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
	PHRASE("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
	PHRASE("HTTP/1.1 100 Continue\r\n\r\n"),
	PHRASE("HTTP/1.1 304 Not Modified\r\n\r\n"),
	PHRASE("HTTP/1.0 200 OK\r\n\r\nuntil the end"),
	PHRASE("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
	PHRASE("HTTP/1.1 500 No\r\nX-Amzn-Trace-Id: Root=1-a-b\r\nContent-Length: 0\r\n"
	       "Connection: close\r\n\r\n"),
	PHRASE("HTTP/1.1 20"),
	PHRASE("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n"),
	PHRASE("0\r\n\r\n"),
	PHRASE("\r\n"),
};

static const struct fuzz_phrase fuzz_uwsgi_requests[] = {
	PHRASE("\0\x55\0\0" UWSGI_VARS),
	PHRASE("\0\x55\0\0"
	       "\x0e\0REQUEST_METHOD\x03\0GE"),
	PHRASE("T\x0b\0REQUEST_URI\x01\0/"),
	PHRASE("\0\x69\0\0" UWSGI_VARS "\x0e\0CONTENT_LENGTH\x02\0"
	       "11"),
	PHRASE("hello world"),
};

static const struct fuzz_phrase fuzz_mysql_requests[] = {
	PHRASE("\x09\0\0\0\3SELECT 1"),
	PHRASE(MYSQL_LOGIN),
	PHRASE("\x0d\0\0\0\x16SELECT ? + 1"),
	PHRASE("\x0a\0\0\0\x17\1\0\0\0\0\1\0\0\0"),
	PHRASE("\5\0\0\0\x19\1\0\0\0"),
	PHRASE("\x07\0\0\0\3COMMIT"),
	PHRASE("\1\0\0\0\x0e"),
	PHRASE("\1\0\0\0\1"),
	PHRASE("\x0f\0\0\0\3SET NAMES utf8"),
	PHRASE("\6\0\0\0\2other"),
	PHRASE("\x14\0\0\0\3SELECT 'half of it"),
	PHRASE("\xff\xff\xff\0\3INSERT"),
	PHRASE("\0\0\0\1"),
};

static const struct fuzz_phrase fuzz_mysql_responses[] = {
	PHRASE("\7\0\0\1\0\0\0\2\0\0\0"),
	PHRASE(MYSQL_GREETING),
	PHRASE("\7\0\0\2\0\0\0\2\0\0\0"),
	PHRASE("\1\0\0\1\1\x17\0\0\2\3def\0\0\0\1"
	       "1\0\x0c\x3f\0\1\0\0\0\x08\x81\0\0\0\0\5\0\0\3\xfe\0\0\2\0"),
	PHRASE("\2\0\0\4\1"
	       "1\5\0\0\5\xfe\0\0\2\0"),
	PHRASE("\x17\0\0\1\xff\x28\4#42000You have an er"),
	PHRASE("\x0c\0\0\1\0\1\0\0\0\0\0\0\0\0\0\0"),
	PHRASE("\5\0\0\1\xfb"
	       "file"),
	PHRASE("\7\0\0\1\0\0\0\x0a\0\0\0"),
	PHRASE("\x0c\0\0\1\xff\x15\4Too many"),
	PHRASE("\x2c\0\0\2\xfe"
	       "caching_sha2_password\0abcdefghijklmnopqrst\0"),
};

#define PICK(phrases, which)                                                                       \
	bytes_of((const uint8_t *)(phrases)[(which) % ARRAY_LEN(phrases)].text,                    \
		 (phrases)[(which) % ARRAY_LEN(phrases)].len)

static inline struct bytes fuzz_phrase(uint8_t protocol, int turn, uint8_t which)
{
	switch (protocol) {
	case BX_PROTO_MYSQL:
		return turn ? PICK(fuzz_mysql_responses, which) : PICK(fuzz_mysql_requests, which);
	case BX_PROTO_UWSGI:
		if (!turn)
			return PICK(fuzz_uwsgi_requests, which);
		break;
	default:
		if (!turn)
			return PICK(fuzz_http_requests, which);
	}
	return PICK(fuzz_http_responses, which);
}

#endif
