// SPDX-License-Identifier: Apache-2.0
/* attach_serve.c - see attach_serve.h: requests to what does them. */
#include "cli/attach_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cli/attach_follow.h"
#include "cli/attach_wire.h"
#include "cli/confine.h"
#include "cli/preflight.h"
#include "cli/reload.h"
#include "cli/whole_file.h"
#include "host/process.h"
#include "util/cleanup.h"
#include "util/log.h"

struct server {
	int fd;
	pid_t agent;
	const struct options *options;
	struct options reloaded; /* what *options is since a reload */
	struct kernel *kernel;
	struct libraries libraries;
	struct follower follower;
	struct attach_request request;
	struct attach_answer answer;
	int pass;   /* a descriptor that goes with the answer, negative: none */
	int passed; /* the same when it is to be closed then, else negative */
};

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

static enum exit_code open_kernel(struct server *server)
{
	static const enum kernel_backend backends[] = {
		[BACKEND_AUTO] = KERNEL_BACKEND_AUTO,
		[BACKEND_SOCK] = KERNEL_BACKEND_SOCK,
		[BACKEND_FENTRY] = KERNEL_BACKEND_FENTRY,
		[BACKEND_KPROBE] = KERNEL_BACKEND_KPROBE,
		[BACKEND_SYSCALL] = KERNEL_BACKEND_SYSCALL,
	};
	const struct kernel_options options = {
		.backend = backends[server->options->backend],
		.ring_bytes = server->options->ring_bytes,
		.open_exchanges = server->options->open_exchanges,
		.agent_pid = server->agent,
		.verbose = server->options->verbose > 1,
	};
	char why[512] = "";

	if (!kernel_open(&options, &server->kernel, why, sizeof(why)))
		return EXIT_OK;
	log_error("cannot attach: %s", why);
	return EXIT_ATTACH;
}

/* What is attached stays so; what comes later needs no more than what is kept. */
static void give_up_privileges(void)
{
	int err = confine_attacher();

	if (err < 0)
		log_warn("the attacher's privileges could not be given up: %s; tracing goes on "
			 "with them",
			 strerror(-err));
}

/* Once; a second request gets the same answer without a ring. */
static enum exit_code open_all(struct server *server)
{
	enum exit_code code = server->kernel ? EXIT_INTERNAL : open_kernel(server);

	if (code != EXIT_OK)
		return code;
	/* watched first, so that nothing is mapped between a scan and the watch */
	libraries_open(&server->libraries, server->kernel, server->options->no_library_probes);
	/* before the finder's thread, which inherits it */
	give_up_privileges();
	server->follower.kernel = server->kernel;
	strncpy(server->answer.backend, kernel_backend_name(server->kernel),
		sizeof(server->answer.backend) - 1);
	server->pass = kernel_ring_fd(server->kernel);
	return EXIT_OK;
}

static void give_places(struct server *server)
{
	const struct attach_request *request = &server->request;

	for (uint32_t i = 0; i < request->count; i++) {
		const struct attach_place *place = &request->places[i];

		if (place->idle)
			kernel_release_idle(server->kernel, place->conn, place->seq);
		else
			kernel_release(server->kernel, place->conn);
	}
}

static void sweep(struct server *server)
{
	server->libraries.ready = true;
	kernel_sweep(server->kernel);
	libraries_tick(&server->libraries);
	follower_tick(&server->follower);
	server->answer.sweep.targets = kernel_targets(server->kernel);
	server->answer.sweep.news = server->follower.news_count;
}

/* Of a process that is followed, and of no other. */
static int name(struct server *server)
{
	const struct attach_request *request = &server->request;

	if (!kernel_is_target(server->kernel, request->pid))
		return -ESRCH;
	return service_name(request->pid, server->options->name, getenv("AWS_XRAY_TRACING_NAME"),
			    *request->text ? request->text : NULL, &server->answer.name);
}

/* Of the same. */
static int open_hosts(struct server *server)
{
	pid_t pid = server->request.pid;

	if (!kernel_is_target(server->kernel, pid))
		return -ESRCH;
	server->passed = server->pass = process_open(pid, "/etc/hosts");
	return server->pass < 0 ? server->pass : 0;
}

static void count(struct server *server)
{
	struct attach_counters *counters = &server->answer.counters;

	kernel_counters(server->kernel, counters->kernel);
	counters->open = kernel_open_exchanges(server->kernel);
	counters->libraries = server->libraries.counters;
}

static int write_text(const struct server *server, const char *path)
{
	return path ? whole_file_write(path, server->request.text) : -ENOENT;
}

/* What is wrong with the file the asker has told. */
static void reload(struct server *server)
{
	struct options next;

	if (!server->options->config || reload_options(server->options, false, &next) < 0)
		return;
	server->reloaded = next;
	server->options = &server->reloaded;
}

static void detach(struct server *server)
{
	libraries_close(&server->libraries);
	kernel_detach(server->kernel);
}

/* What needs no kernel side. -EBADMSG for the others. */
static int serve_without(struct server *server)
{
	switch (server->request.ask) {
	case ATTACH_CHECK:
		return (int)check(server->options);
	case ATTACH_OPEN:
		return (int)open_all(server);
	case ATTACH_WRITE_STATS:
		return write_text(server, server->options->stats);
	case ATTACH_WRITE_METRICS:
		return write_text(server, server->options->metrics);
	case ATTACH_RELOAD:
		reload(server);
		return 0;
	default:
		return -EBADMSG;
	}
}

static int serve_with(struct server *server)
{
	switch (server->request.ask) {
	case ATTACH_FOLLOW:
		return (int)(server->follower.finder ? EXIT_INTERNAL
						     : follower_start(&server->follower));
	case ATTACH_PLACES:
		give_places(server);
		return 0;
	case ATTACH_SWEEP:
		sweep(server);
		return 0;
	case ATTACH_NEWS:
		return follower_take_news(&server->follower, &server->answer.news);
	case ATTACH_ROOT:
		return kernel_target_root(server->kernel, server->request.pid);
	case ATTACH_HOSTS:
		return open_hosts(server);
	case ATTACH_NAME:
		return name(server);
	case ATTACH_COUNTERS:
		count(server);
		return 0;
	case ATTACH_DETACH:
		detach(server);
		return 0;
	default:
		return serve_without(server);
	}
}

/* One request. 0, or a negative errno at the end. */
static int serve(struct server *server)
{
	struct attach_request *request = &server->request;
	ssize_t n = attach_receive(server->fd, request, sizeof(*request), NULL);
	int err;

	if (n <= 0)
		return n ? (int)n : -EPIPE;
	err = attach_request_check(request, (size_t)n);
	if (err)
		return err;
	memset(&server->answer, 0, attach_answer_len(request->ask));
	server->pass = server->passed = -1;
	server->answer.result = server->kernel ? serve_with(server) : serve_without(server);
	err = attach_send(server->fd, &server->answer, attach_answer_len(request->ask),
			  server->pass);
	cleanup_close(&server->passed);
	return err;
}

/* What is mapped meanwhile is looked at at once. */
static int serve_all(struct server *server)
{
	struct pollfd wait[2] = { { .fd = server->fd, .events = POLLIN } };
	int err = 0;

	while (!err) {
		struct map_watch *watch = server->libraries.watch;

		wait[1] =
			(struct pollfd){ .fd = watch ? map_watch_fd(watch) : -1, .events = POLLIN };
		if (poll(wait, 2, -1) < 0)
			continue; /* a signal */
		if (wait[1].revents)
			libraries_tick(&server->libraries);
		if (wait[0].revents)
			err = serve(server);
	}
	return err;
}

enum exit_code attach_serve(int fd, const struct options *options, pid_t agent)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return EXIT_INTERNAL;
	server->fd = fd;
	server->agent = agent;
	server->options = options;
	server->follower.options = options;
	server->follower.libraries = &server->libraries;
	err = serve_all(server);
	if (err != -EPIPE)
		log_error("the attacher was asked what makes no sense: %s", strerror(-err));
	follower_stop(&server->follower);
	libraries_close(&server->libraries);
	server->kernel = kernel_free(server->kernel);
	free(server);
	close(fd);
	return err == -EPIPE ? EXIT_OK : EXIT_INTERNAL;
}
