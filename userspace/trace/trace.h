/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - from the kernel's exchanges to requests with their statements. Pure: no I/O, no clock;
 * time comes in.
 *
 * Exchanges of one connection come in order of their sequence numbers (the ring keeps order per
 * connection); exchanges of different connections in any order. A connection's turns are joined or
 * split by the protocol's framing; statements are hung under a request only when the kernel named
 * it as the thread's own and the times prove it.
 */
#ifndef BPFXRAY_TRACE_TRACE_H
#define BPFXRAY_TRACE_TRACE_H

#include <linux/types.h>

#include "bpfxray/wire.h"
#include "trace/request.h"
#include "util/bytes.h"

struct trace;

/* Which round trips become statements (README "--db-spans"). */
enum db_spans { DB_SPANS_SDK, DB_SPANS_APP, DB_SPANS_ALL };

/* Counters of the trace layer; each lost thing has its cause. */
struct trace_counters {
	uint64_t exchanges; /* exchange records taken in */
	/*
	 * Requests whose head was read. Each is in exactly one of requests, fronts_joined,
	 * fronts_unjoined, workers_disowned, abandoned, not_served and requests_lost, or open
	 * (trace_requests_open()).
	 */
	uint64_t heads;
	uint64_t requests;	      /* handed to the sink */
	uint64_t fronts_joined;	      /* told with their worker's request */
	uint64_t workers_disowned;    /* not over long after their front's request was told alone */
	uint64_t statements;	      /* of these requests */
	uint64_t statements_filtered; /* round trips that db_spans leaves out */
	uint64_t statements_unproven; /* statements with no proven request */
	uint64_t statements_no_text;  /* executed through a prepare that was not seen, or text not
					 captured */
	uint64_t statements_rejected; /* mid-connection candidates that failed the strict rule */
	uint64_t children_missing;    /* statements the kernel counted that never came */
	uint64_t outbound_http;	      /* HTTP exchanges in client role: not emitted */
	uint64_t fronts_unjoined; /* front exchanges dropped because their worker was not proven */
	uint64_t sequence_gaps;	  /* exchanges missing on a connection */
	uint64_t unparsed; /* exchanges whose bytes do not parse as the protocol they began with */
	uint64_t compressed; /* exchanges on compressed MySQL connections: counted, not parsed */
	uint64_t encrypted;  /* exchanges on TLS connections */
	uint64_t abandoned;  /* requests without a response at the end of tracing */
	uint64_t fragments_orphaned; /* fragments whose exchange never came, or beyond the bound of
					one exchange */
	uint64_t begun_before; /* exchanges that began before the trace: their head was not seen */
	uint64_t not_served;   /* requests pipelined behind a response that closed the connection */
	uint64_t requests_lost;	      /* requests whose answer was in exchanges that never came */
	uint64_t connections_evicted; /* connections forgotten for want of room */
	uint64_t waits_cut;	      /* requests handed on early because too many waited */
};

struct trace_sink {
	/* Takes the finished request by reference: valid during the call only. */
	void (*request)(void *ctx, const struct request *request);
	void *ctx;
	/*
	 * Exchange @seq of connection @conn is answered whole and has been quiet for a second: the
	 * kernel need not keep it open. NULL: not asked for.
	 */
	void (*idle)(void *ctx, uint64_t conn, uint32_t seq);
	/*
	 * A number that the processes of @tgid's service have in common: names are kept for each
	 * service by itself. NULL: there is one service.
	 */
	uint32_t (*tree)(void *ctx, uint32_t tgid);
	/*
	 * Takes a request that has been open for long (trace_tell_open()), as far as it is known:
	 * without an end, an answer, statements; with a number. Valid during the call only. NULL:
	 * not asked for.
	 */
	void (*open)(void *ctx, const struct request *request);
	/* Nothing more comes of request @number that was open. NULL: not asked for. */
	void (*gone)(void *ctx, uint64_t number);
};

/* Returns 0 and *ret, or -ENOMEM. The caller owns it. */
int trace_new(enum db_spans db_spans, struct trace_sink sink, struct trace **ret);
/*
 * Any process may turn out to be a front (uWSGI's router, nginx): until it has shown what it is,
 * its first requests wait for a worker's. Without this they may come twice.
 */
void trace_expect_fronts(struct trace *trace);
/* Requests that are open for longer than @after_ns are told once before their end; 0: none. */
void trace_tell_open(struct trace *trace, uint64_t after_ns);
/*
 * More than @max idle connections are told to be idle at once, the oldest first, instead of after a
 * second: the kernel side has so much room for them. 0: any number waits.
 */
void trace_keep_idle(struct trace *trace, size_t max);
struct trace *trace_free(struct trace *trace);

/*
 * @ex is a checked record (probe/record.h) with ex->text_len bytes of text behind it; copied as
 * needed. 0 or -ENOMEM.
 */
int trace_exchange(struct trace *trace, const struct bx_exchange *ex);
int trace_fragment(struct trace *trace, const struct bx_fragment *fragment);
int trace_client_call(struct trace *trace, const struct bx_client_call *call);
void trace_dns(struct trace *trace, const struct bx_dns *dns);
void trace_dialled(struct trace *trace, const struct bx_dialled *dialled);
void trace_process(struct trace *trace, const struct bx_process *process);

/* The text of the hosts file of the service @tree, in the place of the one before it. */
void trace_set_hosts(struct trace *trace, uint32_t tree, struct bytes text);

/*
 * Lets time pass: hands on what waited long enough for its children or its front. @now_ns:
 * CLOCK_MONOTONIC.
 */
void trace_tick(struct trace *trace, uint64_t now_ns);

/* The end: hands on everything that is finished, counts the rest. */
void trace_flush(struct trace *trace, uint64_t now_ns);

const struct trace_counters *trace_counters(const struct trace *trace);

/* Requests that are neither handed on nor given up. */
uint64_t trace_requests_open(const struct trace *trace);

#endif
