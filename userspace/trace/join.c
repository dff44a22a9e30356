// SPDX-License-Identifier: Apache-2.0
/*
 * join.c - finds a worker's front. The uwsgi protocol names the client's address and port, which is
 * proof. Of a worker that speaks HTTP the connection's other end is proof of the process; which
 * request of that process it was must be the only one that fits, or be told by a header.
 */
#include "trace/join.h"

#include <stdlib.h>

#include "trace/address.h"
#include "trace/live.h"
#include "trace/process.h"
#include "trace/thread.h"

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* Whether @front may be what @worker's request was on the way in. */
static bool fits(const struct live *front, const struct live *worker)
{
	return !front->uwsgi && !front->worker && !front->dropped &&
	       front->r.tgid != worker->r.tgid && same(front->r.method, worker->r.method) &&
	       same(front->r.target, worker->r.target) && front->r.start_ns <= worker->r.start_ns &&
	       (!front->finished || front->r.end_ns >= worker->r.start_ns);
}

static struct live *uwsgi_front(const struct trace *trace, const struct live *worker, uint16_t port)
{
	struct live *front = port ? live_by_port(trace, port) : NULL;

	for (; front; front = front->port_next)
		if (fits(front, worker) && address_is(&front->peer, worker->remote_addr))
			return front;
	return NULL;
}

struct candidates {
	struct live *first;
	size_t count;
	struct live *by_trace; /* the only one with the worker's X-Amzn-Trace-Id */
	size_t by_trace_count;
	struct live
		*by_address; /* the only one whose client the worker's X-Forwarded-For ends with */
	size_t by_address_count;
};

/* The last element of X-Forwarded-For is what the front itself added: its peer. */
static bool forwarded_for(const struct live *front, const struct live *worker)
{
	const char *list = worker->r.x_forwarded_for;
	const char *last = list ? strrchr(list, ',') : NULL;

	if (!list || !front->peer.port)
		return false;
	last = last ? last + 1 : list;
	return address_is(&front->peer, last + strspn(last, " \t"));
}

static void consider(struct candidates *c, struct live *front, const struct live *worker)
{
	if (!fits(front, worker))
		return;
	if (!c->count++)
		c->first = front;
	if (same(front->r.trace_header, worker->r.trace_header) && !c->by_trace_count++)
		c->by_trace = front;
	if (forwarded_for(front, worker) && !c->by_address_count++)
		c->by_address = front;
}

static void consider_process(struct candidates *c, const struct process *process,
			     const struct live *worker)
{
	if (!process)
		return;
	list_for_each (&process->requests, it)
		consider(c, list_entry(it, struct live, process_link), worker);
}

/* The traced connection that ends at @worker's, if its maker is traced. */
static const struct conn *hop_of(const struct trace *trace, const struct live *worker)
{
	const struct conn *hop = NULL;

	if (worker->peer.port)
		hop = table_find(&trace->hops, endpoint_key(&worker->peer));
	return hop && endpoint_equal(&hop->local, &worker->peer) ? hop : NULL;
}

static bool any_unix_proxy(const struct trace *trace)
{
	table_for_each (&trace->processes, it)
		if (((struct process *)it.value)->flags & PROCESS_UNIX_PROXY)
			return true;
	return false;
}

static struct candidates http_fronts(const struct trace *trace, const struct live *worker)
{
	const struct conn *hop = hop_of(trace, worker);
	struct candidates c = { 0 };

	if (hop)
		consider_process(&c, process_find(trace, hop->tgid), worker);
	if (worker->peer.port)
		return c;
	/* Unix sockets have no ports: any process that makes HTTP requests over them may be it. */
	table_for_each (&trace->processes, it)
		if (((struct process *)it.value)->flags & PROCESS_UNIX_PROXY)
			consider_process(&c, it.value, worker);
	return c;
}

static void link_front(struct live *worker, struct live *front)
{
	worker->front = front;
	front->worker = worker;
	front->process->flags |= PROCESS_FRONT;
	worker->process->flags |= PROCESS_WORKER;
	worker->process->flags &= ~PROCESS_FRONTLESS;
}

/* settle.c frees it, at once or when it has finished. */
static void drop_front(struct trace *trace, struct live *front)
{
	trace->counters.fronts_unjoined++;
	front->dropped = true;
}

static struct live *proven(const struct candidates *c)
{
	if (c->count == 1)
		return c->first;
	if (c->by_trace_count == 1)
		return c->by_trace;
	return c->by_address_count == 1 ? c->by_address : NULL;
}

bool join_front(struct trace *trace, struct live *worker)
{
	struct live *front = NULL;

	if (worker->uwsgi) {
		front = uwsgi_front(trace, worker, worker->remote_port);
		if (!front)
			front = uwsgi_front(trace, worker, __builtin_bswap16(worker->remote_port));
	} else {
		struct candidates c = http_fronts(trace, worker);

		front = proven(&c);
		if (!front && c.count) {
			worker->alone = true;
			drop_front(trace, c.first);
		}
	}
	if (front)
		link_front(worker, front);
	return front;
}

uint64_t join_front_wait_ns(const struct trace *trace, const struct live *worker)
{
	uint32_t flags = worker->process->flags;

	if (worker->uwsgi) {
		if (flags & PROCESS_WORKER)
			return WAIT_FRONT_NS;
		return flags & PROCESS_FRONTLESS && !trace->http_seen ? 0 : WAIT_UNKNOWN_FRONT_NS;
	}
	if (hop_of(trace, worker))
		return WAIT_FRONT_NS;
	if (!trace->proxy_seen || flags & (PROCESS_PROXY | PROCESS_FRONT | PROCESS_FRONTLESS))
		return 0;
	return worker->peer.port || any_unix_proxy(trace) ? WAIT_UNKNOWN_FRONT_NS : 0;
}

uint64_t join_worker_wait_ns(const struct trace *trace, const struct live *front)
{
	uint32_t flags = front->process->flags;

	if (front->uwsgi || flags & PROCESS_WORKER)
		return 0;
	if (trace->uwsgi_seen || flags & (PROCESS_FRONT | PROCESS_PROXY))
		return WAIT_WORKER_NS;
	/* The first requests after the attach may be a front's, whose worker was not seen yet. */
	return trace->fronts_expected && !(flags & PROCESS_PLAIN) ? WAIT_WORKER_NS : 0;
}

bool join_is_front(const struct trace *trace, const struct live *live)
{
	if (live->uwsgi)
		return false;
	if (live->process->flags & PROCESS_FRONT)
		return true;
	return trace->uwsgi_seen && thread_multiplexes(live);
}

void join_part(struct trace *trace, struct live *worker)
{
	struct live *front = worker->front;

	worker->alone = true;
	if (!front)
		return;
	join_forget(worker);
	drop_front(trace, front);
}

static void swap_text(char **a, char **b)
{
	char *text = *a;

	*a = *b;
	*b = text;
}

/* Both heads tell the same; the front's is better where the worker's was cut. */
static void take_fields(struct request *to, struct request *from)
{
	swap_text(&to->method, &from->method);
	swap_text(&to->scheme, &from->scheme);
	swap_text(&to->host, &from->host);
	swap_text(&to->target, &from->target);
	swap_text(&to->user_agent, &from->user_agent);
	swap_text(&to->x_forwarded_for, &from->x_forwarded_for);
	swap_text(&to->trace_header, &from->trace_header);
	to->request_length = from->request_length;
	to->flags &= ~REQUEST_HEAD_CUT;
}

void join_merge(struct live *worker)
{
	struct live *front = worker->front;
	struct request *r = &worker->r;
	uint64_t since = front->established_ns ? front->established_ns : front->r.start_ns;

	if (r->flags & REQUEST_HEAD_CUT && !(front->r.flags & REQUEST_HEAD_CUT))
		take_fields(r, &front->r);
	r->queue_ns = r->start_ns > since ? (int64_t)(r->start_ns - since) : 0;
	r->start_ns = front->r.start_ns;
	r->end_ns = front->r.end_ns;
	r->first_byte_ns = front->r.first_byte_ns;
	r->status = front->r.status;
	r->response_length = front->r.response_length;
	r->bytes_in = front->r.bytes_in;
	r->bytes_out = front->r.bytes_out;
	memcpy(r->protocol, front->r.protocol, sizeof(r->protocol));
	if (front->r.client_ip[0])
		memcpy(r->client_ip, front->r.client_ip, sizeof(r->client_ip));
	r->flags &= REQUEST_HEAD_CUT | REQUEST_CHILDREN_MISSING | REQUEST_MULTIPLEXED;
	r->flags |= REQUEST_JOINED_FRONT |
		    (front->r.flags & (REQUEST_ABORTED | REQUEST_NO_RESPONSE | REQUEST_UPGRADED));
}

void join_forget(struct live *live)
{
	if (live->front)
		live->front->worker = NULL;
	if (live->worker)
		live->worker->front = NULL;
	live->front = NULL;
	live->worker = NULL;
}
