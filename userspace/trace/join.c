// SPDX-License-Identifier: Apache-2.0
/*
 * join.c - a worker's request and its front's become one: who waits for whom, and what of each is
 * told. Which two belong together is proven in fronts.c.
 */
#include "trace/join.h"

#include <string.h>

#include "trace/fronts.h"
#include "trace/live.h"
#include "trace/thread.h"

static void link_front(struct live *worker, struct live *front)
{
	worker->front = front;
	front->worker = worker;
	front->process->flags |= PROCESS_FRONT;
	worker->process->flags |= PROCESS_WORKER;
	worker->process->flags &= ~PROCESS_FRONTLESS;
}

void join_drop(struct trace *trace, struct live *front)
{
	live_count(trace, front, &trace->counters.fronts_unjoined);
	front->dropped = true;
}

bool join_front(struct trace *trace, struct live *worker)
{
	struct live *front = fronts_find(trace, worker);

	if (front)
		link_front(worker, front);
	return front;
}

/* The first requests after the attach may have a front, or a worker, that was not seen yet. */
static bool unknown_yet(const struct trace *trace, const struct live *live)
{
	return trace->fronts_expected && !(live->process->flags & PROCESS_PLAIN);
}

uint64_t join_front_wait_ns(const struct trace *trace, const struct live *worker)
{
	uint32_t flags = worker->process->flags;

	if (!worker->uwsgi)
		return fronts_possible(trace, worker) || unknown_yet(trace, worker)
			       ? WAIT_UNKNOWN_FRONT_NS
			       : 0;
	if (flags & PROCESS_WORKER)
		return WAIT_FRONT_NS;
	return flags & PROCESS_FRONTLESS && !trace->http_seen ? 0 : WAIT_UNKNOWN_FRONT_NS;
}

uint64_t join_worker_wait_ns(const struct trace *trace, const struct live *front)
{
	uint32_t flags = front->process->flags;

	if (front->uwsgi || flags & PROCESS_WORKER)
		return 0;
	if (trace->uwsgi_seen || flags & (PROCESS_FRONT | PROCESS_PROXY))
		return WAIT_WORKER_NS;
	return unknown_yet(trace, front) ? WAIT_WORKER_NS : 0;
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
	join_drop(trace, front);
}

/* Both heads tell the same; the front's is better where the worker's was cut. */
static void take_fields(struct request *to, struct request *from)
{
	char *text = to->text;

	to->text = from->text;
	from->text = text; /* nobody reads the front's fields any more */
	to->method = from->method;
	to->scheme = from->scheme;
	to->host = from->host;
	to->target = from->target;
	to->user_agent = from->user_agent;
	to->x_forwarded_for = from->x_forwarded_for;
	to->trace_header = from->trace_header;
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
