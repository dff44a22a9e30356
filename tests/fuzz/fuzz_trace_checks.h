/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_trace_checks.h - what a request that reaches the sink is, whatever went in: well-formed,
 * and, while the kernel's clock is right, in the order of time.
 */
#ifndef BPFXRAY_TESTS_FUZZ_TRACE_CHECKS_H
#define BPFXRAY_TESTS_FUZZ_TRACE_CHECKS_H

#include <stdbool.h>

#include "fuzz.h"
#include "trace/request.h"
#include "trace/trace.h"

/* No string is longer than what the fragments of an exchange can bring, escapes and all. */
#define STRING_MAX (4 * 256 * 1024)

#define TERMINATED(array) (memchr((array), 0, sizeof(array)) != NULL)

static inline void check_string(const char *s)
{
	if (s)
		INVARIANT(strlen(s) <= STRING_MAX);
}

static inline void check_statement(const struct statement *s, bool in_order)
{
	INVARIANT(s->kind >= STATEMENT_QUERY && s->kind <= STATEMENT_COMMAND);
	INVARIANT(TERMINATED(s->command) && s->command[0]);
	INVARIANT(TERMINATED(s->err_sqlstate));
	INVARIANT(TERMINATED(s->peer.address));
	INVARIANT(TERMINATED(s->peer.name));
	INVARIANT(TERMINATED(s->peer.user));
	INVARIANT(TERMINATED(s->peer.database));
	INVARIANT(TERMINATED(s->peer.version));
	INVARIANT(TERMINATED(s->peer.driver));
	INVARIANT(s->sql ? strlen(s->sql) == s->sql_len : !s->sql_len);
	INVARIANT(s->rows >= -1 && s->affected >= -1);
	check_string(s->err_message);
	if (!in_order)
		return;
	INVARIANT(s->start_ns && s->start_ns <= s->end_ns);
	INVARIANT(!s->first_ns || (s->first_ns >= s->start_ns && s->first_ns <= s->end_ns));
}

static inline void check_request_times(const struct request *r)
{
	INVARIANT(r->start_ns && r->start_ns <= r->end_ns);
	INVARIANT(!r->first_byte_ns ||
		  (r->first_byte_ns >= r->start_ns && r->first_byte_ns <= r->end_ns));
	for (size_t i = 0; i < r->statement_count; i++)
		INVARIANT(r->statements[i].start_ns >= r->start_ns);
}

static inline void check_request(const struct request *r, bool in_order)
{
	INVARIANT(r->method && r->method[0]);
	INVARIANT(r->status == 0 || (r->status >= 100 && r->status <= 999));
	INVARIANT(r->request_length >= -1 && r->response_length >= -1 && r->queue_ns >= -1);
	INVARIANT(TERMINATED(r->client_ip) && TERMINATED(r->protocol));
	INVARIANT(!(r->flags & REQUEST_NO_RESPONSE) || !r->status);
	check_string(r->method);
	check_string(r->scheme);
	check_string(r->host);
	check_string(r->target);
	check_string(r->user_agent);
	check_string(r->x_forwarded_for);
	check_string(r->trace_header);
	for (size_t i = 0; i < r->statement_count; i++) {
		INVARIANT(!i || r->statements[i - 1].start_ns <= r->statements[i].start_ns);
		check_statement(&r->statements[i], in_order);
	}
	if (in_order)
		check_request_times(r);
}

/* No counter falls, or leaps. */
static inline void check_grown(const struct trace_counters *now,
			       const struct trace_counters *before)
{
	const uint64_t *a = (const uint64_t *)before, *b = (const uint64_t *)now;

	for (size_t i = 0; i < sizeof(*now) / sizeof(*a); i++)
		INVARIANT(b[i] >= a[i] && b[i] - a[i] < UINT32_MAX * UINT64_C(16));
}

/* Each request that was begun has become something, or is open. */
static inline void check_heads(const struct trace_counters *c, uint64_t open)
{
	INVARIANT(c->heads == c->requests + c->fronts_joined + c->fronts_unjoined +
				      c->workers_disowned + c->abandoned + c->not_served +
				      c->requests_lost + open);
}

#endif
