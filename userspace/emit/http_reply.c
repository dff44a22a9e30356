// SPDX-License-Identifier: Apache-2.0
/* http_reply.c - see http_reply.h. */
#include "emit/http_reply.h"

#include <errno.h>

/* How the end of a body is found. */
struct framing {
	int status;
	bool chunked;
	bool has_length;
	size_t length;
	size_t head_len;
};

/* The number that @in is, up to what a size can be. */
static int number(struct bytes in, unsigned int base, size_t *ret)
{
	*ret = 0;
	if (!in.len)
		return -EBADMSG;
	for (size_t i = 0; i < in.len; i++) {
		int value = bytes_hex_digit(in.at[i]);

		if (value < 0 || value >= (int)base || *ret > (SIZE_MAX >> 8) / base)
			return -EBADMSG;
		*ret = *ret * base + (size_t)value;
	}
	return 0;
}

/* `HTTP/1.1 200 OK` */
static int status_line(struct bytes line, struct framing *ret)
{
	size_t status;

	if (!bytes_starts_with(line, "HTTP/1.") || line.len < 12 || line.at[8] != ' ' ||
	    number(bytes_take(bytes_skip(line, 9), 3), 10, &status) < 0 || status < 100)
		return -EBADMSG;
	ret->status = (int)status;
	return 0;
}

static int field(struct bytes line, struct framing *ret)
{
	ptrdiff_t colon = bytes_index(line, ':');
	struct bytes name, value;

	if (colon <= 0)
		return -EBADMSG;
	name = bytes_take(line, (size_t)colon);
	value = bytes_trim(bytes_skip(line, (size_t)colon + 1));
	if (bytes_case_equal_str(name, "transfer-encoding")) {
		ret->chunked = bytes_case_equal_str(value, "chunked");
		return ret->chunked ? 0 : -EBADMSG;
	}
	if (!bytes_case_equal_str(name, "content-length"))
		return 0;
	ret->has_length = true;
	return number(value, 10, &ret->length);
}

/* Reads a head. 1: whole, 0: more is needed, -EBADMSG. */
static int read_head(struct bytes in, struct framing *ret)
{
	struct bytes rest = in, line;
	int r = 0;

	*ret = (struct framing){ 0 };
	if (!bytes_cut_line(&rest, &line))
		return in.len > HTTP_REPLY_HEAD_MAX ? -EBADMSG : 0;
	r = status_line(line, ret);
	while (!r && bytes_cut_line(&rest, &line) && line.len)
		r = field(line, ret);
	if (r < 0 || in.len - rest.len > HTTP_REPLY_HEAD_MAX)
		return -EBADMSG;
	ret->head_len = in.len - rest.len;
	/* the loop also ends for want of a line: then the last byte is part of the head */
	return line.len || !ret->head_len ? 0 : 1;
}

/*
 * Walks the chunks; with @to not NULL it moves their bytes there. Returns 1, 0 for more, -EBADMSG.
 */
static int walk_chunks(struct bytes in, uint8_t *to, size_t *ret_len)
{
	struct bytes line;
	size_t size;

	for (*ret_len = 0; bytes_cut_line(&in, &line); *ret_len += size) {
		ptrdiff_t extension = bytes_index(line, ';');

		line = bytes_trim(bytes_take(line, extension < 0 ? line.len : (size_t)extension));
		if (number(line, 16, &size) < 0)
			return -EBADMSG;
		if (!size)
			return 1; /* trailers say nothing to us, and the connection ends */
		if (in.len < size)
			return 0;
		if (to)
			memmove(to + *ret_len, in.at, size);
		in = bytes_skip(in, size);
		if (!bytes_cut_line(&in, &line))
			return 0;
		if (line.len)
			return -EBADMSG;
	}
	return 0;
}

static int read_chunks(uint8_t *at, size_t len, struct http_reply *ret)
{
	size_t body_len;
	int r = walk_chunks(bytes_of(at, len), NULL, &body_len);

	if (r <= 0)
		return r;
	(void)walk_chunks(bytes_of(at, len), at, &body_len);
	ret->body = bytes_of(at, body_len);
	return 1;
}

static int read_body(uint8_t *at, size_t len, bool ended, const struct framing *framing,
		     struct http_reply *ret)
{
	ret->body = bytes_of(at, len);
	if (framing->status == 204 || framing->status == 304) {
		ret->body = BYTES_NONE;
		return 1;
	}
	if (framing->chunked)
		return read_chunks(at, len, ret);
	if (!framing->has_length)
		return ended;
	ret->body = bytes_of(at, framing->length);
	return len >= framing->length;
}

int http_reply_parse(uint8_t *at, size_t len, bool ended, struct http_reply *ret)
{
	struct framing framing;
	int r;

	do {
		r = read_head(bytes_of(at, len), &framing);
		if (r > 0) {
			at += framing.head_len;
			len -= framing.head_len;
		}
	} while (r > 0 && framing.status < 200 && framing.status >= 100);
	*ret = (struct http_reply){ .status = framing.status };
	if (r > 0)
		r = read_body(at, len, ended, &framing, ret);
	return !r && ended ? -EBADMSG : r;
}
