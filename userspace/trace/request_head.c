// SPDX-License-Identifier: Apache-2.0
/*
 * request_head.c - what a request's head tells, for HTTP and for the uwsgi protocol's variables.
 */
#include "trace/live.h"

#include <errno.h>
#include <stdio.h>

#include "trace/address.h"
#include "util/pool.h"
#include "util/utf8.h"

/* Longest text taken from a field: as long as a head may be. */
#define FIELD_CAP 65536

int request_head_parse(struct bytes in, bool uwsgi, bool cut, struct request_head *ret)
{
	ret->uwsgi = uwsgi;
	if (uwsgi)
		return cut ? uwsgi_parse_request_cut(in, &ret->vars)
			   : uwsgi_parse_request(in, &ret->vars);
	return cut ? http1_parse_request_cut(in, &ret->http) : http1_parse_request(in, &ret->http);
}

/* What a head tells, with the place in the request where each text goes. */
struct head_texts {
	struct bytes method, host, target, user_agent, x_forwarded_for, trace_header;
};

static struct bytes field(struct bytes in)
{
	return in.at ? bytes_take(in, FIELD_CAP) : BYTES_NONE;
}

static size_t room_of(struct bytes in)
{
	return in.len ? utf8_clean_len_max(in) + 1 : 0;
}

/* An absent field stays NULL. */
static const char *put_text(struct bytes in, char **at)
{
	char *text = *at;

	if (!in.len)
		return NULL;
	*at += utf8_clean_to(in, text, utf8_clean_len_max(in));
	*(*at)++ = '\0';
	return text;
}

static bool first_is_https(struct bytes forwarded_proto)
{
	return forwarded_proto.len >= 5 &&
	       !strncasecmp((const char *)forwarded_proto.at, "https", 5);
}

/* The authority of `http://host:port/path`, empty for other forms of target. */
static struct bytes target_authority(struct bytes target)
{
	for (size_t i = 0; i + 2 < target.len && target.at[i] != '/'; i++) {
		struct bytes rest;
		size_t n = 0;

		if (memcmp(target.at + i, "://", 3))
			continue;
		rest = bytes_skip(target, i + 3);
		while (n < rest.len && !strchr("/?#", rest.at[n]))
			n++;
		return bytes_take(rest, n);
	}
	return BYTES_NONE;
}

/* All texts in one piece of memory. Without a Host the request went to the local address. */
static int fill_texts(struct trace *trace, const struct conn *conn, struct head_texts head,
		      struct request *r)
{
	char local[ADDRESS_TEXT_CAP], *at;

	if (!head.host.len && conn->local.port) {
		authority_text(&conn->local, local);
		head.host = bytes_str(local);
	}
	r->text = pool_take_bytes(&trace->pools.text,
				  room_of(head.method) + room_of(head.host) + room_of(head.target) +
					  room_of(head.user_agent) + room_of(head.x_forwarded_for) +
					  room_of(head.trace_header));
	if (!r->text || !head.method.len)
		return -ENOMEM;
	at = r->text;
	r->method = put_text(head.method, &at);
	r->host = put_text(head.host, &at);
	r->target = put_text(head.target, &at);
	r->user_agent = put_text(head.user_agent, &at);
	r->x_forwarded_for = put_text(head.x_forwarded_for, &at);
	r->trace_header = put_text(head.trace_header, &at);
	return 0;
}

static void set_scheme(const struct conn *conn, struct request *r, bool https)
{
	r->scheme = https || conn->tls ? "https" : "http";
}

static int fill_http(struct trace *trace, const struct http1_request *head, const struct conn *conn,
		     struct live *live)
{
	const struct http1_fields *fields = &head->fields;
	struct request *r = &live->r;
	struct head_texts texts = {
		.method = field(head->method),
		.host = field(fields->host.len ? fields->host : target_authority(head->target)),
		.target = field(head->target),
		.user_agent = field(fields->user_agent),
		.x_forwarded_for = field(fields->x_forwarded_for),
		.trace_header = field(fields->trace_id),
	};

	memcpy(r->protocol, "HTTP/1.", 7);
	r->protocol[7] = (char)('0' + head->minor);
	if (conn->peer.port)
		address_text(&conn->peer, r->client_ip);
	r->request_length = fields->content_length;
	if (head->cut)
		r->flags |= REQUEST_HEAD_CUT;
	set_scheme(conn, r,
		   first_is_https(fields->x_forwarded_proto) ||
			   (head->target.len > 8 && first_is_https(head->target)));
	return fill_texts(trace, conn, texts, r);
}

static void copy_text(struct bytes in, char *ret, size_t cap)
{
	snprintf(ret, cap, "%.*s", (int)(in.len < cap ? in.len : cap), (const char *)in.at);
}

static int fill_uwsgi(struct trace *trace, const struct uwsgi_request *vars,
		      const struct conn *conn, struct live *live)
{
	struct request *r = &live->r;
	struct head_texts texts = {
		.method = field(vars->method),
		.host = field(vars->host),
		.target = field(vars->uri),
		.user_agent = field(vars->user_agent),
		.x_forwarded_for = field(vars->x_forwarded_for),
		.trace_header = field(vars->trace_id),
	};

	if (vars->protocol.len)
		copy_text(vars->protocol, r->protocol, sizeof(r->protocol));
	if (vars->remote_addr.len)
		copy_text(vars->remote_addr, r->client_ip, sizeof(r->client_ip));
	memcpy(live->remote_addr, r->client_ip, sizeof(live->remote_addr));
	live->remote_port = vars->remote_port;
	r->request_length = vars->content_length;
	if (vars->cut)
		r->flags |= REQUEST_HEAD_CUT;
	set_scheme(conn, r, vars->https || first_is_https(vars->x_forwarded_proto));
	return fill_texts(trace, conn, texts, r);
}

int request_head_fill(struct trace *trace, const struct request_head *head, const struct conn *conn,
		      struct live *live)
{
	live->r.status = 0;
	live->r.queue_ns = -1;
	live->r.response_length = -1;
	live->uwsgi = head->uwsgi;
	return head->uwsgi ? fill_uwsgi(trace, &head->vars, conn, live)
			   : fill_http(trace, &head->http, conn, live);
}
