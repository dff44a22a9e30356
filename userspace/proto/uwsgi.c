// SPDX-License-Identifier: Apache-2.0
/*
 * uwsgi.c - the variables of a uwsgi request, which are the CGI/WSGI environment that the
 * application will see.
 *
 * Of a variable that comes twice the last one counts, as in the dictionary that the application
 * gets.
 */
#include "proto/uwsgi.h"
#include "proto/http1_syntax.h"

#include <errno.h>

#include "util/array.h"

#define HEADER_LEN 4

struct variable {
	struct bytes key;
	struct bytes value;
};

static const struct {
	const char *key;
	size_t offset;
} views[] = {
	{ "REQUEST_METHOD", offsetof(struct uwsgi_request, method) },
	{ "REQUEST_URI", offsetof(struct uwsgi_request, uri) },
	{ "HTTP_HOST", offsetof(struct uwsgi_request, host) },
	{ "HTTP_USER_AGENT", offsetof(struct uwsgi_request, user_agent) },
	{ "HTTP_X_FORWARDED_FOR", offsetof(struct uwsgi_request, x_forwarded_for) },
	{ "HTTP_X_FORWARDED_PROTO", offsetof(struct uwsgi_request, x_forwarded_proto) },
	{ "HTTP_X_AMZN_TRACE_ID", offsetof(struct uwsgi_request, trace_id) },
	{ "REMOTE_ADDR", offsetof(struct uwsgi_request, remote_addr) },
	{ "SERVER_NAME", offsetof(struct uwsgi_request, server_name) },
	{ "SERVER_PORT", offsetof(struct uwsgi_request, server_port) },
	{ "SERVER_PROTOCOL", offsetof(struct uwsgi_request, protocol) },
};

static void note_remote_port(struct uwsgi_request *request, struct bytes value)
{
	int64_t port = http1_parse_decimal(value);

	request->remote_port = port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static void note_content_length(struct uwsgi_request *request, struct bytes value)
{
	request->content_length = http1_parse_decimal(value);
}

static void note_https(struct uwsgi_request *request, struct bytes value)
{
	request->https |= bytes_case_equal_str(value, "on");
}

static void note_scheme(struct uwsgi_request *request, struct bytes value)
{
	request->https |= bytes_case_equal_str(value, "https");
}

static const struct {
	const char *key;
	void (*note)(struct uwsgi_request *request, struct bytes value);
} meanings[] = {
	{ "REMOTE_PORT", note_remote_port },
	{ "CONTENT_LENGTH", note_content_length },
	{ "HTTPS", note_https },
	{ "UWSGI_SCHEME", note_scheme },
	{ "REQUEST_SCHEME", note_scheme },
};

static void note_variable(struct uwsgi_request *request, const struct variable *variable)
{
	for (size_t i = 0; i < ARRAY_LEN(views); i++) {
		if (bytes_equal_str(variable->key, views[i].key))
			*(struct bytes *)((char *)request + views[i].offset) = variable->value;
	}
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (bytes_equal_str(variable->key, meanings[i].key))
			meanings[i].note(request, variable->value);
	}
}

static size_t read_u16(const uint8_t *at)
{
	return at[0] | (size_t)at[1] << 8;
}

/* What is captured of the variables, and how many bytes of them there are in all. */
struct cursor {
	struct bytes in;
	size_t left;
};

/*
 * Takes a length and as many bytes off @cursor. Returns 1; 0: they were not captured whole;
 * -EBADMSG: they would reach behind the last variable.
 */
static int take_string(struct cursor *cursor, struct bytes *ret)
{
	size_t len;

	if (cursor->left < 2)
		return -EBADMSG;
	if (cursor->in.len < 2)
		return 0;
	len = read_u16(cursor->in.at);
	if (len > cursor->left - 2)
		return -EBADMSG;
	if (len > cursor->in.len - 2)
		return 0;
	*ret = bytes_take(bytes_skip(cursor->in, 2), len);
	cursor->in = bytes_skip(cursor->in, 2 + len);
	cursor->left -= 2 + len;
	return 1;
}

/* Returns as take_string(). uWSGI refuses an empty key, too. */
static int take_variable(struct cursor *cursor, struct variable *ret)
{
	int taken = take_string(cursor, &ret->key);

	if (taken <= 0)
		return taken;
	return ret->key.len ? take_string(cursor, &ret->value) : -EBADMSG;
}

static bool is_method(struct bytes in)
{
	return in.len && in.len <= HTTP1_METHOD_MAX && http1_token_len(in) == in.len;
}

/* Returns 1: all variables were noted; 0: those that were captured whole; -EBADMSG. */
static int parse_variables(struct cursor cursor, struct uwsgi_request *request)
{
	while (cursor.left) {
		struct variable variable;
		int taken = take_variable(&cursor, &variable);

		if (taken <= 0)
			return taken;
		if (bytes_equal_str(variable.key, "REQUEST_METHOD") && !is_method(variable.value))
			return -EBADMSG;
		note_variable(request, &variable);
	}
	return 1;
}

static int parse(struct bytes in, bool cut_allowed, struct uwsgi_request *ret)
{
	struct uwsgi_request request = { .content_length = -1 };
	struct cursor cursor;
	int whole;

	if (in.len && in.at[0] != 0)
		return -EBADMSG;
	if (in.len < HEADER_LEN)
		return 0;
	cursor.left = read_u16(in.at + 1);
	cursor.in = bytes_take(bytes_skip(in, HEADER_LEN), cursor.left);
	request.head_len = HEADER_LEN + cursor.left;

	whole = parse_variables(cursor, &request);
	if (whole < 0)
		return whole;
	if (!request.method.len)
		return whole ? -EBADMSG : 0;
	if (!whole && !cut_allowed)
		return 0;
	request.cut = !whole;
	*ret = request;
	return (int)request.head_len;
}

int uwsgi_parse_request(struct bytes in, struct uwsgi_request *ret)
{
	return parse(in, false, ret);
}

int uwsgi_parse_request_cut(struct bytes in, struct uwsgi_request *ret)
{
	return parse(in, true, ret);
}
