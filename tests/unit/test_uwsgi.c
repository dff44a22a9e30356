// SPDX-License-Identifier: Apache-2.0
/*
 * test_uwsgi.c - uwsgi requests by table, each whole, from both guard pages, and cut behind each of
 * its bytes.
 */
#include "proto/uwsgi.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "util/array.h"

/* A test request: the variables are `KEY=value` strings, closed by NULL. */
struct uwsgi_case {
	const char *variables[20];
	const char *rest; /* bytes behind the head */
	struct {
		const char *method, *uri, *host, *user_agent, *forwarded_for, *forwarded_proto;
		const char *trace_id, *addr, *name, *port, *protocol;
		const char *length; /* NULL: -1 */
		uint16_t remote_port;
		bool https;
	} seen;
};

static const struct uwsgi_case cases[] = {
	{ { "REQUEST_METHOD=GET" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=POST", "CONTENT_LENGTH=5" },
	  "hello",
	  { .method = "POST", .length = "5" } },
	/* What uWSGI's own HTTP router sends. */
	{ { "REQUEST_METHOD=GET", "REQUEST_URI=/todos/1?a=b", "PATH_INFO=/todos/1",
	    "QUERY_STRING=a=b", "SERVER_PROTOCOL=HTTP/1.1", "SCRIPT_NAME=", "SERVER_NAME=box",
	    "SERVER_PORT=8000", "UWSGI_ROUTER=http", "REMOTE_ADDR=127.0.0.1", "REMOTE_PORT=1927",
	    "HTTP_HOST=localhost:8000", "HTTP_USER_AGENT=curl/7.88.1", "HTTP_ACCEPT=*/*" },
	  NULL,
	  { .method = "GET",
	    .uri = "/todos/1?a=b",
	    .host = "localhost:8000",
	    .user_agent = "curl/7.88.1",
	    .addr = "127.0.0.1",
	    .name = "box",
	    .port = "8000",
	    .protocol = "HTTP/1.1",
	    .remote_port = 1927 } },
	/* What nginx sends. */
	{ { "QUERY_STRING=", "REQUEST_METHOD=PATCH", "CONTENT_TYPE=application/json",
	    "CONTENT_LENGTH=18", "REQUEST_URI=/x", "REQUEST_SCHEME=https", "HTTPS=on",
	    "REMOTE_ADDR=::1", "REMOTE_PORT=34567", "HTTP_X_FORWARDED_FOR=9.8.7.6, 1.1.1.1",
	    "HTTP_X_FORWARDED_PROTO=https", "HTTP_X_AMZN_TRACE_ID=Root=1-5759e988-bd86" },
	  "{\"completed\": true}",
	  { .method = "PATCH",
	    .uri = "/x",
	    .length = "18",
	    .addr = "::1",
	    .remote_port = 34567,
	    .forwarded_for = "9.8.7.6, 1.1.1.1",
	    .forwarded_proto = "https",
	    .trace_id = "Root=1-5759e988-bd86",
	    .https = true } },
	{ { "REQUEST_METHOD=GET", "CONTENT_LENGTH=" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "CONTENT_LENGTH=0" }, NULL, { .method = "GET", .length = "0" } },
	{ { "REQUEST_METHOD=GET", "CONTENT_LENGTH=-5" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "CONTENT_LENGTH=5x" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "CONTENT_LENGTH=9223372036854775808" },
	  NULL,
	  { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "REMOTE_PORT=65535" },
	  NULL,
	  { .method = "GET", .remote_port = 65535 } },
	{ { "REQUEST_METHOD=GET", "REMOTE_PORT=65536" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "REMOTE_PORT=0" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "REMOTE_PORT=" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "REMOTE_PORT=80 " }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "HTTPS=ON" }, NULL, { .method = "GET", .https = true } },
	{ { "REQUEST_METHOD=GET", "HTTPS=off", "REQUEST_SCHEME=http" }, NULL, { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "UWSGI_SCHEME=https" },
	  NULL,
	  { .method = "GET", .https = true } },
	{ { "REQUEST_METHOD=GET", "REQUEST_SCHEME=https" },
	  NULL,
	  { .method = "GET", .https = true } },
	/* Names are exact, the last of equal ones counts. */
	{ { "REQUEST_METHOD=GET", "http_host=a", "HTTP_HOS=b", "HTTP_HOST_=c", "XHTTP_HOST=d" },
	  NULL,
	  { .method = "GET" } },
	{ { "REQUEST_METHOD=GET", "REQUEST_METHOD=PUT", "HTTP_HOST=a", "HTTP_HOST=b" },
	  NULL,
	  { .method = "PUT", .host = "b" } },
	{ { "REQUEST_METHOD=GET", "HTTP_USER_AGENT=\xe4\x01\xff" },
	  NULL,
	  { .method = "GET", .user_agent = "\xe4\x01\xff" } },
};

/* Appends a length and that many bytes; the caller has the room. */
static size_t put_string(uint8_t *at, const char *s, size_t len)
{
	at[0] = len & 0xff;
	at[1] = (uint8_t)(len >> 8);
	memcpy(at + 2, s, len);
	return 2 + len;
}

/* Writes the head to @out, which has the room for it: its length. */
static size_t put_head(uint8_t *out, const char *const *variables)
{
	size_t len = 4;

	for (; *variables; variables++) {
		const char *equals = strchr(*variables, '=');

		len += put_string(out + len, *variables, (size_t)(equals - *variables));
		len += put_string(out + len, equals + 1, strlen(equals + 1));
	}
	out[0] = 0;
	out[1] = (len - 4) & 0xff;
	out[2] = (uint8_t)((len - 4) >> 8);
	out[3] = 0;
	return len;
}

static void check_seen(const struct uwsgi_request *request, const struct uwsgi_case *row)
{
	CHECK_VIEW(request->method, row->seen.method);
	CHECK_VIEW(request->uri, row->seen.uri);
	CHECK_VIEW(request->host, row->seen.host);
	CHECK_VIEW(request->user_agent, row->seen.user_agent);
	CHECK_VIEW(request->x_forwarded_for, row->seen.forwarded_for);
	CHECK_VIEW(request->x_forwarded_proto, row->seen.forwarded_proto);
	CHECK_VIEW(request->trace_id, row->seen.trace_id);
	CHECK_VIEW(request->remote_addr, row->seen.addr);
	CHECK_VIEW(request->server_name, row->seen.name);
	CHECK_VIEW(request->server_port, row->seen.port);
	CHECK_VIEW(request->protocol, row->seen.protocol);
	CHECK_EQ(request->remote_port, row->seen.remote_port);
	CHECK_EQ(request->content_length, row->seen.length ? atoll(row->seen.length) : -1);
	CHECK_EQ(request->https, row->seen.https);
}

static void check_whole(const struct uwsgi_case *row, struct bytes in, size_t head_len)
{
	struct uwsgi_request request;

	if (!CHECK_EQ(uwsgi_parse_request(in, &request), head_len))
		return;
	CHECK_EQ(request.head_len, head_len);
	CHECK_EQ(request.cut, false);
	check_seen(&request, row);
	CHECK_EQ(uwsgi_parse_request_cut(in, &request), head_len);
	CHECK_EQ(request.cut, false);
	check_seen(&request, row);
}

/*
 * @in is less than the head. A variable is known when it is whole, and the result does not wait for
 * the rest.
 */
static void check_prefix(struct bytes in, size_t head_len)
{
	struct bytes prefix = bytes_of(guard_copy(in), in.len);
	struct uwsgi_request request;
	int cut;

	CHECK_EQ(uwsgi_parse_request(prefix, &request), 0);
	cut = uwsgi_parse_request_cut(prefix, &request);
	if (!cut)
		return;
	CHECK_EQ(cut, head_len);
	CHECK_EQ(request.head_len, head_len);
	CHECK_EQ(request.cut, true);
	CHECK(request.method.len > 0);
}

TEST(uwsgi_requests)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t buffer[4096];
		struct bytes in = { buffer, put_head(buffer, cases[i].variables) };
		size_t head_len = in.len;

		unit_context("row %zu", i);
		check_whole(&cases[i], bytes_of(guard_copy(in), in.len), head_len);
		check_whole(&cases[i], bytes_of(guard_copy_front(in), in.len), head_len);
		if (cases[i].rest) {
			memcpy(buffer + in.len, cases[i].rest, strlen(cases[i].rest));
			in.len += strlen(cases[i].rest);
			check_whole(&cases[i], in, head_len);
		}
		for (size_t n = 0; n < head_len; n++) {
			check_prefix(bytes_take(in, n), head_len);
			guard_release();
		}
	}
}

TEST(uwsgi_cut_takes_whole_variables_only)
{
	static const char *const variables[] = { "HTTP_HOST=h", "REQUEST_METHOD=GET",
						 "REQUEST_URI=/abc", NULL };
	const size_t host_end = 4 + 2 + 9 + 2 + 1, method_end = host_end + 2 + 14 + 2 + 3;
	uint8_t buffer[128];
	size_t len = put_head(buffer, variables);
	struct uwsgi_request request;

	CHECK_EQ(uwsgi_parse_request_cut(bytes_of(buffer, host_end), &request), 0);
	CHECK_EQ(uwsgi_parse_request_cut(bytes_of(buffer, method_end - 1), &request), 0);
	CHECK_EQ(uwsgi_parse_request_cut(bytes_of(buffer, method_end), &request), len);
	CHECK_VIEW(request.host, "h");
	CHECK_VIEW(request.method, "GET");
	CHECK_VIEW(request.uri, "");
	CHECK_EQ(uwsgi_parse_request_cut(bytes_of(buffer, len - 1), &request), len);
	CHECK_VIEW(request.uri, "");
	CHECK(request.cut);
}

/* The largest head that the length field can tell. */
TEST(uwsgi_largest_head)
{
	static uint8_t buffer[4 + 65535];
	static char cookie[65535];
	struct bytes in = { buffer, sizeof(buffer) };
	struct uwsgi_request request;
	size_t len = 4;

	memset(cookie, 'c', sizeof(cookie));
	len += put_string(buffer + len, "REQUEST_METHOD", 14);
	len += put_string(buffer + len, "GET", 3);
	len += put_string(buffer + len, "HTTP_COOKIE", 11);
	len += put_string(buffer + len, cookie, sizeof(buffer) - len - 2);
	CHECK_EQ(len, sizeof(buffer));
	memset(buffer + 1, 0xff, 2);
	in.at = guard_copy(in);
	CHECK_EQ(uwsgi_parse_request(in, &request), sizeof(buffer));
	CHECK_EQ(uwsgi_parse_request(bytes_take(in, in.len - 1), &request), 0);
	CHECK_EQ(uwsgi_parse_request_cut(bytes_take(in, in.len - 1), &request), sizeof(buffer));
}

/* Each is refused from @refused_at bytes on, and not before. */
static const struct {
	struct bytes in;
	size_t refused_at;
} bad[] = {
	{ LITERAL("GET / HTTP/1.1\r\n\r\n"), 1 },
	{ LITERAL("\x16\x03\x01\x02\x00"), 1 },
	{ LITERAL("\x05\x08\0\0\x03\0abc\x01\0d"), 1 },
	{ LITERAL("\0\0\0\0"), 4 },
	{ LITERAL("\0\x01\0\0\x01"), 4 },
	{ LITERAL("\0\x02\0\0\0\0"), 6 },
	{ LITERAL("\0\x08\0\0\0\0\x01\0a\0\0\0"), 6 },
	{ LITERAL("\0\x08\0\0\x03\0abc\x01\0d"), 12 },
	{ LITERAL("\0\x08\0\0\x07\0abcdef"), 6 },
	{ LITERAL("\0\x08\0\0\xff\xff"
		  "abcdef"),
	  6 },
	{ LITERAL("\0\x08\0\0\x03\0abc\x02\0de"), 11 },
	{ LITERAL("\0\x08\0\0\x05\0abcde\0"), 11 },
	{ LITERAL("\0\x08\0\0\x06\0abcdef"), 12 },
	{ LITERAL("\0\x15\0\0\x0e\0REQUEST_METHOD\x03\0G T"), 25 },
	{ LITERAL("\0\x12\0\0\x0e\0REQUEST_METHOD\0\0"), 22 },
	/* A later method does not mend it. */
	{ LITERAL("\0\x26\0\0\x0e\0REQUEST_METHOD\x01\0/\x0e\0REQUEST_METHOD\x01\0A"), 23 },
};

TEST(uwsgi_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (size_t n = 0; n <= bad[i].in.len; n++) {
			int expected = n < bad[i].refused_at ? 0 : -EBADMSG;
			struct bytes prefix = bytes_take(bad[i].in, n);
			struct uwsgi_request request;

			unit_context("row %zu, %zu bytes", i, n);
			prefix.at = guard_copy(prefix);
			CHECK_EQ(uwsgi_parse_request(prefix, &request), expected);
			CHECK_EQ(uwsgi_parse_request_cut(prefix, &request), expected);
		}
	}
}
