/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - see session.h: the loop. What happens before it is in session_start.c. */
#include "cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/notify.h"
#include "cli/reload.h"
#include "cli/session_private.h"
#include "cli/silence.h"
#include "util/array.h"
#include "util/log.h"

/* The ring is drained at each tick; it wakes the agent by itself only when a quarter is full. */
#define TICK_BUSY_MS 50
#define TICK_IDLE_MS 250
/* Ticks without a record after which the longer one is used. */
#define IDLE_AFTER_TICKS 20
/* Long enough for the sweep to find the last exchanges quiet, short enough for a prompt stop. */
#define LAST_SWEEP_MS 30

/* The one global: a signal handler has no other way in. */
static volatile sig_atomic_t stop_requested, stats_requested, reload_requested;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		stats_requested = 1;
	else if (number == SIGHUP)
		reload_requested = 1;
	else
		stop_requested = 1;
}

const volatile sig_atomic_t *session_catch_signals(void)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		sigaction(caught[i], &action, NULL);
	/* an output that went away is an ordinary write error */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return &stop_requested;
}

uint64_t session_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

struct stats_source session_stats(const struct session *session)
{
	return (struct stats_source){
		.attacher = session->attacher,
		.ring = session->ring,
		.trace = session->trace,
		.exporter = &session->exporter,
		.sampler = session->sampling.sampler,
		.session = &session->counters,
	};
}

static struct top_source top_source(struct session *session)
{
	return (struct top_source){ session_stats(session), &session->services };
}

void session_take_record(void *ctx, const struct record_view *view)
{
	struct session *session = ctx;
	int err = 0;

	if (view->exchange)
		err = trace_exchange(session->trace, view->exchange);
	else if (view->fragment)
		err = trace_fragment(session->trace, view->fragment);
	else if (view->call)
		err = trace_client_call(session->trace, view->call);
	else if (view->dns)
		trace_dns(session->trace, view->dns);
	else if (view->dialled)
		trace_dialled(session->trace, view->dialled);
	if (view->process) {
		services_process(&session->services, view->process);
		trace_process(session->trace, view->process);
	}
	session->counters.out_of_memory += err < 0;
	/*
	 * a unix socket has no close event: the sweep found it gone, and left its place in the
	 * pool
	 */
	if (view->exchange && view->exchange->family == AF_UNIX_FAMILY && view->exchange->closed_ns)
		attacher_release(session->attacher, view->exchange->conn);
}

void session_take_idle(void *ctx, uint64_t conn, uint32_t seq)
{
	struct session *session = ctx;

	attacher_release_idle(session->attacher, conn, seq);
}

static void report_output_error(struct session *session)
{
	int err = session->exporter.file ? file_writer_take_error(session->exporter.file) : 0;

	if (err < 0)
		log_error("documents cannot be written to %s: %s; the loss is counted, tracing "
			  "goes on",
			  session->options->output, strerror(-err));
}

/* Nothing in half a minute: one line that names what is likely. */
static void explain_silence(struct session *session, uint64_t now_ns)
{
	if (session->silence_explained || session->last_request_ns || !session->followed_ns ||
	    now_ns - session->followed_ns < SILENCE_NS)
		return;
	session->silence_explained = true;
	log_warn("30 s without a request: %s",
		 silence_cause(attacher_counters(session->attacher)->kernel,
			       trace_counters(session->trace)));
}

/* Without a file to read again the signal is a terminal's that hangs up: it ends the trace. */
static void reload(struct session *session)
{
	reload_requested = 0;
	if (!session->options->config) {
		stop_requested = 1;
		return;
	}
	(void)notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n", session_now_ns() / 1000);
	if (!reload_options(session->options, true, &session->reloaded)) {
		attacher_reload(session->attacher);
		session->options = &session->reloaded;
		session->telemetry.options = &session->reloaded;
		exporter_reload(&session->exporter, &session->reloaded);
		session_tell_open(session);
		if (session->exporter.daemon)
			sampling_reload(&session->sampling, &session->exporter.daemon->address.tcp);
		log_info("SIGHUP: %s is in force", session->options->config);
	}
	(void)notify("READY=1\n");
}

/* What a process must do beside its work: tell the watchdog, and as PID 1 bury the dead. */
static void serve_manager(struct session *session, uint64_t now_ns)
{
	if (session->watchdog_ns && now_ns >= session->watchdog_next_ns) {
		session->watchdog_next_ns = now_ns + session->watchdog_ns;
		(void)notify("WATCHDOG=1\n");
	}
	while (getpid() == 1 && waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void tick(struct session *session)
{
	const struct top_source top = top_source(session);
	uint64_t now_ns;

	attacher_sweep(session->attacher);
	/* before the records of what has been followed */
	session_take_news(session);
	session->idle_ticks = ring_drain(session->ring) > 0 ? 0 : session->idle_ticks + 1;
	/* what a burst has taken goes back to the system */
	if (session->idle_ticks == IDLE_AFTER_TICKS + 1)
		malloc_trim(0);
	exporter_refresh_clock(&session->exporter);
	now_ns = session_now_ns();
	trace_tick(session->trace, now_ns);
	exporter_tick(&session->exporter, now_ns);
	session_tick_sampling(session, now_ns);
	explain_silence(session, now_ns);
	session_look_for_sdk(session, now_ns);
	session_tick_hosts(session, now_ns);
	services_forget(&session->services, now_ns);
	report_output_error(session);
	telemetry_tick(&session->telemetry,
		       session->ring_failed ? "the ring buffer cannot be read" : NULL, now_ns);
	top_view_tick(session->view, &top, now_ns);
	serve_manager(session, now_ns);
	if (reload_requested)
		reload(session);
	if (stats_requested) {
		stats_requested = 0;
		(void)telemetry_tell(&session->telemetry); /* the end has the last word */
	}
}

static bool session_over(struct session *session)
{
	uint32_t duration_s = session->options->duration_s;

	if (stop_requested || attacher_lost(session->attacher))
		return true;
	if (duration_s && session_now_ns() - session->ready_ns >= duration_s * 1000000000ULL)
		return true;
	if (!session->options->choice_count && !attacher_targets(session->attacher)) {
		log_info("every traced process has ended");
		return true;
	}
	return false;
}

/* Until the next tick, a full ring, or a signal. */
static void wait_for_tick(struct session *session)
{
	int tick_ms = session->idle_ticks > IDLE_AFTER_TICKS ? TICK_IDLE_MS : TICK_BUSY_MS;
	int ready = ring_wait(session->ring, tick_ms);

	session->ring_failed = ready < 0 && ready != -EINTR;
	if (session->ring_failed)
		log_warn("ring buffer: %s", strerror(-ready));
	session->idle_ticks = ready > 0 ? 0 : session->idle_ticks;
}

void session_loop(struct session *session)
{
	while (!session_over(session)) {
		wait_for_tick(session);
		tick(session);
	}
}

enum exit_code session_finish(struct session *session)
{
	const struct timespec quiet = { .tv_nsec = LAST_SWEEP_MS * 1000000L };
	const struct top_source top = top_source(session);
	enum exit_code code;
	int told;

	nanosleep(&quiet, NULL);
	attacher_sweep(session->attacher);
	session_take_news(session);
	attacher_detach(session->attacher);
	ring_drain(session->ring);
	exporter_refresh_clock(&session->exporter);
	trace_flush(session->trace, session_now_ns());
	session->sdk_due_ns = 0;
	session_look_for_sdk(session, session_now_ns());
	exporter_finish(&session->exporter);
	report_output_error(session);
	session->view = top_view_end(session->view, &top, session_now_ns());
	told = telemetry_tell(&session->telemetry);
	code = run_report_write(&session->report);
	if (attacher_lost(session->attacher))
		return EXIT_INTERNAL;
	return code == EXIT_OK && told < 0 ? EXIT_OUTPUT : code;
}
