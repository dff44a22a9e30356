/* SPDX-License-Identifier: Apache-2.0 */
/* session_start.c - see session.h: checks, attaching, and `ready`. */
#include <errno.h>
#include <string.h>

#include "cli/preflight.h"
#include "cli/session.h"
#include "cli/session_private.h"
#include "host/process.h"
#include "util/cleanup.h"
#include "util/log.h"

static enum exit_code check(const struct options *options)
{
	enum exit_code code;

	for (size_t i = 0; i < options->pid_count; i++) {
		code = preflight_process(options->pids[i]);
		if (code != EXIT_OK)
			return code;
	}
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
		.verbose = session->options->verbose > 1,
	};
	const struct kernel_sink sink = { session_take_record, session };
	char why[512] = "";

	if (!kernel_open(&options, sink, &session->kernel, why, sizeof(why)))
		return EXIT_OK;
	log_error("cannot attach: %s", why);
	return EXIT_ATTACH;
}

/*
 * Lists @pid's tree until a pass finds nothing new: the fork hook is there already, so nothing
 * born now is missed.
 */
static int follow_tree(struct session *session, pid_t pid)
{
	struct pid_set set = { 0 };
	int grown, err = pid_set_add(&set, pid);
	size_t done = 0;

	do {
		grown = err < 0 ? err : process_tree_grow(&set);
		for (; err >= 0 && done < set.count; done++) {
			err = kernel_add_target(session->kernel, set.at[done], pid);
			if (!err)
				err = services_add(&session->services, set.at[done]);
		}
		if (err >= 0)
			err = kernel_mark(session->kernel);
	} while (grown > 0 && err >= 0);
	pid_set_clear(&set);
	return grown < 0 ? grown : err;
}

static enum exit_code follow_targets(struct session *session)
{
	const struct options *options = session->options;

	for (size_t i = 0; i < options->pid_count; i++) {
		pid_t pid = options->pids[i];
		int err = services_add_root(&session->services, pid);

		if (!err)
			err = follow_tree(session, pid);
		if (err == -ESRCH) {
			log_error("process %d ended while it was being attached to", pid);
			return EXIT_NO_PROCESS;
		}
		if (err < 0) {
			log_error("process %d cannot be followed: %s", pid, strerror(-err));
			return EXIT_ATTACH;
		}
	}
	return EXIT_OK;
}

static enum exit_code start(struct session *session)
{
	const struct trace_sink sink = { session_take_request, session };
	enum exit_code code = check(session->options);

	if (code == EXIT_OK)
		code = exporter_open(session->options, &session->exporter);
	if (code == EXIT_OK && trace_new(session->options->db_spans, sink, &session->trace) < 0)
		code = EXIT_INTERNAL;
	if (code == EXIT_OK) {
		trace_expect_fronts(session->trace);
		code = open_kernel(session);
	}
	if (code == EXIT_OK)
		code = follow_targets(session);
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

enum exit_code session_run(const struct options *options)
{
	struct session session = { .options = options, .services = { .given = options->name } };
	enum exit_code code;

	session_catch_signals();
	code = start(&session);
	if (code == EXIT_OK) {
		session.health_fd = health_listen();
		if (session.health_fd < 0)
			log_warn("`bpfxray health` will not find this trace: %s",
				 strerror(-session.health_fd));
		session.ready_ns = session_now_ns();
		log_info("ready: backend %s, %zu processes", kernel_backend_name(session.kernel),
			 kernel_targets(session.kernel));
		open_view(&session);
		session_loop(&session);
		code = session_finish(&session);
		cleanup_close(&session.health_fd);
	}
	session.kernel = kernel_free(session.kernel);
	session.trace = trace_free(session.trace);
	exporter_close(&session.exporter);
	run_report_close(&session.report);
	services_clear(&session.services);
	return code;
}
