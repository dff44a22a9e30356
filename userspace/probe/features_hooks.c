// SPDX-License-Identifier: Apache-2.0
/* features_hooks.c - see features_private.h: is a hook there, does it attach, does it run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/feature_bpf.h"
#include "probe/features_private.h"
#include "util/array.h"

static const char *const result_text[] = {
	[HOOK_FIRES] = "attaches and fires",
	[HOOK_ATTACHES] = "attaches",
	[HOOK_ABSENT] = "this kernel has no such hook",
	[HOOK_NO_LOAD] = "the program is refused",
	[HOOK_NO_ATTACH] = "loads but does not attach",
	[HOOK_SILENT] = "attaches but never fires",
};

static void answer_hook(struct feature *ret, struct hook_outcome outcome)
{
	feature_answer(ret, outcome.result == HOOK_FIRES || outcome.result == HOOK_ATTACHES,
		       outcome.error, result_text[outcome.result]);
}

void check_tp_btf(struct context *context, const char *subject, struct feature *ret)
{
	hook_trigger trigger = NULL;

	if (!context->btf) {
		ret->verdict = FEATURE_UNKNOWN;
		return;
	}
	if (!strcmp(subject, "inet_sock_set_state"))
		trigger = trigger_tcp_state;
	else if (!strncmp(subject, "sock_", strlen("sock_")))
		trigger = trigger_unix_message;
	answer_hook(ret, hook_try_tp_btf(context->btf, subject, trigger));
}

/* What the backends fentry and kprobe hang on; the other functions of theirs may be missing. */
static const char *const fexit_functions[] = { "inet_sendmsg", "inet_recvmsg",
					       "unix_stream_sendmsg", "unix_stream_recvmsg", NULL };
static const char *const kprobe_functions[] = { "inet_sendmsg",
						"inet_recvmsg",
						"release_sock",
						"unix_stream_sendmsg",
						"unix_stream_recvmsg",
						"unix_stream_read_actor",
						"skb_copy_datagram_from_iter",
						NULL };

/* What makes the kernel run @function: those of unix sockets have it in their names. */
static hook_trigger trigger_of(const char *function)
{
	return strstr(function, "inet_") || !strcmp(function, "release_sock")
		       ? trigger_tcp_message
		       : trigger_unix_message;
}

static void answer_function(struct feature *ret, const char *function, struct hook_outcome outcome)
{
	answer_hook(ret, outcome);
	snprintf(ret->detail, sizeof(ret->detail), "%s %s", function, result_text[outcome.result]);
}

bool functions_are_traced(void)
{
	char text[8];

	return feature_read_file("/proc/sys/kernel/ftrace_enabled", text, sizeof(text)) <= 0 ||
	       text[0] != '0';
}

static bool answer_untraced(struct feature *ret)
{
	if (functions_are_traced())
		return false;
	feature_answer(ret, false, 0, "kernel.ftrace_enabled is 0");
	ret->advice = "sysctl kernel.ftrace_enabled=1; the other backends do without";
	return true;
}

void check_fexit(struct context *context, const char *subject, struct feature *ret)
{
	(void)subject;
	if (!context->btf || answer_untraced(ret))
		return;
	for (size_t i = 0; !i || (fexit_functions[i] && ret->verdict == FEATURE_YES); i++)
		answer_function(ret, fexit_functions[i],
				hook_try_fexit(context->btf, fexit_functions[i],
					       trigger_of(fexit_functions[i])));
}

void check_kprobe(struct context *context, const char *subject, struct feature *ret)
{
	(void)context;
	(void)subject;
	if (answer_untraced(ret))
		return;
	for (size_t i = 0; !i || (kprobe_functions[i] && ret->verdict == FEATURE_YES); i++)
		answer_function(
			ret, kprobe_functions[i],
			hook_try_kprobe(kprobe_functions[i], trigger_of(kprobe_functions[i])));
}

/* The BTF functions of iterators are what a program attaches to. */
void check_iterator(struct context *context, const char *subject, struct feature *ret)
{
	char function[64];

	if (!context->btf) {
		ret->verdict = FEATURE_UNKNOWN;
		return;
	}
	snprintf(function, sizeof(function), "bpf_iter_%s", subject);
	feature_answer(ret, btf__find_by_name_kind(context->btf, function, BTF_KIND_FUNC) > 0,
		       ENOENT, "");
}

/*
 * The number of a system call's tracepoint, from either place where tracefs may be mounted; or a
 * negative errno: -ENOENT when it is in neither, else what kept it from being read.
 */
static int tracepoint_id(const char *name)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[160], text[32];
	int err = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "%s/events/syscalls/%s/id", roots[i], name);
		n = feature_read_file(path, text, sizeof(text));
		if (n > 0)
			return (int)strtol(text, NULL, 10);
		if (n < 0 && n != -ENOENT && err == -ENOENT)
			err = (int)n;
	}
	return err;
}

void check_tracefs(struct context *context, const char *subject, struct feature *ret)
{
	int id = tracepoint_id(subject);

	(void)context;
	feature_answer(ret, id > 0, -id, "");
}

void check_syscall_tracepoint(struct context *context, const char *subject, struct feature *ret)
{
	int id = tracepoint_id(subject);

	(void)context;
	if (id <= 0) {
		ret->verdict = FEATURE_UNKNOWN;
		return;
	}
	answer_hook(ret, hook_try_tracepoint(id, trigger_getppid));
}
