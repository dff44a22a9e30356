/* SPDX-License-Identifier: Apache-2.0 */
/* session_private.h - the inside of a session, shared by session*.c. */
#ifndef BPFXRAY_CLI_SESSION_PRIVATE_H
#define BPFXRAY_CLI_SESSION_PRIVATE_H

#include "cli/attacher.h"
#include "cli/exporter.h"
#include "cli/open_requests.h"
#include "cli/run_report.h"
#include "cli/sampling.h"
#include "cli/services.h"
#include "cli/stats.h"
#include "cli/telemetry.h"
#include "cli/top_view.h"
#include "probe/ring.h"
#include "trace/trace.h"

/* AF_UNIX as struct bx_exchange.family has it */
#define AF_UNIX_FAMILY 1

struct session {
	const struct options *options;
	struct attacher *attacher;
	struct ring *ring;
	struct trace *trace;
	struct exporter exporter;
	struct services services;
	struct sampling sampling;
	struct session_counters counters;
	struct open_requests open;
	struct run_report report;
	struct top_view *view; /* NULL: no --top */
	uint64_t ready_ns;
	uint64_t followed_ns; /* when a process was last added to those followed; 0: never */
	uint64_t last_request_ns;
	unsigned int idle_ticks;
	struct telemetry telemetry;
	struct options reloaded; /* what *options is since a SIGHUP */
	uint64_t watchdog_ns, watchdog_next_ns;
	bool ring_failed; /* the last poll of the ring failed */
	bool silence_explained;
	uint64_t sdk_due_ns;
	bool sdk_told; /* that an SDK is inside of the service */
};

/* Returns what SIGTERM and SIGINT set. */
const volatile sig_atomic_t *session_catch_signals(void);
uint64_t session_now_ns(void);
struct stats_source session_stats(const struct session *session);
void session_take_record(void *ctx, const struct record_view *view);
void session_take_request(void *ctx, const struct request *request);
/* A request that is still open, and that nothing more comes of it. */
void session_take_open(void *ctx, const struct request *request);
void session_forget_open(void *ctx, uint64_t number);
/* After so many seconds requests are told that are open: as the options have it. */
void session_tell_open(struct session *session);
enum exit_code session_open_sampling(struct session *session);
void session_tick_sampling(struct session *session, uint64_t now_ns);
void session_take_idle(void *ctx, uint64_t conn, uint32_t seq);
/* Warns when a traced process has sent documents for X-Ray; looks once a second. */
void session_look_for_sdk(struct session *session, uint64_t now_ns);
void session_tick_hosts(struct session *session, uint64_t now_ns);
uint32_t session_tree(void *ctx, uint32_t tgid);
/* Follows each --pid with its descendants, and what else is chosen and runs already. */
enum exit_code session_follow_targets(struct session *session);
/* Takes in what the attacher has followed since the last call. */
void session_take_news(struct session *session);
/* Of the process of a request. NULL when it is not known any more. */
const struct service *session_service(struct session *session, pid_t tgid);
void session_loop(struct session *session);
/* Detaches, drains, sends what is finished, and says what became of everything. */
enum exit_code session_finish(struct session *session);

#endif
