// SPDX-License-Identifier: Apache-2.0
/*
 * test_http1_response.c - response heads by table, and every rule of which response has a body.
 */
#include "http1_check.h"

#include <errno.h>

#include "util/array.h"

struct response_case {
	struct bytes in;
	size_t rest; /* bytes of @in that are not of the head */
	int status;
	struct seen_fields seen;
	bool http10;
};

#define RESPONSE(head, its_status) .in = LITERAL(head), .status = its_status

static const struct response_case responses[] = {
	{ RESPONSE("HTTP/1.1 200 OK\r\n\r\n", 200) },
	{ RESPONSE("HTTP/1.0 404 Not Found\r\n\r\n", 404), .http10 = true },
	{ RESPONSE("HTTP/1.1 204\r\n\r\n", 204) },
	{ RESPONSE("HTTP/1.1 204 \r\n\r\n", 204) },
	{ RESPONSE("HTTP/1.1 500\tError\n\n", 500) },
	{ RESPONSE("\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 100), .rest = 19 },
	{ RESPONSE("HTTP/1.1 999 \xe4\xff\r\n\r\n", 999) },
	/* Foreign captures have these, with readers that took them. */
	{ RESPONSE("HTTP/1.1 2040 ok\r\n\r\n", 204) },
	{ RESPONSE("HTTP/1.1 200OK\r\n\r\n", 200) },
	{ RESPONSE("HTTP/1.1 200 \0\r\nTransfer-Encoding:\n\0chunked\r\nConnection: close\r\n\r\n",
		   200),
	  .seen.flags = SEEN_CLOSE },
	{ RESPONSE("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n\x81\0", 101),
	  .rest = 2, .seen.flags = SEEN_UPGRADE },
	{ RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab", 200),
	  .rest = 2, .seen = { .length = "2", .flags = SEEN_CLOSE } },
	{ RESPONSE("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n", 200), .rest = 3,
	  .seen.flags = SEEN_CHUNKED },
	{ RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n", 200),
	  .seen = { .length = "1", .flags = SEEN_OTHER } },
	{ RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 200),
	  .seen.length = "bad" },
	{ RESPONSE("HTTP/1.1 200 OK\r\nX-Amzn-Trace-Id:\r\n Root=1\r\n\r\n", 200),
	  .seen.trace_id = "Root=1" },
	{ RESPONSE("HTTP/1.1 200 OK\r\nContent-Length : 12\r\nContent-Length: 12\r\n\r\n", 200),
	  .seen.length = "12" },
};

static void check_response(const struct response_case *row, struct bytes in)
{
	struct http1_response response;

	if (!CHECK_EQ(http1_parse_response(in, &response), row->in.len - row->rest))
		return;
	CHECK_EQ(response.head_len, row->in.len - row->rest);
	CHECK_EQ(response.status, row->status);
	CHECK_EQ(response.minor, row->http10 ? 0 : 1);
	CHECK_EQ(response.cut, false);
	check_fields(&response.fields, &row->seen);
	check_fields_inside(&response.fields, in);
}

static void check_response_prefix(const struct http1_response *whole, struct bytes in)
{
	struct bytes prefix = bytes_of(guard_copy(in), in.len);
	struct http1_response response;
	int cut;

	CHECK_EQ(http1_parse_response(prefix, &response), 0);
	cut = http1_parse_response_cut(prefix, &response);
	if (!cut)
		return;
	CHECK_EQ(cut, in.len);
	CHECK_EQ(response.cut, true);
	CHECK_EQ(response.head_len, in.len);
	CHECK_EQ(response.status, whole->status);
	CHECK_EQ(response.minor, whole->minor);
	check_fields_cut(&response.fields, &whole->fields);
}

static void check_response_case(const struct response_case *row)
{
	size_t head_len = row->in.len - row->rest;
	struct http1_response whole;

	check_response(row, bytes_of(guard_copy(row->in), row->in.len));
	check_response(row, bytes_of(guard_copy_front(row->in), row->in.len));
	check_response(row, bytes_of(guard_copy(row->in), head_len));
	if (!CHECK_EQ(http1_parse_response_cut(row->in, &whole), head_len))
		return;
	CHECK_EQ(whole.cut, false);
	for (size_t n = 0; n < head_len; n++) {
		check_response_prefix(&whole, bytes_take(row->in, n));
		guard_release();
	}
}

TEST(http1_responses)
{
	for (size_t i = 0; i < ARRAY_LEN(responses); i++) {
		unit_context("row %zu: %.80s", i, (const char *)responses[i].in.at);
		check_response_case(&responses[i]);
	}
}

TEST(http1_response_cut_needs_the_status_line)
{
	struct http1_response response;

	CHECK_EQ(http1_parse_response_cut(LITERAL("HTTP/1.1 200 OK\r"), &response), 0);
	CHECK_EQ(http1_parse_response_cut(LITERAL("HTTP/1.1 200 OK\r\n"), &response), 17);
	CHECK_EQ(http1_parse_response_cut(LITERAL("HTTP/1.1 200 OK\nContent-Length: 1"), &response),
		 33);
	CHECK_EQ(response.fields.content_length, -1);
	CHECK_EQ(http1_parse_response_cut(LITERAL("HTTP/1.1 200 OK\nContent-Length: 1\n"),
					  &response),
		 34);
	CHECK_EQ(response.fields.content_length, 1);
}

/* As bad_requests in test_http1.c. */
static const struct {
	struct bytes in;
	size_t refused_at;
} bad_responses[] = {
	{ LITERAL("\0"), 1 },
	{ LITERAL("GET / HTTP/1.1\r\n\r\n"), 1 },
	{ LITERAL("http/1.1 200 OK\r\n\r\n"), 1 },
	{ LITERAL("HTTP/2 200\r\n\r\n"), 6 },
	{ LITERAL("HTTP/1.2 200 OK\r\n\r\n"), 8 },
	{ LITERAL("HTTP/1.1\r\n\r\n"), 9 },
	{ LITERAL("HTTP/1.1  200 OK\r\n\r\n"), 10 },
	{ LITERAL("HTTP/1.1 099 OK\r\n\r\n"), 10 },
	{ LITERAL("HTTP/1.1 2x0 OK\r\n\r\n"), 11 },
	{ LITERAL("HTTP/1.1 20\r\n\r\n"), 12 },
	{ LITERAL("HTTP/1.1 20\n\n"), 12 },
	{ LITERAL("ICY 200 OK\r\n\r\n"), 1 },
	{ LITERAL("J\0\0\0\x0a"
		  "8.0.30"),
	  1 },
};

TEST(http1_response_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_responses); i++) {
		struct bytes in = bad_responses[i].in;
		struct http1_response response;

		unit_context("row %zu: %.80s", i, (const char *)in.at);
		for (size_t n = 0; n <= in.len; n++) {
			int expected = n < bad_responses[i].refused_at ? 0 : -EBADMSG;
			struct bytes prefix = bytes_take(in, n);

			prefix.at = guard_copy(prefix);
			CHECK_EQ(http1_parse_response(prefix, &response), expected);
		}
	}
}

/* RFC 9112 6.3: what frames a response, with the request's method; NULL: not known. */
static const struct {
	int status;
	const char *method;
	struct http1_fields fields;
	enum http1_body body;
} bodies[] = {
	{ 200, "GET", { .content_length = 5 }, HTTP1_BODY_LENGTH },
	{ 200, "GET", { .content_length = 0 }, HTTP1_BODY_NONE },
	{ 200, "GET", { .content_length = -1 }, HTTP1_BODY_CLOSE },
	{ 200, "GET", { .content_length = -1, .bad_length = true }, HTTP1_BODY_CLOSE },
	{ 200, "GET", { .content_length = -1, .chunked = true }, HTTP1_BODY_CHUNKED },
	{ 200, "GET", { .content_length = 5, .chunked = true }, HTTP1_BODY_CHUNKED },
	{ 200, "GET", { .content_length = 0, .chunked = true }, HTTP1_BODY_CHUNKED },
	{ 200, "GET", { .content_length = 5, .other_coding = true }, HTTP1_BODY_CLOSE },
	{ 200, "GET", { .content_length = 0, .other_coding = true }, HTTP1_BODY_CLOSE },
	{ 404, "GET", { .content_length = 5 }, HTTP1_BODY_LENGTH },
	{ 302, "POST", { .content_length = -1 }, HTTP1_BODY_CLOSE },
	{ 205, "POST", { .content_length = 1 }, HTTP1_BODY_LENGTH },
	{ 200, NULL, { .content_length = 5 }, HTTP1_BODY_LENGTH },
	{ 200, NULL, { .content_length = -1 }, HTTP1_BODY_CLOSE },
	{ 200, "HEAD", { .content_length = 5 }, HTTP1_BODY_NONE },
	{ 200, "HEAD", { .content_length = -1 }, HTTP1_BODY_NONE },
	{ 500, "HEAD", { .content_length = -1, .chunked = true }, HTTP1_BODY_NONE },
	{ 200, "head", { .content_length = 5 }, HTTP1_BODY_LENGTH },
	{ 200, "HEADER", { .content_length = 5 }, HTTP1_BODY_LENGTH },
	{ 200, "CONNECT", { .content_length = 5 }, HTTP1_BODY_NONE },
	{ 299, "CONNECT", { .content_length = -1, .chunked = true }, HTTP1_BODY_NONE },
	{ 300, "CONNECT", { .content_length = 5 }, HTTP1_BODY_LENGTH },
	{ 407, "CONNECT", { .content_length = -1 }, HTTP1_BODY_CLOSE },
	{ 100, "POST", { .content_length = -1 }, HTTP1_BODY_NONE },
	{ 101, "GET", { .content_length = 5 }, HTTP1_BODY_NONE },
	{ 199, "GET", { .content_length = -1, .chunked = true }, HTTP1_BODY_NONE },
	{ 204, "DELETE", { .content_length = -1 }, HTTP1_BODY_NONE },
	{ 204, "GET", { .content_length = 5 }, HTTP1_BODY_NONE },
	{ 304, "GET", { .content_length = 5 }, HTTP1_BODY_NONE },
	{ 304, NULL, { .content_length = -1, .chunked = true }, HTTP1_BODY_NONE },
	{ 305, "GET", { .content_length = 5 }, HTTP1_BODY_LENGTH },
	{ 999, "GET", { .content_length = -1 }, HTTP1_BODY_CLOSE },
};

TEST(http1_response_bodies)
{
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct http1_response response = { .status = bodies[i].status, .minor = 1 };

		response.fields = bodies[i].fields;
		unit_context("row %zu", i);
		CHECK_EQ(http1_response_body(&response, bytes_str(bodies[i].method)),
			 bodies[i].body);
	}
}
