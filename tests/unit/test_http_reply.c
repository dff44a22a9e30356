// SPDX-License-Identifier: Apache-2.0
/* test_http_reply.c - answers to our own requests, whole, in pieces and broken. */
#include "unit.h"

#include <errno.h>

#include "emit/http_reply.h"
#include "util/array.h"

struct row {
	const char *in;
	bool ended;
	int r;
	int status;
	const char *body;
};

#define OK	"HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static const struct row rows[] = {
	{ OK "Content-Length: 2\r\n\r\n{}", false, 1, 200, "{}" },
	{ OK "CONTENT-LENGTH:2\r\n\r\n{}more", false, 1, 200, "{}" },
	{ "HTTP/1.0 200 \n\n{}", true, 1, 200, "{}" },
	{ OK "\r\n{}", false, 0, 200, NULL },
	{ OK "\r\n{}", true, 1, 200, "{}" },
	{ OK "\r\n", true, 1, 200, "" },
	{ "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, 1, 404, "" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", false, 1, 204, "" },
	{ "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", false, 1, 200, "x" },
	{ "HTTP/1.1 100 Continue\r\n\r\n", false, 0, 0, NULL },
	{ CHUNKED "3\r\nabc\r\n0\r\n\r\n", false, 1, 200, "abc" },
	{ CHUNKED "3;name=value\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", false, 1,
	  200, "abc0123456789" },
	{ CHUNKED "0\r\n", false, 1, 200, "" },
	{ CHUNKED "3\r\nabc", false, 0, 200, NULL },
	{ CHUNKED "3\r\nabc\r\n", true, -EBADMSG, 0, NULL },
	{ CHUNKED "3\r\nabcd\r\n0\r\n", false, -EBADMSG, 0, NULL },
	{ CHUNKED "x\r\n", false, -EBADMSG, 0, NULL },
	{ CHUNKED "\r\n", false, -EBADMSG, 0, NULL },
	{ CHUNKED "ffffffffffffffffffff\r\n", false, -EBADMSG, 0, NULL },
	{ OK "Transfer-Encoding: gzip\r\n\r\n", false, -EBADMSG, 0, NULL },
	{ OK "Content-Length: 5\r\n\r\nabc", false, 0, 200, NULL },
	{ OK "Content-Length: 5\r\n\r\nabc", true, -EBADMSG, 0, NULL },
	{ OK "Content-Length: -1\r\n\r\n", false, -EBADMSG, 0, NULL },
	{ OK "Content-Length: \r\n\r\n", false, -EBADMSG, 0, NULL },
	{ OK "Content-Length: 99999999999999999999999\r\n\r\n", false, -EBADMSG, 0, NULL },
	{ OK "no colon\r\n\r\n", false, -EBADMSG, 0, NULL },
	{ "", false, 0, 0, NULL },
	{ "", true, -EBADMSG, 0, NULL },
	{ "HTTP/1.1 2", false, 0, 0, NULL },
	{ "SSH-2.0-OpenSSH_9.2\r\n", false, -EBADMSG, 0, NULL },
	{ "HTTP/2 200 OK\r\n\r\n", false, -EBADMSG, 0, NULL },
	{ "HTTP/1.1 xyz\r\n\r\n", false, -EBADMSG, 0, NULL },
	{ "HTTP/1.1 043 Forbidden\r\nContent-Length: 2\r\n\r\n{}", false, -EBADMSG, 0, NULL },
};

TEST(http_reply_rows)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes in = bytes_str(rows[i].in);
		struct http_reply reply;
		int r = http_reply_parse(guard_copy(in), in.len, rows[i].ended, &reply);

		unit_context("row %zu: %s", i, rows[i].in);
		if (!CHECK_EQ(r, rows[i].r) || r < 1)
			continue;
		CHECK_EQ(reply.status, rows[i].status);
		CHECK_VIEW(reply.body, rows[i].body);
	}
}

/* However it is cut, the answer is complete with the same byte, and never before. */
TEST(http_reply_in_pieces)
{
	struct bytes whole = LITERAL(CHUNKED "3\r\nabc\r\n4\r\ndefg\r\n0\r\n");
	struct http_reply reply;

	for (size_t len = 0; len < whole.len; len++) {
		unit_context("%zu bytes", len);
		CHECK_EQ(http_reply_parse(guard_copy(bytes_take(whole, len)), len, false, &reply),
			 0);
	}
	CHECK_EQ(http_reply_parse(guard_copy(whole), whole.len, false, &reply), 1);
	CHECK_VIEW(reply.body, "abcdefg");
}

TEST(http_reply_head_is_bounded)
{
	char endless[2 * HTTP_REPLY_HEAD_MAX];
	struct http_reply reply;

	memset(endless, 'x', sizeof(endless));
	CHECK_EQ(http_reply_parse((uint8_t *)endless, sizeof(endless), false, &reply), -EBADMSG);
	memcpy(endless, OK, sizeof(OK) - 1);
	for (size_t at = sizeof(OK) - 1; at + 4 <= sizeof(endless); at += 4)
		memcpy(endless + at, "a:b\n", 4);
	CHECK_EQ(http_reply_parse((uint8_t *)endless, sizeof(endless), false, &reply), -EBADMSG);
}
