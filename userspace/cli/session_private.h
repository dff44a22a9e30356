/* SPDX-License-Identifier: Apache-2.0 */
/* session_private.h - the inside of a session, shared by session.c and session_start.c. */
#ifndef BPFXRAY_CLI_SESSION_PRIVATE_H
#define BPFXRAY_CLI_SESSION_PRIVATE_H

#include "cli/exporter.h"
#include "cli/health.h"
#include "cli/run_report.h"
#include "cli/services.h"
#include "cli/stats.h"
#include "cli/top_view.h"
#include "probe/kernel.h"
#include "trace/trace.h"

/* AF_UNIX as struct bx_exchange.family has it */
#define AF_UNIX_FAMILY 1
/* how long `ready` may be followed by nothing before that is explained */
#define SILENCE_NS 30000000000ULL

struct session {
	const struct options *options;
	struct kernel *kernel;
	struct trace *trace;
	struct exporter exporter;
	struct services services;
	struct run_report report;
	struct top_view *view; /* NULL: no --top */
	uint64_t ready_ns;
	uint64_t last_request_ns;
	uint64_t out_of_memory; /* records that could not be taken in */
	unsigned int idle_ticks;
	int health_fd;	  /* negative: `bpfxray health` cannot ask */
	bool ring_failed; /* the last poll of the ring failed */
	bool silence_explained;
};

void session_catch_signals(void);
uint64_t session_now_ns(void);
void session_take_record(void *ctx, const struct record_view *view);
void session_take_request(void *ctx, const struct request *request);
void session_loop(struct session *session);
/* Detaches, drains, sends what is finished, and says what became of everything. */
enum exit_code session_finish(struct session *session);

#endif
