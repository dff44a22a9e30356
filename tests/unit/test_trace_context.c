// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_context.c - X-Amzn-Trace-Id wherever it stands in a head of 8 KB, however its name is
 * written, and across the pieces in which the head is captured.
 */
#include "trace_build.h"
#include "unit.h"

#include <stdio.h>

#define VALUE	 "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
#define HEAD_LEN 8192

/* A head of HEAD_LEN bytes with the field about @at bytes behind its begin; returns its length. */
static size_t make_head(char *head, const char *name, size_t at)
{
	char *end = head + sprintf(head, "GET / HTTP/1.1\r\nHost: h\r\n");

	if (at > (size_t)(end - head) + 8)
		end += sprintf(end, "X-A: %0*d\r\n", (int)(at - (size_t)(end - head)) - 7, 0);
	end += sprintf(end, "%s: " VALUE "\r\n", name);
	if (head + HEAD_LEN > end + 16)
		end += sprintf(end, "X-B: %0*d\r\n", (int)(head + HEAD_LEN - end) - 11, 0);
	return (size_t)(end - head) + (size_t)sprintf(end, "\r\n");
}

/* As the kernel side tells it: what the record holds, and the rest in fragments before it. */
static void tell(struct bench *b, struct bytes head)
{
	for (size_t at = BX_TEXT_REQUEST_CAP; at < head.len; at += BX_FRAGMENT_CAP)
		bench_fragment(b, 1, 1, 0, at, 0,
			       bytes_take(bytes_skip(head, at), BX_FRAGMENT_CAP));
	EXCHANGE(b, .conn = 1, .seq = 1, .request = bytes_take(head, BX_TEXT_REQUEST_CAP),
		 .request_total = head.len, .request_ms = 10, .response_ms = 20,
		 .response = LITERAL("HTTP/1.1 204 No Content\r\n\r\n"));
	bench_settle(b);
}

TEST(trace_header_at_any_offset)
{
	static const char *const names[] = { "X-Amzn-Trace-Id", "x-amzn-trace-id",
					     "X-AMZN-TRACE-ID" };
	static char head[HEAD_LEN + 256];

	/* every residue of the pieces' sizes comes up: 37 divides none of them */
	for (size_t at = 0; at < HEAD_LEN - 128; at += 37) {
		size_t len = make_head(head, names[at % 3], at);
		const struct request *r;
		struct bench b;

		unit_context("at %zu of %zu bytes", at, len);
		bench_begin(&b, DB_SPANS_APP);
		tell(&b, bytes_of(head, len));
		r = bench_only(&b);
		if (r) {
			CHECK_STR(r->trace_header, VALUE);
			CHECK_EQ(r->flags, 0);
		}
		bench_end(&b);
	}
}
