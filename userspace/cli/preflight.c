// SPDX-License-Identifier: Apache-2.0
/*
 * preflight.c - see preflight.h.
 */
#include <errno.h>
#include <string.h>

#include "cli/preflight.h"
#include "host/process.h"
#include "util/log.h"

static enum exit_code unreadable(pid_t pid, int r)
{
	if (r == -ESRCH) {
		log_error("no process %d (it may have ended)", (int)pid);
		return EXIT_NO_PROCESS;
	}
	log_error("process %d cannot be read: %s; run as root", (int)pid, strerror(-r));
	return r == -EACCES || r == -EPERM ? EXIT_PRIVILEGE : EXIT_INTERNAL;
}

enum exit_code preflight_process(pid_t pid)
{
	struct process process;
	int r = process_read(pid, &process);

	if (r)
		return unreadable(pid, r);
	if (process.tgid != process.pid) {
		log_error("%d is a thread of process %d; give --pid %d", (int)pid,
			  (int)process.tgid, (int)process.tgid);
		return EXIT_NO_PROCESS;
	}
	if (process.kernel_thread) {
		log_error("%d is a thread of the kernel; it serves no requests", (int)pid);
		return EXIT_NO_PROCESS;
	}
	if (process_bits(pid) == 32)
		log_warn("process %d is a 32-bit program: its calls are counted, not read",
			 (int)pid);
	return EXIT_OK;
}

enum exit_code preflight_namespace(void)
{
	if (process_sees_host())
		return EXIT_OK;
	log_error("this is a process namespace of its own, in which no process of the host can be "
		  "found: share the host's (ECS: PidMode host, docker run --pid=host)");
	return EXIT_PRIVILEGE;
}

enum exit_code preflight_code(const struct feature *missing)
{
	return missing->privilege ? EXIT_PRIVILEGE : EXIT_KERNEL;
}

static const unsigned int bits[] = {
	[BACKEND_AUTO] = FEATURE_FOR_ALL,	 [BACKEND_SOCK] = FEATURE_FOR_SOCK,
	[BACKEND_FENTRY] = FEATURE_FOR_FENTRY,	 [BACKEND_KPROBE] = FEATURE_FOR_KPROBE,
	[BACKEND_SYSCALL] = FEATURE_FOR_SYSCALL,
};

/* What @backend lacks; for BACKEND_AUTO what the last one lacks, if each lacks something. */
static const struct feature *missing_for(enum backend backend, const struct feature *features,
					 size_t count)
{
	const struct feature *missing = NULL;

	if (backend != BACKEND_AUTO)
		return features_missing(features, count, bits[backend]);
	for (enum backend i = BACKEND_SOCK; i <= BACKEND_SYSCALL; i++) {
		missing = features_missing(features, count, bits[i]);
		if (!missing)
			return NULL;
	}
	return missing;
}

enum exit_code preflight_backend(enum backend backend)
{
	struct feature features[FEATURES_MAX];
	size_t count = features_check(bits[backend], features);
	const struct feature *missing = missing_for(backend, features, count);
	char error[96];

	if (!missing)
		return EXIT_OK;
	feature_error_text(missing->error, error, sizeof(error));
	log_error("%s: missing%s%s; %s", missing->name, error[0] ? ": " : "", error,
		  missing->advice);
	return preflight_code(missing);
}
