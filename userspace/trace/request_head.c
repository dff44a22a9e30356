// SPDX-License-Identifier: Apache-2.0
/*
 * request_head.c - what a request's head tells, for HTTP and for the uwsgi protocol's variables.
 */
#include "trace/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace/address.h"
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

/* An absent field stays NULL. */
static int text_of(struct bytes in, char **ret)
{
	if (!in.at || !in.len)
		return 0;
	*ret = utf8_clean(in, FIELD_CAP);
	return *ret ? 0 : -ENOMEM;
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

static int local_host(const struct conn *conn, char **ret)
{
	char text[ADDRESS_TEXT_CAP];

	if (!conn->local.port)
		return 0;
	authority_text(&conn->local, text);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int fill_common(const struct conn *conn, struct request *r, bool https)
{
	r->scheme = strdup(https || conn->tls ? "https" : "http");
	if (!r->scheme || !r->method)
		return -ENOMEM;
	return r->host ? 0 : local_host(conn, &r->host);
}

static int fill_http(const struct http1_request *head, const struct conn *conn, struct live *live)
{
	struct request *r = &live->r;
	struct bytes host = head->fields.host;
	bool https = first_is_https(head->fields.x_forwarded_proto) ||
		     (head->target.len > 8 && first_is_https(head->target));

	if (!host.len)
		host = target_authority(head->target);
	if (text_of(head->method, &r->method) < 0 || text_of(host, &r->host) < 0 ||
	    text_of(head->target, &r->target) < 0 ||
	    text_of(head->fields.user_agent, &r->user_agent) < 0 ||
	    text_of(head->fields.x_forwarded_for, &r->x_forwarded_for) < 0 ||
	    text_of(head->fields.trace_id, &r->trace_header) < 0)
		return -ENOMEM;
	snprintf(r->protocol, sizeof(r->protocol), "HTTP/1.%d", head->minor);
	if (conn->peer.port)
		address_text(&conn->peer, r->client_ip);
	r->request_length = head->fields.content_length;
	if (head->cut)
		r->flags |= REQUEST_HEAD_CUT;
	return fill_common(conn, r, https);
}

static void copy_text(struct bytes in, char *ret, size_t cap)
{
	snprintf(ret, cap, "%.*s", (int)(in.len < cap ? in.len : cap), (const char *)in.at);
}

static int fill_uwsgi(const struct uwsgi_request *vars, const struct conn *conn, struct live *live)
{
	struct request *r = &live->r;

	if (text_of(vars->method, &r->method) < 0 || text_of(vars->host, &r->host) < 0 ||
	    text_of(vars->uri, &r->target) < 0 || text_of(vars->user_agent, &r->user_agent) < 0 ||
	    text_of(vars->x_forwarded_for, &r->x_forwarded_for) < 0 ||
	    text_of(vars->trace_id, &r->trace_header) < 0)
		return -ENOMEM;
	if (vars->protocol.len)
		copy_text(vars->protocol, r->protocol, sizeof(r->protocol));
	if (vars->remote_addr.len)
		copy_text(vars->remote_addr, r->client_ip, sizeof(r->client_ip));
	memcpy(live->remote_addr, r->client_ip, sizeof(live->remote_addr));
	live->remote_port = vars->remote_port;
	r->request_length = vars->content_length;
	if (vars->cut)
		r->flags |= REQUEST_HEAD_CUT;
	return fill_common(conn, r, vars->https || first_is_https(vars->x_forwarded_proto));
}

int request_head_fill(const struct request_head *head, const struct conn *conn, struct live *live)
{
	live->r.status = 0;
	live->r.queue_ns = -1;
	live->r.response_length = -1;
	live->uwsgi = head->uwsgi;
	return head->uwsgi ? fill_uwsgi(&head->vars, conn, live)
			   : fill_http(&head->http, conn, live);
}
