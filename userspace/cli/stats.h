/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - what was seen, sent and lost, by cause: as JSON for --stats, as lines for people.
 */
#ifndef BPFXRAY_CLI_STATS_H
#define BPFXRAY_CLI_STATS_H

#include "cli/attacher.h"
#include "cli/exporter.h"
#include "probe/ring.h"
#include "trace/trace.h"
#include "xray/sampler.h"

/* What a session itself counts: of finished requests, and records it has no memory for. */
struct session_counters {
	uint64_t traces_joined; /* their header named the trace */
	uint64_t trace_headers_malformed;
	uint64_t answers_of_sdk; /* an X-Ray SDK inside the service named the trace in the answer */
	uint64_t left_out_open;	 /* sampling left them out, and their end has not come */
	uint64_t out_of_memory;	 /* records that could not be taken in */
};

struct stats_source {
	struct attacher *attacher;
	const struct ring *ring;
	const struct trace *trace;
	const struct exporter *exporter;
	const struct sampler *sampler;
	const struct session_counters *session;
};

/*
 * Writes every counter to the file of --stats, whole or not at all (a new file takes its place; the
 * attacher does it). 0 or a negative errno.
 */
int stats_write(const struct stats_source *source);

/*
 * The same to that of --metrics, as Prometheus's text format has it; beside each counter by its own
 * name every loss as bpfxray_lost_total with its cause.
 */
int stats_write_metrics(const struct stats_source *source);

/*
 * Logs requests, statements and documents sent, then each counter of a loss that is not 0, or that
 * there was none.
 */
void stats_log(const struct stats_source *source);

/*
 * The sum of the losses; their causes, as many as fit, in @ret of @cap bytes: `udp failed_full 3,
 * ..`.
 */
uint64_t stats_losses(const struct stats_source *source, char *ret, size_t cap);

#endif
