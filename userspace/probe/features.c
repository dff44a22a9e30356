// SPDX-License-Identifier: Apache-2.0
/*
 * features.c - the table of checks. A check fills verdict, error and detail; name, advice and who
 * needs it stand in the table. Checks that load programs are not tried without the rights to: their
 * answer would be about the rights.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/types.h>
#include <string.h>

#include "probe/feature_bpf.h"
#include "probe/features_private.h"
#include "probe/refusal.h"
#include "util/array.h"
#include "util/cleanup.h"

/*
 * include/linux/err.h of the kernel, not for userspace: architectures without trampolines
 * answer with it.
 */
#define KERNEL_ENOTSUPP 524
#define BTF_PATH	"/sys/kernel/btf/vmlinux"
/* include/linux/proc_ns.h: PROC_PID_INIT_INO, the inode of the first PID namespace. */
#define INIT_PID_NAMESPACE "pid:[4026531836]"
/* The same, PROC_USER_INIT_INO. */
#define INIT_USER_NAMESPACE "user:[4026531837]"

struct check {
	const char *name;
	void (*run)(struct context *context, const char *subject, struct feature *ret);
	const char *subject; /* tracepoint or iterator, for those that share a run() */
	const char *advice;
	unsigned int needed_by;
	bool needs_rights; /* not tried without the rights to load programs */
	bool privilege;	   /* struct feature.privilege */
};

void feature_answer(struct feature *ret, bool yes, int error, const char *detail)
{
	ret->verdict = yes ? FEATURE_YES : FEATURE_NO;
	ret->error = yes ? 0 : error;
	snprintf(ret->detail, sizeof(ret->detail), "%s", detail);
}

ssize_t feature_read_file(const char *path, char *buf, size_t cap)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, cap - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

static int effective_capabilities(__u64 *ret)
{
	unsigned long long mask;
	char text[4096];
	const char *line;
	ssize_t n = feature_read_file("/proc/self/status", text, sizeof(text));

	if (n < 0)
		return (int)n;
	line = strstr(text, "\nCapEff:");
	if (!line || sscanf(line, "\nCapEff: %llx", &mask) != 1)
		return -EPROTO;
	*ret = mask;
	return 0;
}

static bool has(__u64 mask, int capability)
{
	return mask & (1ull << capability);
}

static void check_bpf_rights(struct context *context, const char *subject, struct feature *ret)
{
	__u64 mask = 0;
	int r = effective_capabilities(&mask);
	bool admin = has(mask, CAP_SYS_ADMIN);
	bool yes = !r && (admin || (has(mask, CAP_BPF) && has(mask, CAP_PERFMON)));

	(void)subject;
	context->privileged = yes;
	feature_answer(ret, yes, r ? -r : EPERM, "");
	snprintf(ret->detail, sizeof(ret->detail), "uid %u%s%s%s", (unsigned int)geteuid(),
		 admin ? ", CAP_SYS_ADMIN" : "", has(mask, CAP_BPF) ? ", CAP_BPF" : "",
		 has(mask, CAP_PERFMON) ? ", CAP_PERFMON" : "");
}

static void check_ptrace_right(struct context *context, const char *subject, struct feature *ret)
{
	__u64 mask = 0;
	int r = effective_capabilities(&mask);

	(void)context;
	(void)subject;
	feature_answer(ret, !r && has(mask, CAP_SYS_PTRACE), r ? -r : EPERM, "");
}

static void check_pid_namespace(struct context *context, const char *subject, struct feature *ret)
{
	char to[64];
	ssize_t n = readlink("/proc/self/ns/pid", to, sizeof(to) - 1);

	(void)context;
	(void)subject;
	to[n < 0 ? 0 : n] = '\0';
	feature_answer(ret, !strcmp(to, INIT_PID_NAMESPACE), n < 0 ? errno : 0, to);
}

/* The root of a namespace has every capability in it, and none over the kernel. */
static void check_user_namespace(struct context *context, const char *subject, struct feature *ret)
{
	char to[64];
	ssize_t n = readlink("/proc/self/ns/user", to, sizeof(to) - 1);

	(void)subject;
	to[n < 0 ? 0 : n] = '\0';
	feature_answer(ret, !strcmp(to, INIT_USER_NAMESPACE), n < 0 ? errno : 0, to);
	context->privileged = context->privileged && ret->verdict == FEATURE_YES;
}

static void check_lockdown(struct context *context, const char *subject, struct feature *ret)
{
	char text[80];
	ssize_t n = feature_read_file("/sys/kernel/security/lockdown", text, sizeof(text));

	(void)context;
	(void)subject;
	if (n < 0) {
		ret->verdict = FEATURE_UNKNOWN;
		snprintf(ret->detail, sizeof(ret->detail), "not shown by this system");
		return;
	}
	text[strcspn(text, "\n")] = '\0';
	feature_answer(ret, !strstr(text, "[confidentiality]"), 0, text);
}

static void check_btf(struct context *context, const char *subject, struct feature *ret)
{
	int fd = open(BTF_PATH, O_RDONLY | O_CLOEXEC);

	(void)subject;
	if (fd < 0) {
		feature_answer(ret, false, errno, BTF_PATH);
		return;
	}
	close(fd);
	context->btf = btf__parse(BTF_PATH, NULL);
	feature_answer(ret, context->btf, errno, BTF_PATH);
}

/* What finds the buffer of a socket call: the calling task's own registers (kernel 5.15). */
static void check_task_registers(struct context *context, const char *subject, struct feature *ret)
{
	int r = load_task_registers();

	(void)context;
	(void)subject;
	feature_answer(ret, !r, -r, "");
}

#define ADVICE_ADMIN                                                                               \
	"this kernel wants CAP_SYS_ADMIN for it; without, what goes over TLS is not read"

/* What reads the traffic under TLS. */
static void check_library_probes(struct context *context, const char *subject, struct feature *ret)
{
	int r = try_library_probe();
	__u64 mask = 0;

	(void)context;
	(void)subject;
	feature_answer(ret, !r, -r, "");
	if ((r != -EACCES && r != -EPERM) || effective_capabilities(&mask) ||
	    has(mask, CAP_SYS_ADMIN))
		return;
	ret->privilege = true;
	ret->advice = ADVICE_ADMIN;
}

/* To other users' processes' environments, whose owner alone may read them. */
static void check_read_right(struct context *context, const char *subject, struct feature *ret)
{
	__u64 mask = 0;
	int r = effective_capabilities(&mask);

	(void)context;
	(void)subject;
	feature_answer(ret, !r && (has(mask, CAP_DAC_READ_SEARCH) || has(mask, CAP_DAC_OVERRIDE)),
		       r ? -r : EPERM, "");
}

#define ADVICE_RIGHTS "run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE"
#define ADVICE_KERNEL "needs a kernel of 5.10 or newer with BTF (CONFIG_DEBUG_INFO_BTF=y)"
#define ADVICE_OLD    "from kernel 5.15 on; the programs for older kernels do without"
#define ADVICE_MEMORY                                                                              \
	"maps are locked memory before kernel 5.11: CAP_SYS_RESOURCE, or ulimit -l unlimited"
#define ADVICE_SOCK "needs kernel 6.3 or newer; the other backends do without"
#define ADVICE_FENTRY                                                                              \
	"needs BPF trampolines (arm64: kernel 6.4 or newer); the kprobe backend does without"
#define ADVICE_KPROBE "needs CONFIG_KPROBES=y; the syscall backend does without"
#define ADVICE_UPROBE "needs CONFIG_UPROBES=y; without, what goes over TLS is not read"
#define ADVICE_READ                                                                                \
	"without CAP_DAC_READ_SEARCH services of other users are not named by their environment"
#define ADVICE_TRACEFS "mount -t tracefs tracefs /sys/kernel/tracing"

/* Rows that are not tried without the rights to load BPF. */
#define TRIED(name_, run_, subject_, advice_, needed_by_)                                          \
	{                                                                                          \
		.name = name_, .run = run_, .subject = subject_, .advice = advice_,                \
		.needed_by = needed_by_, .needs_rights = true                                      \
	}
#define ITERATOR(kind)                                                                             \
	TRIED("iterator: " kind, check_iterator, kind, ADVICE_KERNEL, FEATURE_FOR_ALL)
#define HOOK(tracepoint, advice, needed_by)                                                        \
	TRIED("hook: " tracepoint, check_tp_btf, tracepoint, advice, needed_by)

/* clang-format off */
static const struct check checks[] = {
	{ .name = "rights to load BPF", .run = check_bpf_rights, .advice = ADVICE_RIGHTS,
	  .needed_by = FEATURE_FOR_ALL, .privilege = true },
	{ .name = "the host's user namespace", .run = check_user_namespace,
	  .advice = "a user namespace's root has no rights over the kernel: run as the host's",
	  .needed_by = FEATURE_FOR_ALL, .privilege = true },
	{ .name = "right to look into processes", .run = check_ptrace_right,
	  .advice = ADVICE_RIGHTS, .needed_by = FEATURE_FOR_ALL, .privilege = true },
	{ .name = "right to read any file", .run = check_read_right,
	  .advice = ADVICE_READ, .privilege = true },
	{ .name = "the host's PID namespace", .run = check_pid_namespace,
	  .advice = "run the container in the host's PID namespace (--pid=host, pidMode host)",
	  .needed_by = FEATURE_FOR_ALL, .privilege = true },
	{ .name = "lockdown", .run = check_lockdown,
	  .advice = "confidentiality forbids BPF to read memory; boot with lockdown=integrity",
	  .needed_by = FEATURE_FOR_ALL },
	{ .name = "BTF of the kernel", .run = check_btf, .advice = ADVICE_KERNEL,
	  .needed_by = FEATURE_FOR_ALL },
	TRIED("ring buffer", check_ring_buffer, NULL, ADVICE_KERNEL, FEATURE_FOR_ALL),
	{ .name = "memory for maps", .run = check_map_memory, .advice = ADVICE_MEMORY,
	  .needed_by = FEATURE_FOR_ALL, .needs_rights = true, .privilege = true },
	TRIED("socket storage", check_socket_storage, NULL, ADVICE_KERNEL, FEATURE_FOR_ALL),
	TRIED("task storage", check_task_storage, NULL, ADVICE_OLD, 0),
	TRIED("a task's registers", check_task_registers, NULL, ADVICE_OLD, 0),
	ITERATOR("task"),
	ITERATOR("task_file"),
	HOOK("sched_process_fork", ADVICE_KERNEL, FEATURE_FOR_ALL),
	HOOK("sched_process_exec", ADVICE_KERNEL, FEATURE_FOR_ALL),
	HOOK("sched_process_exit", ADVICE_KERNEL, FEATURE_FOR_ALL),
	HOOK("inet_sock_set_state", ADVICE_KERNEL, FEATURE_FOR_ALL),
	HOOK("sock_send_length", ADVICE_SOCK, FEATURE_FOR_SOCK),
	HOOK("sock_recv_length", ADVICE_SOCK, FEATURE_FOR_SOCK),
	TRIED("hooks: functions' returns", check_fexit, NULL, ADVICE_FENTRY, FEATURE_FOR_FENTRY),
	TRIED("hooks: kprobes", check_kprobe, NULL, ADVICE_KPROBE, FEATURE_FOR_KPROBE),
	TRIED("probes of libraries", check_library_probes, NULL, ADVICE_UPROBE, 0),
	{ .name = "tracefs", .run = check_tracefs, .subject = "sys_exit_getppid",
	  .advice = ADVICE_TRACEFS, .needed_by = FEATURE_FOR_SYSCALL },
	TRIED("hook: system call tracepoints", check_syscall_tracepoint, "sys_exit_getppid",
	      "needs CONFIG_FTRACE_SYSCALLS=y and the right to use perf events",
	      FEATURE_FOR_SYSCALL),
};
/* clang-format on */

_Static_assert(ARRAY_LEN(checks) <= FEATURES_MAX, "features_check() fills one feature a check");

/* Who refuses @error although the capabilities are there. */
static const char *advice_of(int error)
{
	char lockdown[80] = "", enforce[8] = "", status[4096] = "", paranoid[16] = "";

	feature_read_file("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	feature_read_file("/sys/fs/selinux/enforce", enforce, sizeof(enforce));
	feature_read_file("/proc/self/status", status, sizeof(status));
	feature_read_file("/proc/sys/kernel/perf_event_paranoid", paranoid, sizeof(paranoid));
	return refusal_advice(error,
			      &(struct refusal_signs){ lockdown, enforce, status, paranoid });
}

/*
 * Rights that the capabilities promise and something else withholds are no matter of the
 * kernel's version.
 */
static void tell_refusal(const struct context *context, struct feature *ret)
{
	if (ret->verdict != FEATURE_NO || ret->privilege)
		return;
	if (ret->error != EPERM && ret->error != EACCES)
		return;
	ret->privilege = true;
	ret->advice = context->privileged ? advice_of(ret->error) : ADVICE_RIGHTS;
}

/* True when @backend needs nothing from check @next on, and lacks nothing of what came before. */
static bool works(unsigned int backend, const struct feature *features, size_t next)
{
	for (size_t i = next; i < ARRAY_LEN(checks); i++)
		if (checks[i].needed_by & backend)
			return false;
	return !features_missing(features, next, backend);
}

/* The backends of @enough for which it is worth to run check @next. */
static unsigned int still_open(unsigned int enough, const struct feature *features, size_t next)
{
	for (unsigned int backend = 1; backend <= enough; backend <<= 1)
		if (enough & backend && works(backend, features, next))
			return 0;
	return enough;
}

size_t features_check(unsigned int enough, struct feature ret[FEATURES_MAX])
{
	struct context context = { .btf = NULL };

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		ret[i] = (struct feature){ .name = checks[i].name,
					   .verdict = FEATURE_UNKNOWN,
					   .advice = checks[i].advice,
					   .needed_by = checks[i].needed_by,
					   .privilege = checks[i].privilege };
		if (enough && !(checks[i].needed_by & still_open(enough, ret, i)))
			continue;
		if (!checks[i].needs_rights || context.privileged)
			checks[i].run(&context, checks[i].subject, &ret[i]);
		tell_refusal(&context, &ret[i]);
	}
	btf__free(context.btf);
	return ARRAY_LEN(checks);
}

const struct feature *features_missing(const struct feature *features, size_t count,
				       unsigned int backend)
{
	for (size_t i = 0; i < count; i++)
		if (features[i].verdict == FEATURE_NO && (features[i].needed_by & backend))
			return &features[i];
	return NULL;
}

const char *feature_error_text(int error, char *buf, size_t cap)
{
	if (error == KERNEL_ENOTSUPP)
		snprintf(buf, cap, "not supported by this kernel (524)");
	else if (error)
		snprintf(buf, cap, "%s (%d)", strerror(error), error);
	else
		buf[0] = '\0';
	return buf;
}
