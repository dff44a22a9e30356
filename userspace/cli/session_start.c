/* SPDX-License-Identifier: Apache-2.0 */
/* session_start.c - see session.h: checks, attaching, and `ready`. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/confine.h"
#include "cli/notify.h"
#include "cli/session.h"
#include "cli/session_private.h"
#include "util/cleanup.h"
#include "util/log.h"

static void make_room(void *ctx)
{
	ring_make_room(ctx);
}

static enum exit_code open_kernel(struct session *session)
{
	const struct ring_sink sink = { session_take_record, session };
	_cleanup_close_ int fd = -1;
	enum exit_code code = attacher_open(session->attacher, &fd);
	int err;

	if (code != EXIT_OK)
		return code;
	err = ring_open(fd, sink, &session->ring);
	if (err < 0) {
		log_error("ring buffer: %s", strerror(-err));
		return EXIT_ATTACH;
	}
	(void)TAKE_FD(fd);
	attacher_meanwhile(session->attacher, make_room, session->ring);
	return EXIT_OK;
}

/* Everything is open, and no record has been looked at yet. */
static void give_up_privileges(void)
{
	int err = confine_parser();

	if (err < 0)
		log_warn("privileges could not be given up: %s; tracing goes on with them",
			 strerror(-err));
}

static enum exit_code start_attacher(struct session *session, const volatile sig_atomic_t *stop)
{
	int err = attacher_start(session->options, stop, &session->attacher);

	if (!err)
		return attacher_check(session->attacher);
	log_error("cannot start the attacher: %s", strerror(-err));
	return EXIT_INTERNAL;
}

static int name_service(void *ctx, pid_t root, const char *container, struct service_name *ret)
{
	struct session *session = ctx;

	return attacher_name(session->attacher, root, container, ret);
}

/* A quarter of the kernel side's places: as many again become idle before the next sweep. */
static size_t idle_places(const struct options *options)
{
	return (options->open_exchanges ? options->open_exchanges : BX_POOL_MAX) / 4;
}

static enum exit_code start(struct session *session, const volatile sig_atomic_t *stop)
{
	const struct trace_sink sink = {
		.request = session_take_request,
		.ctx = session,
		.idle = session_take_idle,
		.tree = session_tree,
		.open = session_take_open,
		.gone = session_forget_open,
	};
	enum exit_code code = start_attacher(session, stop);

	session->services.namer = name_service;
	session->services.ctx = session;
	if (code == EXIT_OK)
		code = exporter_open(session->options, &session->exporter);
	if (code == EXIT_OK)
		code = session_open_sampling(session);
	if (code == EXIT_OK && trace_new(session->options->db_spans, sink, &session->trace) < 0)
		code = EXIT_INTERNAL;
	if (code == EXIT_OK) {
		trace_expect_fronts(session->trace);
		trace_keep_idle(session->trace, idle_places(session->options));
		session_tell_open(session);
		code = open_kernel(session);
	}
	if (code == EXIT_OK)
		code = session_follow_targets(session);
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

	if (options->choice_count && !attacher_targets(session->attacher))
		log_info("waiting: nothing that runs here is chosen (%s%s)",
			 options->choices[0].value, options->choice_count > 1 ? ", ..." : "");
}

static void tell_ready(struct session *session)
{
	attacher_sweep(session->attacher);
	sampling_tell(&session->sampling);
	session->ready_ns = session_now_ns();
	telemetry_open(&session->telemetry, session->options, session_stats(session),
		       session->ready_ns);
	log_info("ready: backend %s, %zu processes", attacher_backend(session->attacher),
		 attacher_targets(session->attacher));
	session->watchdog_ns = notify_watchdog_ns();
	(void)notify("READY=1\nSTATUS=tracing %zu processes\n",
		     attacher_targets(session->attacher));
	tell_wait(session);
}

static void close_all(struct session *session)
{
	session->attacher = attacher_free(session->attacher);
	session->ring = ring_free(session->ring);
	session->trace = trace_free(session->trace);
	sampling_close(&session->sampling);
	exporter_close(&session->exporter);
	run_report_close(&session->report);
	open_requests_clear(&session->open);
	services_clear(&session->services);
}

enum exit_code session_run(const struct options *options)
{
	struct session session = { .options = options };
	uint64_t stopped_ns = 0;
	enum exit_code code = start(&session, session_catch_signals());

	if (code == EXIT_OK) {
		tell_ready(&session);
		open_view(&session);
		give_up_privileges();
		session_loop(&session);
		stopped_ns = session_now_ns();
		(void)notify("STOPPING=1\n");
		code = session_finish(&session);
		telemetry_close(&session.telemetry);
	}
	close_all(&session);
	if (stopped_ns)
		log_info("stopped after %" PRIu64 " ms", (session_now_ns() - stopped_ns) / 1000000);
	return code;
}
