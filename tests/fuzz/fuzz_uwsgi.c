// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_uwsgi.c - any bytes as a uwsgi request; the input's first byte says where it is cut.
 */
#include "fuzz.h"
#include "proto/uwsgi.h"

#include <errno.h>

static void views_inside(const struct uwsgi_request *r, struct bytes in)
{
	fuzz_inside(r->method, in);
	fuzz_inside(r->uri, in);
	fuzz_inside(r->host, in);
	fuzz_inside(r->user_agent, in);
	fuzz_inside(r->x_forwarded_for, in);
	fuzz_inside(r->x_forwarded_proto, in);
	fuzz_inside(r->trace_id, in);
	fuzz_inside(r->remote_addr, in);
	fuzz_inside(r->server_name, in);
	fuzz_inside(r->server_port, in);
	fuzz_inside(r->protocol, in);
}

static void check_filled(const struct uwsgi_request *r, int ret, struct bytes in)
{
	INVARIANT(r->head_len == (size_t)ret);
	INVARIANT(r->head_len == 4 + (in.at[1] | (size_t)in.at[2] << 8));
	INVARIANT(r->method.len > 0 && r->method.len <= 32);
	INVARIANT(r->content_length >= -1);
	views_inside(r, bytes_take(in, r->head_len));
}

static void fuzz_request(struct bytes in, size_t cut_at)
{
	struct bytes prefix = fuzz_prefix(in, cut_at);
	struct uwsgi_request whole, part;
	int whole_ret = uwsgi_parse_request(in, &whole);
	int whole_cut = uwsgi_parse_request_cut(in, &whole);
	int part_ret = uwsgi_parse_request(prefix, &part);
	int part_cut = uwsgi_parse_request_cut(prefix, &part);

	INVARIANT(whole_ret == -EBADMSG || (whole_ret >= 0 && (size_t)whole_ret <= in.len));
	INVARIANT(!whole_ret || whole_cut == whole_ret);
	INVARIANT(!part_ret || (part_cut == part_ret && whole_ret == part_ret));
	INVARIANT(part_cut <= 0 || whole_cut == part_cut || whole_ret == -EBADMSG);
	if (whole_cut > 0) {
		INVARIANT(whole.cut == !whole_ret);
		check_filled(&whole, whole_cut, in);
	}
	if (part_cut > 0) {
		INVARIANT(part.cut == !part_ret);
		check_filled(&part, part_cut, prefix);
	}
	free((void *)prefix.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in;

	if (!size)
		return 0;
	in = bytes_skip(bytes_of(data, size), 1);
	fuzz_request(in, in.len * data[0] / 255);
	return 0;
}
