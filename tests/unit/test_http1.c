// SPDX-License-Identifier: Apache-2.0
/*
 * test_http1.c - request heads by table, each whole, from both guard pages, and cut behind each of
 * its bytes.
 */
#include "http1_check.h"

#include <errno.h>
#include <stdio.h>

#include "util/array.h"

struct request_case {
	struct bytes in;
	size_t rest; /* bytes of @in that are not of the head */
	const char *method;
	const char *target;
	struct seen_fields seen;
	enum http1_body body;
	bool http10;
};

#define REQUEST(head, its_method, its_target)                                                      \
	.in = LITERAL(head), .method = its_method, .target = its_target
/* A GET of / (a POST to /t) with @lines as its fields. */
#define GET(lines)  REQUEST("GET / HTTP/1.1\r\n" lines "\r\n", "GET", "/")
#define POST(lines) REQUEST("POST /t HTTP/1.1\r\n" lines "\r\n", "POST", "/t")

static const struct request_case start_lines[] = {
	{ GET("") },
	{ REQUEST("GET / HTTP/1.0\r\n\r\n", "GET", "/"), .http10 = true },
	{ REQUEST("GET / HTTP/1.1\n\n", "GET", "/") },
	{ REQUEST("\r\nGET / HTTP/1.1\r\n\r\n", "GET", "/") },
	{ REQUEST("\n\r\n\nGET / HTTP/1.1\r\n\n", "GET", "/") },
	{ REQUEST("GET / HTTP/1.1 \r\n\r\n", "GET", "/") },
	{ REQUEST("GET  /  HTTP/1.1\r\n\r\n", "GET", "/") },
	{ REQUEST("GET / HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n", "GET", "/"), .rest = 22 },
	{ REQUEST("GET / HTTP/1.1\r\n\r\n\0\0", "GET", "/"), .rest = 2 },
	{ REQUEST("get /x HTTP/1.1\r\n\r\n", "get", "/x") },
	{ REQUEST("OPTIONS * HTTP/1.1\r\n\r\n", "OPTIONS", "*") },
	{ REQUEST("CONNECT db:3306 HTTP/1.1\r\n\r\n", "CONNECT", "db:3306") },
	{ REQUEST("GET http://a.example/b?c=d HTTP/1.1\r\n\r\n", "GET", "http://a.example/b?c=d") },
	{ REQUEST("GET /a b  c HTTP/1.1\r\n\r\n", "GET", "/a") },
	{ REQUEST("GET /a HTTP/1.0 HTTP/1.1\r\n\r\n", "GET", "/a") },
	{ REQUEST("GET /\xc3\xa4\xff HTTP/1.1\r\n\r\n", "GET", "/\xc3\xa4\xff") },
	{ REQUEST("GET /?q='\"<>|{}\\^` HTTP/1.1\r\n\r\n", "GET", "/?q='\"<>|{}\\^`") },
	{ REQUEST("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n\r\n", "!#$%&'*+-.^_`|~09azAZ", "/") },
	{ REQUEST("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345 / HTTP/1.1\r\n\r\n",
		  "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "/") },
};

static const struct request_case views[] = {
	{ GET("Host: a.example:8000\r\n"), .seen.host = "a.example:8000" },
	{ GET("hOsT:a\r\n"), .seen.host = "a" },
	{ GET("Host:\t a b \t\r\n"), .seen.host = "a b" },
	{ GET("Host : a\r\n"), .seen.host = "a" },
	{ GET("Host:\r\nUser-Agent: \r\n") },
	{ GET("Host:\r\nHost: b\r\n"), .seen.host = "b" },
	{ GET("Host: a\nUser-Agent: u\n"), .seen = { .host = "a", .user_agent = "u" } },
	{ GET("User-Agent: ELB-HealthChecker/2.0\r\n"),
	  .seen.user_agent = "ELB-HealthChecker/2.0" },
	{ GET("User-Agent: \xe4\x01\xff\r\n"), .seen.user_agent = "\xe4\x01\xff" },
	{ GET("X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nX-Forwarded-For: 9.9.9.9\r\n"),
	  .seen.forwarded_for = "1.2.3.4, 5.6.7.8" },
	{ GET("X-Forwarded-Proto: https\r\nX-Real-IP: ::1\r\n"),
	  .seen = { .forwarded_proto = "https", .real_ip = "::1" } },
	{ GET("x-amzn-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1\r\n"),
	  .seen.trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1" },
	{ GET("User-Agent: a\r\n b\r\n\tc\r\nHost: h\r\n"),
	  .seen = { .user_agent = "a\r\n b\r\n\tc", .host = "h" } },
	{ GET("User-Agent:\r\n folded\r\n"), .seen.user_agent = "folded" },
	{ GET("User-Agent: a\n  \nHost: h\n"), .seen = { .user_agent = "a", .host = "h" } },
	{ GET(" Host: behind white space\r\nHost: h\r\n"), .seen.host = "h" },
	{ GET("no colon\r\n Host: fold of no field\r\nHost: h\r\n"), .seen.host = "h" },
	{ GET("Host\r\n : a\r\n") },
	{ GET("X Host: a\r\n: b\r\nHosts: c\r\nHos: d\r\n") },
	{ GET("Cookie: Host: a\r\n") },
	{ GET("\0\0\r\n\0Host: a\r\nHost\0: b\r\nHost: h\r\n"), .seen.host = "h" },
};

static const struct request_case framing[] = {
	{ POST("Content-Length: 0\r\n"), .seen.length = "0" },
	{ POST("Content-Length: 5\r\n"), .seen.length = "5", .body = HTTP1_BODY_LENGTH },
	{ POST("Content-Length: 007 \r\n"), .seen.length = "7", .body = HTTP1_BODY_LENGTH },
	{ POST("content-length:9223372036854775807\r\n"), .seen.length = "9223372036854775807",
	  .body = HTTP1_BODY_LENGTH },
	{ POST("Content-Length: 5, 5\r\n"), .seen.length = "5", .body = HTTP1_BODY_LENGTH },
	{ POST("Content-Length: 5\r\nContent-Length: 5\r\n"), .seen.length = "5",
	  .body = HTTP1_BODY_LENGTH },
	{ POST("Content-Length: 5\r\n , 5\r\n"), .seen.length = "5", .body = HTTP1_BODY_LENGTH },
	{ POST("Content-Length: 5\r\nContent-Length: 6\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 5\r\nContent-Length: 6\r\nContent-Length: 6\r\n"),
	  .seen.length = "bad" },
	{ POST("Content-Length: x\r\nContent-Length: 5\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 5, 6\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 0, 6\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 5,\r\n"), .seen.length = "bad" },
	{ POST("Content-Length:\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: -1\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: +5\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 0x5\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 5 5\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 5\0\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 9223372036854775808\r\n"), .seen.length = "bad" },
	{ POST("Content-Length: 99999999999999999999999\r\n"), .seen.length = "bad" },
	{ POST("Transfer-Encoding: chunked\r\n"), .seen.flags = SEEN_CHUNKED,
	  .body = HTTP1_BODY_CHUNKED },
	{ POST("Transfer-Encoding: gzip, CHUNKED ,\r\n"), .seen.flags = SEEN_CHUNKED,
	  .body = HTTP1_BODY_CHUNKED },
	{ POST("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked ; a=b\r\n"),
	  .seen.flags = SEEN_CHUNKED, .body = HTTP1_BODY_CHUNKED },
	{ POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
	  .seen = { .length = "5", .flags = SEEN_CHUNKED }, .body = HTTP1_BODY_CHUNKED },
	{ POST("Transfer-Encoding: chunked\r\nContent-Length: a\r\n"),
	  .seen = { .length = "bad", .flags = SEEN_CHUNKED }, .body = HTTP1_BODY_CHUNKED },
	{ POST("Transfer-Encoding: chunked, gzip\r\n"), .seen.flags = SEEN_OTHER },
	{ POST("Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n"),
	  .seen = { .length = "3", .flags = SEEN_OTHER }, .body = HTTP1_BODY_LENGTH },
	{ POST("Transfer-Encoding: identity\r\n") },
	{ POST("Transfer-Encoding:\r\n") },
	{ POST("Transfer-Encoding: ;chunked\r\n") },
};

static const struct request_case connection[] = {
	{ GET("Connection: close\r\n"), .seen.flags = SEEN_CLOSE },
	{ GET("Connection: Keep-Alive\r\n"), .seen.flags = SEEN_KEEP_ALIVE },
	{ GET("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"),
	  .seen.flags = SEEN_KEEP_ALIVE | SEEN_UPGRADE },
	{ GET("Connection: x\r\nConnection: ,close,\r\n"), .seen.flags = SEEN_CLOSE },
	{ GET("Connection: closed, not-keep-alive\r\n") },
	{ GET("Proxy-Connection: close\r\n") },
	{ POST("Expect: 100-Continue\r\nContent-Length: 2\r\n"),
	  .seen = { .length = "2", .flags = SEEN_EXPECT }, .body = HTTP1_BODY_LENGTH },
	{ POST("Expect: 200-ok\r\n") },
};

static void check_request(const struct request_case *row, struct bytes in)
{
	struct http1_request request;

	if (!CHECK_EQ(http1_parse_request(in, &request), row->in.len - row->rest))
		return;
	CHECK_EQ(request.head_len, row->in.len - row->rest);
	CHECK_VIEW(request.method, row->method);
	CHECK_VIEW(request.target, row->target);
	CHECK_EQ(request.minor, row->http10 ? 0 : 1);
	CHECK_EQ(request.cut, false);
	check_fields(&request.fields, &row->seen);
	CHECK_EQ(http1_request_body(&request), row->body);
	check_inside(request.method, in);
	check_inside(request.target, in);
	check_fields_inside(&request.fields, in);
}

/* The first @n bytes of a head that has more. */
static void check_request_prefix(const struct http1_request *whole, struct bytes in,
				 size_t line_len)
{
	struct bytes prefix = bytes_of(guard_copy(in), in.len);
	struct http1_request request;
	int cut;

	CHECK_EQ(http1_parse_request(prefix, &request), 0);
	cut = http1_parse_request_cut(prefix, &request);
	if (!CHECK_EQ(cut, in.len < line_len ? 0 : in.len) || !cut)
		return;
	CHECK_EQ(request.cut, true);
	CHECK_EQ(request.head_len, in.len);
	CHECK_BYTES(request.method, whole->method);
	CHECK_BYTES(request.target, whole->target);
	CHECK_EQ(request.minor, whole->minor);
	check_fields_cut(&request.fields, &whole->fields);
}

/* Bytes up to the start line's end, the empty lines in front of it included. */
static size_t start_line_len(struct bytes in)
{
	size_t n = 0;

	while (in.at[n] == '\r' || in.at[n] == '\n')
		n++;
	return n + (size_t)bytes_index(bytes_skip(in, n), '\n') + 1;
}

static void check_request_case(const struct request_case *row)
{
	size_t head_len = row->in.len - row->rest;
	struct http1_request whole;

	check_request(row, bytes_of(guard_copy(row->in), row->in.len));
	check_request(row, bytes_of(guard_copy_front(row->in), row->in.len));
	check_request(row, bytes_of(guard_copy(row->in), head_len));
	if (!CHECK_EQ(http1_parse_request_cut(row->in, &whole), head_len))
		return;
	CHECK_EQ(whole.cut, false);
	for (size_t n = 0; n < head_len; n++) {
		check_request_prefix(&whole, bytes_take(row->in, n), start_line_len(row->in));
		guard_release();
	}
}

static void check_request_cases(const struct request_case *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		unit_context("row %zu: %.80s", i, (const char *)rows[i].in.at);
		check_request_case(&rows[i]);
	}
}

#define CHECK_REQUEST_CASES(rows) check_request_cases(rows, ARRAY_LEN(rows))

TEST(http1_request_start_lines)
{
	CHECK_REQUEST_CASES(start_lines);
}

TEST(http1_request_views)
{
	CHECK_REQUEST_CASES(views);
}

TEST(http1_request_framing)
{
	CHECK_REQUEST_CASES(framing);
}

TEST(http1_request_connection)
{
	CHECK_REQUEST_CASES(connection);
}

TEST(http1_request_cut_in_a_fold)
{
	struct http1_request request;
	struct bytes in = LITERAL("GET / HTTP/1.1\nUser-Agent: a\n b\n c\nHost: h\n\n");

	CHECK_EQ(http1_parse_request_cut(bytes_take(in, 29), &request), 29);
	CHECK_VIEW(request.fields.user_agent, "a");
	CHECK_EQ(http1_parse_request_cut(bytes_take(in, 31), &request), 31);
	CHECK_VIEW(request.fields.user_agent, "a");
	CHECK_EQ(http1_parse_request_cut(bytes_take(in, 32), &request), 32);
	CHECK_VIEW(request.fields.user_agent, "a\n b");
	CHECK_EQ(http1_parse_request_cut(bytes_take(in, 35), &request), 35);
	CHECK_VIEW(request.fields.user_agent, "a\n b\n c");
	CHECK_EQ(http1_parse_request_cut(bytes_take(in, 43), &request), 43);
	CHECK_VIEW(request.fields.host, "h");
	CHECK(request.cut);
}

/* Heads of more than any capture: nothing limits them here. */
TEST(http1_request_large_head)
{
	static char head[20000];
	struct bytes in = { (const uint8_t *)head, sizeof(head) };
	struct http1_request request;
	size_t n = (size_t)sprintf(head, "GET /%04000d HTTP/1.1\r\nCookie: ", 7);

	memset(head + n, 'c', sizeof(head) - n);
	memcpy(head + sizeof(head) - 14, "\r\nHost: h\r\n\r\n", 13);
	in.len--;
	CHECK_EQ(http1_parse_request(bytes_of(guard_copy(in), in.len), &request), in.len);
	CHECK_VIEW(request.fields.host, "h");
	CHECK_EQ(request.target.len, 4001);
	CHECK_EQ(http1_parse_request(bytes_of(guard_copy(in), in.len - 1), &request), 0);
	CHECK_EQ(http1_parse_request_cut(bytes_of(guard_copy(in), in.len - 1), &request),
		 in.len - 1);
	CHECK_EQ(request.cut, true);
	CHECK_VIEW(request.fields.host, "h");
}

/*
 * Each is refused whole, and its shortest refused beginning has the length given: no later byte may
 * mend it.
 */
static const struct {
	struct bytes in;
	size_t refused_at;
} bad_requests[] = {
	{ LITERAL("\0\0"), 1 },
	{ LITERAL(" GET / HTTP/1.1\r\n\r\n"), 1 },
	{ LITERAL("\rGET / HTTP/1.1\r\n\r\n"), 2 },
	{ LITERAL("\r\r\nGET / HTTP/1.1\r\n\r\n"), 2 },
	{ LITERAL("\x16\x03\x01\x02\x00"), 1 },
	{ LITERAL("G\xc4T / HTTP/1.1\r\n\r\n"), 2 },
	{ LITERAL("GET\t/ HTTP/1.1\r\n\r\n"), 4 },
	{ LITERAL("GET(x) / HTTP/1.1\r\n\r\n"), 4 },
	{ LITERAL("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1\r\n\r\n"), 33 },
	{ LITERAL("GET\r\n"), 4 },
	{ LITERAL("GET\n\n"), 4 },
	{ LITERAL("GET /\r\n"), 6 },
	{ LITERAL("GET /\n"), 6 },
	{ LITERAL("GET HTTP/1.1\r\n\r\n"), 13 },
	{ LITERAL("GET  HTTP/1.1\r\n\r\n"), 14 },
	{ LITERAL("GET /HTTP/1.1\r\n\r\n"), 14 },
	{ LITERAL("GET / HTTP/0.9\r\n\r\n"), 15 },
	{ LITERAL("GET / HTTP/1.2\r\n\r\n"), 15 },
	{ LITERAL("GET / http/1.1\r\n\r\n"), 15 },
	{ LITERAL("GET / HTTP/1.10\r\n\r\n"), 16 },
	{ LITERAL("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 15 },
	{ LITERAL("GET / HTTP/1.1\rX\r\n\r\n"), 16 },
	{ LITERAL("GET /\t HTTP/1.1\r\n\r\n"), 6 },
	{ LITERAL("GET /\x7f HTTP/1.1\r\n\r\n"), 6 },
	{ LITERAL("GET /\0 HTTP/1.1\r\n\r\n"), 6 },
	{ LITERAL("HTTP/1.1 200 OK\r\n\r\n"), 5 },
	{ LITERAL("SSH-2.0-OpenSSH_9.2\r\n"), 20 },
};

TEST(http1_request_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_requests); i++) {
		struct bytes in = bad_requests[i].in;
		struct http1_request request, untouched;

		unit_context("row %zu: %.80s", i, (const char *)in.at);
		memset(&request, 0xa5, sizeof(request));
		untouched = request;
		for (size_t n = 0; n <= in.len; n++) {
			int expected = n < bad_requests[i].refused_at ? 0 : -EBADMSG;
			struct bytes prefix = bytes_take(in, n);

			prefix.at = guard_copy(prefix);
			CHECK_EQ(http1_parse_request(prefix, &request), expected);
			CHECK(!memcmp(&request, &untouched, sizeof(request)));
			if (expected)
				CHECK_EQ(http1_parse_request_cut(prefix, &request), expected);
		}
	}
}
