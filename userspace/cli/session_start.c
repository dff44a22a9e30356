/* SPDX-License-Identifier: Apache-2.0 */
/* session_start.c - see session.h: checks, attaching, and `ready`. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/confine.h"
#include "cli/notify.h"
#include "cli/preflight.h"
#include "cli/session.h"
#include "cli/session_private.h"
#include "util/cleanup.h"
#include "util/log.h"

static enum exit_code check(const struct options *options)
{
	enum exit_code code = preflight_namespace();

	for (size_t i = 0; code == EXIT_OK && i < options->pid_count; i++)
		code = preflight_process(options->pids[i]);
	if (code == EXIT_OK)
		code = preflight_backend(options->backend);
	for (size_t i = 0; code == EXIT_OK && i < options->pid_count; i++) {
		int rival = kernel_rival(options->pids[i]);
		if (rival > 0) {
			log_error("process %d is traced already by bpfxray with PID %d; stop that "
				  "one first",
				  options->pids[i], rival);
			return EXIT_ALREADY_TRACED;
		}
	}
	return code;
}

static enum exit_code open_kernel(struct session *session)
{
	static const enum kernel_backend backends[] = {
		[BACKEND_AUTO] = KERNEL_BACKEND_AUTO,
		[BACKEND_SOCK] = KERNEL_BACKEND_SOCK,
		[BACKEND_FENTRY] = KERNEL_BACKEND_FENTRY,
		[BACKEND_KPROBE] = KERNEL_BACKEND_KPROBE,
		[BACKEND_SYSCALL] = KERNEL_BACKEND_SYSCALL,
	};
	const struct kernel_options options = {
		.backend = backends[session->options->backend],
		.ring_bytes = session->options->ring_bytes,
		.open_exchanges = session->options->open_exchanges,
		.verbose = session->options->verbose > 1,
	};
	const struct kernel_sink sink = { session_take_record, session };
	char why[512] = "";

	if (!kernel_open(&options, sink, &session->kernel, why, sizeof(why)))
		return EXIT_OK;
	log_error("cannot attach: %s", why);
	return EXIT_ATTACH;
}

/* What is attached stays so; what comes later needs no more than what is kept. */
static void give_up_privileges(void)
{
	int err = confine_process();

	if (err < 0)
		log_warn("privileges could not be given up: %s; tracing goes on with them",
			 strerror(-err));
}

static enum exit_code start(struct session *session)
{
	const struct trace_sink sink = {
		.request = session_take_request,
		.ctx = session,
		.idle = session_take_idle,
		.tree = session_tree,
	};
	enum exit_code code = check(session->options);

	if (code == EXIT_OK)
		code = exporter_open(session->options, &session->exporter);
	if (code == EXIT_OK)
		code = session_open_sampling(session);
	if (code == EXIT_OK && trace_new(session->options->db_spans, sink, &session->trace) < 0)
		code = EXIT_INTERNAL;
	if (code == EXIT_OK) {
		trace_expect_fronts(session->trace);
		code = open_kernel(session);
	}
	if (code == EXIT_OK) {
		/* watched first, so that nothing is mapped between a scan and the watch */
		libraries_open(&session->libraries, session->kernel);
		/* before the finder's thread, which inherits it */
		give_up_privileges();
		code = session_follow_targets(session);
	}
	/* The last, so that a start that fails leaves no page behind. */
	if (code == EXIT_OK)
		code = run_report_open(session->options, &session->report);
	session->exporter.kept = session->report.writer;
	return code;
}

/* Tracing goes on without it. */
static void open_view(struct session *session)
{
	int err = 0;

	if (session->options->top)
		err = top_view_open(session->options, session->ready_ns, &session->view);
	if (err < 0)
		log_error("cannot show a live view: %s", strerror(-err));
}

/* Said once: a trace that waits looks like one that sees nothing. */
static void tell_wait(struct session *session)
{
	const struct options *options = session->options;

	if (options->choice_count && !kernel_targets(session->kernel))
		log_info("waiting: nothing that runs here is chosen (%s%s)",
			 options->choices[0].value, options->choice_count > 1 ? ", ..." : "");
}

enum exit_code session_run(const struct options *options)
{
	struct session session = { .options = options, .services = { .given = options->name } };
	uint64_t stopped_ns = 0;
	enum exit_code code;

	session_catch_signals();
	code = start(&session);
	if (code == EXIT_OK) {
		libraries_tick(&session.libraries);
		session.libraries.ready = true;
		sampling_tell(&session.sampling);
		session.ready_ns = session_now_ns();
		telemetry_open(&session.telemetry, options, session_stats(&session),
			       session.ready_ns);
		log_info("ready: backend %s, %zu processes", kernel_backend_name(session.kernel),
			 kernel_targets(session.kernel));
		session.watchdog_ns = notify_watchdog_ns();
		(void)notify("READY=1\nSTATUS=tracing %zu processes\n",
			     kernel_targets(session.kernel));
		tell_wait(&session);
		open_view(&session);
		session_loop(&session);
		stopped_ns = session_now_ns();
		(void)notify("STOPPING=1\n");
		code = session_finish(&session);
		telemetry_close(&session.telemetry);
	}
	session.finder = finder_free(session.finder);
	libraries_close(&session.libraries);
	session.kernel = kernel_free(session.kernel);
	session.trace = trace_free(session.trace);
	sampling_close(&session.sampling);
	exporter_close(&session.exporter);
	run_report_close(&session.report);
	services_clear(&session.services);
	if (stopped_ns)
		log_info("stopped after %" PRIu64 " ms", (session_now_ns() - stopped_ns) / 1000000);
	return code;
}
