// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_http1.c - any bytes as a request, as a response and as a chunked body.
 *
 * The input's first byte says where the head is cut and how large the pieces of the body are. What
 * is checked is what the callers rely on: no later byte changes what was said of the earlier ones.
 */
#include "fuzz.h"
#include "proto/http1.h"

#include <errno.h>

static void fields_inside(const struct http1_fields *f, struct bytes in)
{
	fuzz_inside(f->host, in);
	fuzz_inside(f->user_agent, in);
	fuzz_inside(f->x_forwarded_for, in);
	fuzz_inside(f->x_forwarded_proto, in);
	fuzz_inside(f->x_real_ip, in);
	fuzz_inside(f->trace_id, in);
	INVARIANT(f->content_length >= -1);
	INVARIANT(!f->bad_length || f->content_length == -1);
	INVARIANT(!f->chunked || !f->other_coding);
}

static void fields_begin(const struct http1_fields *cut, const struct http1_fields *whole)
{
	fuzz_begins(cut->host, whole->host);
	fuzz_begins(cut->user_agent, whole->user_agent);
	fuzz_begins(cut->x_forwarded_for, whole->x_forwarded_for);
	fuzz_begins(cut->x_forwarded_proto, whole->x_forwarded_proto);
	fuzz_begins(cut->x_real_ip, whole->x_real_ip);
	fuzz_begins(cut->trace_id, whole->trace_id);
}

/* What the results for a head and for its beginning @part may be. */
static void results_agree(int part, int part_cut, size_t part_len, int whole, int whole_cut,
			  size_t whole_len)
{
	INVARIANT(whole == -EBADMSG || (whole >= 0 && (size_t)whole <= whole_len));
	INVARIANT(whole ? whole_cut == whole : !whole_cut || (size_t)whole_cut == whole_len);
	INVARIANT(part ? part_cut == part : !part_cut || (size_t)part_cut == part_len);
	INVARIANT(part == 0 || whole == part);
	INVARIANT(whole <= 0 || (size_t)whole > part_len || part == whole);
}

static void fuzz_request(struct bytes in, size_t cut_at)
{
	struct bytes prefix = fuzz_prefix(in, cut_at);
	struct http1_request whole, part;
	int whole_ret = http1_parse_request(in, &whole);
	int whole_cut = http1_parse_request_cut(in, &whole);
	int part_ret = http1_parse_request(prefix, &part);
	int part_cut = http1_parse_request_cut(prefix, &part);

	results_agree(part_ret, part_cut, prefix.len, whole_ret, whole_cut, in.len);
	if (whole_cut > 0) {
		INVARIANT(whole.head_len == (size_t)whole_cut && whole.cut == !whole_ret);
		INVARIANT(whole.method.len > 0 && whole.method.len <= 32 && whole.target.len > 0);
		fuzz_inside(whole.method, in);
		fuzz_inside(whole.target, in);
		fields_inside(&whole.fields, in);
		INVARIANT(http1_request_body(&whole) != HTTP1_BODY_CLOSE);
	}
	if (part_cut > 0 && whole_cut > 0) {
		INVARIANT(bytes_equal(part.method, whole.method));
		INVARIANT(bytes_equal(part.target, whole.target));
		fields_begin(&part.fields, &whole.fields);
	}
	free((void *)prefix.at);
}

static void fuzz_response(struct bytes in, size_t cut_at)
{
	struct bytes prefix = fuzz_prefix(in, cut_at);
	struct http1_response whole, part;
	int whole_ret = http1_parse_response(in, &whole);
	int whole_cut = http1_parse_response_cut(in, &whole);
	int part_ret = http1_parse_response(prefix, &part);
	int part_cut = http1_parse_response_cut(prefix, &part);

	results_agree(part_ret, part_cut, prefix.len, whole_ret, whole_cut, in.len);
	if (whole_cut > 0) {
		INVARIANT(whole.head_len == (size_t)whole_cut && whole.cut == !whole_ret);
		INVARIANT(whole.status >= 100 && whole.status <= 999);
		fields_inside(&whole.fields, in);
		INVARIANT(http1_response_body(&whole, bytes_str("HEAD")) == HTTP1_BODY_NONE);
	}
	if (part_cut > 0 && whole_cut > 0) {
		INVARIANT(part.status == whole.status && part.minor == whole.minor);
		fields_begin(&part.fields, &whole.fields);
	}
	free((void *)prefix.at);
}

static bool same_walk(const struct http1_chunks *a, const struct http1_chunks *b)
{
	return a->left == b->left && a->state == b->state && a->line_len == b->line_len &&
	       a->done == b->done;
}

/* Bytes of a chunk's data may be skipped instead of fed. */
static void skip_is_feed(const struct http1_chunks *at)
{
	static const uint8_t data[32];
	struct http1_chunks skipped = *at, fed = *at;

	if (http1_chunks_skip(&skipped, sizeof(data)) || skipped.left < 2)
		return;
	INVARIANT(http1_chunks_feed(&fed, bytes_of(data, sizeof(data))) == sizeof(data));
	INVARIANT(same_walk(&skipped, &fed));
}

static void fuzz_chunks(struct bytes in, size_t piece_len)
{
	struct http1_chunks whole = { 0 }, pieces = { 0 };
	int64_t whole_used = http1_chunks_feed(&whole, in), used = 0, n = 0;

	for (size_t at = 0; at < in.len && !pieces.done && n >= 0; at += piece_len) {
		struct bytes piece = fuzz_prefix(bytes_skip(in, at), piece_len);

		n = http1_chunks_feed(&pieces, piece);
		INVARIANT(n < 0 || pieces.done || n == (int64_t)piece.len);
		used = n < 0 ? n : used + n;
		free((void *)piece.at);
		skip_is_feed(&pieces);
	}
	INVARIANT(used == whole_used);
	INVARIANT(same_walk(&whole, &pieces));
	INVARIANT(whole_used == -EBADMSG || whole.done || whole_used == (int64_t)in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in;
	size_t choice;

	if (!size)
		return 0;
	choice = data[0];
	in = bytes_skip(bytes_of(data, size), 1);
	fuzz_request(in, in.len * choice / 255);
	fuzz_response(in, in.len * choice / 255);
	fuzz_chunks(in, 1 + choice);
	return 0;
}
