// SPDX-License-Identifier: Apache-2.0
/* test_silence.c - what is named as the cause when nothing comes. */
#include "unit.h"

#include "cli/silence.h"
#include "util/array.h"

TEST(silence_cause_by_counters)
{
	static const struct {
		const char *says;
		struct trace_counters trace;
		uint64_t calls, compat, tls, tls_read, unreadable;
	} rows[] = {
		{ "is this the right PID", .calls = 0 },
		{ "32-bit", .calls = 9, .compat = 9, .tls = 1 },
		{ "TLS", .calls = 9, .tls = 2, .tls_read = 1 },
		{ "neither HTTP", .calls = 9, .tls = 2, .tls_read = 2 },
		{ "serve none", .calls = 9, .trace = { .exchanges = 3, .outbound_http = 3 } },
		{ "no finished HTTP request", .calls = 9,
		  .trace = { .exchanges = 3, .outbound_http = 2 } },
		{ "before the trace", .calls = 9, .trace = { .exchanges = 3, .begun_before = 1 } },
		{ "io_uring", .calls = 9, .unreadable = 9 },
		{ "neither HTTP", .calls = 9 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const uint64_t kernel[BX_C_MAX] = {
			[BX_C_CALLS] = rows[i].calls,
			[BX_C_COMPAT] = rows[i].compat,
			[BX_C_TLS] = rows[i].tls,
			[BX_C_TLS_READ] = rows[i].tls_read,
			[BX_C_UNREADABLE] = rows[i].unreadable,
		};
		const char *cause = silence_cause(kernel, &rows[i].trace);

		unit_context("row %zu: %s", i, cause);
		CHECK(strstr(cause, rows[i].says));
	}
}
