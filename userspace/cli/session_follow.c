/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_follow.c - see session.h: which processes are followed, at the start and while it runs.
 */
#include <errno.h>
#include <string.h>

#include "cli/preflight.h"
#include "cli/session_private.h"
#include "host/process.h"
#include "util/log.h"

static int follow_one(struct session *session, pid_t pid, pid_t root, struct service *service)
{
	int err = kernel_add_target(session->kernel, pid, root);

	if (!err)
		libraries_scan(&session->libraries, pid);
	return err ?: services_add(&session->services, pid, service);
}

/* Of what was listed, some may have ended before its threads were marked: no hook tells of them. */
static void drop_ended(struct session *session, const struct pid_set *set)
{
	struct bx_process ended = { .what = BX_PROCESS_EXIT, .at_ns = session_now_ns() };
	struct process process;

	for (size_t i = 0; i < set->count; i++) {
		if (process_read(set->at[i], &process) != -ESRCH)
			continue;
		ended.tgid = (__u32)set->at[i];
		kernel_drop_target(session->kernel, set->at[i]);
		services_process(&session->services, &ended);
	}
}

/*
 * Lists @root's tree until a pass finds nothing new: the fork hook is there already, so nothing
 * born now is missed.
 */
static int follow_tree(struct session *session, pid_t root, struct service *service)
{
	struct pid_set set = { 0 };
	int grown, err = pid_set_add(&set, root);
	size_t done = 0;

	do {
		grown = err < 0 ? err : process_tree_grow(&set);
		for (; err >= 0 && done < set.count; done++)
			err = follow_one(session, set.at[done], root, service);
		if (err >= 0)
			err = kernel_mark(session->kernel);
	} while (grown > 0 && err >= 0);
	drop_ended(session, &set);
	pid_set_clear(&set);
	session->followed_ns = session_now_ns();
	return grown < 0 ? grown : err;
}

static int follow_root(struct session *session, pid_t pid, const struct container *container)
{
	struct service *service;
	int err = services_add_root(&session->services, pid, container, &service);
	bool first = err >= 0 && !service->members;

	if (err >= 0)
		err = follow_tree(session, pid, service);
	if (err >= 0 && first) {
		hosts_file_read(&service->hosts, service->root, session->trace, session_now_ns());
		services_tell(service);
	}
	return err;
}

static enum exit_code follow_pid(struct session *session, pid_t pid)
{
	struct container container;
	int err;

	finder_identify(session->finder, pid, &container);
	err = follow_root(session, pid, &container);
	if (err >= 0)
		return EXIT_OK;
	if (err == -ESRCH) {
		log_error("process %d ended while it was being attached to", pid);
		return EXIT_NO_PROCESS;
	}
	log_error("process %d cannot be followed: %s", pid, strerror(-err));
	return EXIT_ATTACH;
}

/* Another tracer that is being replaced goes in a moment; the finder comes back to this process. */
static bool has_rival(struct session *session, pid_t pid)
{
	int rival = kernel_rival(pid);

	if (rival <= 0)
		return false;
	if (rival != session->rival)
		log_warn("process %d is traced already by bpfxray with PID %d: waiting for that "
			 "one to end",
			 pid, rival);
	session->rival = rival;
	return true;
}

static bool can_be_followed(pid_t pid)
{
	struct process process;

	return !process_read(pid, &process) && !process.kernel_thread;
}

static void follow_found(struct session *session, const struct found *found)
{
	int err;

	if (kernel_target_root(session->kernel, found->pid)) {
		services_learn(&session->services, found->pid, &found->container);
		return;
	}
	if (!can_be_followed(found->pid) || has_rival(session, found->pid))
		return;
	err = follow_root(session, found->pid, &found->container);
	if (err < 0 && err != -ESRCH)
		log_warn("process %d cannot be followed: %s", found->pid, strerror(-err));
}

void session_follow_found(struct session *session)
{
	struct found *first = session->finder ? finder_take(session->finder) : NULL;

	for (struct found *found = first; found; found = found->next)
		follow_found(session, found);
	found_free(first);
}

/* The first pass here, so that what runs already is followed when `ready` is said. */
static enum exit_code start_finder(struct session *session)
{
	int err = finder_pass(session->finder);

	if (err >= 0) {
		session_follow_found(session);
		err = finder_start(session->finder);
	}
	if (err >= 0)
		return EXIT_OK;
	log_error("cannot look for processes: %s", strerror(-err));
	return EXIT_INTERNAL;
}

enum exit_code session_follow_targets(struct session *session)
{
	const struct options *options = session->options;
	enum exit_code code = EXIT_OK;

	if (finder_new(options->choices, options->choice_count, &session->finder) < 0)
		return EXIT_INTERNAL;
	for (size_t i = 0; code == EXIT_OK && i < options->pid_count; i++)
		code = follow_pid(session, options->pids[i]);
	return code == EXIT_OK && options->choice_count ? start_finder(session) : code;
}

uint32_t session_tree(void *ctx, uint32_t tgid)
{
	const struct service *service = session_service(ctx, (pid_t)tgid);

	return service ? (uint32_t)service->root : 0;
}

void session_tick_hosts(struct session *session, uint64_t now_ns)
{
	for (struct service *at = session->services.first; at; at = at->next)
		hosts_file_tick(&at->hosts, at->root, session->trace, now_ns);
}

/* A fork whose record was lost is still in the kernel's list, with its root. */
const struct service *session_service(struct session *session, pid_t tgid)
{
	const struct service *service = services_of(&session->services, tgid);
	pid_t root = service ? 0 : kernel_target_root(session->kernel, tgid);

	if (root)
		service = services_of(&session->services, root);
	return service ?: session->services.first;
}
