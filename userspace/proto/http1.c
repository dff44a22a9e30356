// SPDX-License-Identifier: Apache-2.0
/*
 * http1.c - request and status lines, whole heads, and which body a head announces.
 *
 * The start line decides whether the bytes are a head at all, so it is checked as soon as its bytes
 * are there: what is not HTTP is told by its first bytes, and not when a line end happens to come
 * by. Field lines are http1_fields.c.
 */
#include "proto/http1.h"
#include "proto/http1_syntax.h"

#include <errno.h>
#include <limits.h>

struct start_line {
	struct bytes text; /* without its line end */
	bool complete;	   /* nothing but the line feed can follow the text */
	bool closed;	   /* the line feed is there */
	size_t end;	   /* offset behind the line feed, when closed */
};

/* Bytes of the empty lines that @in begins with. */
static size_t empty_lines_len(struct bytes in)
{
	size_t n = 0;

	for (;;) {
		if (n < in.len && in.at[n] == '\n')
			n++;
		else if (n + 1 < in.len && in.at[n] == '\r' && in.at[n + 1] == '\n')
			n += 2;
		else
			return n;
	}
}

static struct start_line find_start_line(struct bytes in)
{
	size_t skipped = empty_lines_len(in);
	struct bytes rest = bytes_skip(in, skipped);
	ptrdiff_t feed = bytes_index(rest, '\n');
	struct start_line line = {
		.text = feed < 0 ? rest : bytes_take(rest, (size_t)feed),
		.complete = feed >= 0,
		.closed = feed >= 0,
		.end = skipped + (size_t)(feed + 1),
	};

	/* A carriage return alone may still become one more empty line. */
	if (line.text.len && line.text.at[line.text.len - 1] == '\r') {
		line.text.len--;
		line.complete = line.complete || line.text.len;
	}
	return line;
}

static bool has_control(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.at[i] < 0x20 || in.at[i] == 0x7f)
			return true;
	}
	return false;
}

static struct bytes trim_spaces(struct bytes in)
{
	while (in.len && in.at[0] == ' ')
		in = bytes_skip(in, 1);
	while (in.len && in.at[in.len - 1] == ' ')
		in.len--;
	return in;
}

/* Takes ` HTTP/1.x` off the end of @line: x, or -EBADMSG. */
static int take_version(struct bytes *line)
{
	static const char version[] = " HTTP/1.";
	const size_t len = sizeof(version); /* the minor digit stands where the NUL does */
	const uint8_t *at;

	if (line->len < len)
		return -EBADMSG;
	at = line->at + line->len - len;
	if (memcmp(at, version, len - 1) || (at[len - 1] != '0' && at[len - 1] != '1'))
		return -EBADMSG;
	line->len -= len;
	return at[len - 1] - '0';
}

/* 0: @line is a request line, or the beginning of one unless it is complete; or -EBADMSG. */
static int parse_request_line(const struct start_line *line, struct http1_request *ret)
{
	size_t method_len = http1_token_len(line->text);
	struct bytes rest = bytes_skip(line->text, method_len);
	ptrdiff_t space;

	if (method_len > HTTP1_METHOD_MAX || has_control(rest))
		return -EBADMSG;
	if (rest.len && (!method_len || rest.at[0] != ' '))
		return -EBADMSG;
	if (!line->complete)
		return 0;

	/* Some clients send a space behind the version. */
	while (rest.len && rest.at[rest.len - 1] == ' ')
		rest.len--;
	ret->minor = take_version(&rest);
	ret->method = bytes_take(line->text, method_len);
	ret->target = trim_spaces(rest);
	/* What stands behind a space is no part of the target (RFC 9112 3.2). */
	space = bytes_index(ret->target, ' ');
	if (space > 0)
		ret->target.len = space;
	return ret->minor < 0 || !ret->target.len ? -EBADMSG : 0;
}

/*
 * 0: @line is a status line, or the beginning of one unless it is complete; or -EBADMSG. The status
 * is the first three digits, as lenient readers take it; what stands behind them says nothing.
 */
static int parse_status_line(const struct start_line *line, struct http1_response *ret)
{
	static const char low[] = "HTTP/1.0 100";
	static const char high[] = "HTTP/1.1 999";
	const size_t len = sizeof(low) - 1;
	const uint8_t *at = line->text.at;

	for (size_t i = 0; i < len && i < line->text.len; i++) {
		if (at[i] < low[i] || at[i] > high[i])
			return -EBADMSG;
	}
	if (line->text.len < len)
		return line->complete ? -EBADMSG : 0;

	ret->minor = at[7] - '0';
	ret->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
	return 0;
}

/*
 * The head behind its start line: its length, or 0 when it goes on beyond @in. With @cut_allowed
 * such a one is taken as it is.
 */
static int finish_head(struct bytes in, const struct start_line *line, bool cut_allowed,
		       struct http1_fields *fields, bool *cut)
{
	int len = http1_parse_fields(bytes_skip(in, line->end), fields);

	*cut = !len;
	if (len)
		return (int)line->end + len;
	return cut_allowed ? (int)in.len : 0;
}

static int parse_request(struct bytes in, bool cut_allowed, struct http1_request *ret)
{
	struct http1_request request = { 0 };
	struct start_line line;
	int len;

	in = bytes_take(in, INT_MAX);
	line = find_start_line(in);
	len = parse_request_line(&line, &request);
	if (len < 0 || !line.closed)
		return len;
	len = finish_head(in, &line, cut_allowed, &request.fields, &request.cut);
	if (!len)
		return 0;
	request.head_len = (size_t)len;
	*ret = request;
	return len;
}

static int parse_response(struct bytes in, bool cut_allowed, struct http1_response *ret)
{
	struct http1_response response = { 0 };
	struct start_line line;
	int len;

	in = bytes_take(in, INT_MAX);
	line = find_start_line(in);
	len = parse_status_line(&line, &response);
	if (len < 0 || !line.closed)
		return len;
	len = finish_head(in, &line, cut_allowed, &response.fields, &response.cut);
	if (!len)
		return 0;
	response.head_len = (size_t)len;
	*ret = response;
	return len;
}

int http1_parse_request(struct bytes in, struct http1_request *ret)
{
	return parse_request(in, false, ret);
}

int http1_parse_response(struct bytes in, struct http1_response *ret)
{
	return parse_response(in, false, ret);
}

int http1_parse_request_cut(struct bytes in, struct http1_request *ret)
{
	return parse_request(in, true, ret);
}

int http1_parse_response_cut(struct bytes in, struct http1_response *ret)
{
	return parse_response(in, true, ret);
}

enum http1_body http1_request_body(const struct http1_request *req)
{
	if (req->fields.chunked)
		return HTTP1_BODY_CHUNKED;
	return req->fields.content_length > 0 ? HTTP1_BODY_LENGTH : HTTP1_BODY_NONE;
}

/* Responses that end with their head whatever their fields say (RFC 9112 6.3, rules 1 and 2). */
static bool never_has_body(int status, struct bytes method)
{
	if (status < 200 || status == 204 || status == 304)
		return true;
	if (bytes_equal_str(method, "HEAD"))
		return true;
	return status < 300 && bytes_equal_str(method, "CONNECT");
}

enum http1_body http1_response_body(const struct http1_response *rsp, struct bytes method)
{
	const struct http1_fields *fields = &rsp->fields;

	if (never_has_body(rsp->status, method))
		return HTTP1_BODY_NONE;
	if (fields->chunked)
		return HTTP1_BODY_CHUNKED;
	if (fields->other_coding || fields->content_length < 0)
		return HTTP1_BODY_CLOSE;
	return fields->content_length ? HTTP1_BODY_LENGTH : HTTP1_BODY_NONE;
}
