// SPDX-License-Identifier: Apache-2.0
/* silence.c - see silence.h. */
#include "cli/silence.h"

/* Exchanges were seen, and no request that is over. */
static const char *other_exchanges(const struct trace_counters *trace)
{
	if (trace->outbound_http && trace->outbound_http == trace->exchanges)
		return "the traced processes make HTTP requests and serve none; give the PID of "
		       "the "
		       "service that answers them";
	if (trace->begun_before)
		return "the traffic is of requests that began before the trace and still go on";
	return "exchanges were seen, but no finished HTTP request; only the front (router) or only "
	       "the database side may be traced, or requests wait for their answers";
}

const char *silence_cause(const uint64_t kernel[BX_C_MAX], const struct trace_counters *trace)
{
	if (!kernel[BX_C_CALLS])
		return "the traced processes moved no bytes on stream sockets; is this the right "
		       "PID, and is there traffic?";
	if (kernel[BX_C_COMPAT])
		return "a traced process is a 32-bit program, whose buffers are not read";
	if (kernel[BX_C_TLS] > kernel[BX_C_TLS_READ])
		return "connections speak TLS, whose library is none that is probed (doctor --pid "
		       "lists them)";
	if (trace->exchanges)
		return other_exchanges(trace);
	if (kernel[BX_C_UNREADABLE])
		return "the bytes go by io_uring, splice or several messages in one call, which "
		       "are "
		       "counted, not read";
	return "the sockets of the traced processes speak neither HTTP, uwsgi nor MySQL";
}
