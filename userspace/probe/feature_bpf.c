// SPDX-License-Identifier: Apache-2.0
/*
 * feature_bpf.c - the programs are a dozen instructions written by hand, so that a check needs no
 * compiled object and says something about the hook alone. Everything is held by file descriptors
 * and ends with them.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "probe/feature_bpf.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Prefix of the typedefs that the kernel's BTF holds for its tracepoints. */
#define TRACEPOINT_TYPEDEF "btf_trace_"
#define KPROBE_PMU_PATH	   "/sys/bus/event_source/devices/kprobe/type"
#define UPROBE_PMU_PATH	   "/sys/bus/event_source/devices/uprobe/type"

int trigger_unix_message(void)
{
	int pair[2];
	char byte = 0;
	int r = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	if (send(pair[0], &byte, 1, 0) != 1 || recv(pair[1], &byte, 1, 0) != 1)
		r = -errno;
	close(pair[0]);
	close(pair[1]);
	return r;
}

/* A TCP socket that listens on loopback, its address in @ret. Returns it, or a negative errno. */
static int listen_on_loopback(struct sockaddr_in *ret)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)ret, sizeof(*ret)) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)ret, &len) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int trigger_tcp_state(void)
{
	struct sockaddr_in loopback;
	_cleanup_close_ int fd = listen_on_loopback(&loopback);

	return fd < 0 ? fd : 0;
}

int trigger_tcp_message(void)
{
	struct sockaddr_in loopback;
	_cleanup_close_ int listener = listen_on_loopback(&loopback);
	_cleanup_close_ int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_close_ int server = -1;
	char byte = 0;

	if (listener < 0)
		return listener;
	if (client < 0 || connect(client, (struct sockaddr *)&loopback, sizeof(loopback)) < 0)
		return -errno;
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0 || send(client, &byte, 1, 0) != 1 || recv(server, &byte, 1, 0) != 1)
		return -errno;
	return 0;
}

int trigger_getppid(void)
{
	(void)syscall(SYS_getppid);
	return 0;
}

/* What a program is loaded for and attached to; @btf_id, or a perf event. */
struct hook {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	int btf_id;
	int pmu; /* of the perf event */
	int config;
	const char *function; /* where a breakpoint is put, else NULL */
};

/* (*value of @map at key 0) += 1; return 0; */
static int load_counting(const struct hook *hook, int map)
{
	const struct bpf_insn insns[] = {
		/* r2 = address of a zero key on the stack */
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4 },
		/* r1 = map (two slots) */
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		/* if (r0) *(u64 *)r0 += 1 */
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_1,
		  .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	if (hook->btf_id) {
		opts.expected_attach_type = hook->attach;
		opts.attach_btf_id = (__u32)hook->btf_id;
	}
	return bpf_prog_load(hook->type, "bpfxray_check", "Dual BSD/GPL", insns, ARRAY_LEN(insns),
			     &opts);
}

static int attach_perf(const struct hook *hook, int program)
{
	struct perf_event_attr attr = { .type = (__u32)hook->pmu,
					.size = sizeof(attr),
					.config = (__u64)hook->config,
					.sample_period = 1,
					.wakeup_events = 1,
					.kprobe_func = (__u64)(uintptr_t)hook->function };
	/* The event is of one CPU; its program runs for the hits of all of them. */
	_cleanup_close_ int fd =
		(int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0 ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/*
 * The count after the trigger. A hook may be another process's too: any count shows that it
 * fires.
 */
static struct hook_outcome fire(int map, hook_trigger trigger)
{
	__u32 key = 0;
	__u64 count = 0;
	int r;

	if (!trigger)
		return (struct hook_outcome){ .result = HOOK_ATTACHES };
	r = trigger();
	if (!r)
		r = bpf_map_lookup_elem(map, &key, &count);
	return (struct hook_outcome){ .result = !r && count ? HOOK_FIRES : HOOK_SILENT,
				      .error = -r };
}

static struct hook_outcome try_hook(const struct hook *hook, hook_trigger trigger)
{
	_cleanup_close_ int map = -1;
	_cleanup_close_ int program = -1;
	_cleanup_close_ int link = -1;

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpfxray_check", sizeof(__u32), sizeof(__u64), 1,
			     NULL);
	if (map < 0)
		return (struct hook_outcome){ .result = HOOK_NO_LOAD, .error = -map };
	program = load_counting(hook, map);
	if (program < 0)
		return (struct hook_outcome){ .result = HOOK_NO_LOAD, .error = -program };
	link = hook->btf_id ? bpf_raw_tracepoint_open(NULL, program) : attach_perf(hook, program);
	if (link < 0)
		return (struct hook_outcome){ .result = HOOK_NO_ATTACH, .error = -link };
	return fire(map, trigger);
}

struct hook_outcome hook_try_tp_btf(const struct btf *btf, const char *name, hook_trigger trigger)
{
	char type[128];
	int id;

	snprintf(type, sizeof(type), TRACEPOINT_TYPEDEF "%s", name);
	id = btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF);
	if (id <= 0)
		return (struct hook_outcome){ .result = HOOK_ABSENT, .error = ENOENT };
	return try_hook(&(struct hook){ .type = BPF_PROG_TYPE_TRACING,
					.attach = BPF_TRACE_RAW_TP,
					.btf_id = id },
			trigger);
}

struct hook_outcome hook_try_fexit(const struct btf *btf, const char *name, hook_trigger trigger)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	if (id <= 0)
		return (struct hook_outcome){ .result = HOOK_ABSENT, .error = ENOENT };
	return try_hook(&(struct hook){ .type = BPF_PROG_TYPE_TRACING,
					.attach = BPF_TRACE_FEXIT,
					.btf_id = id },
			trigger);
}

/* The number of a perf PMU that puts breakpoints, or a negative errno. */
static int pmu_number(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -errno;
	return (int)strtol(text, NULL, 10);
}

struct hook_outcome hook_try_kprobe(const char *name, hook_trigger trigger)
{
	const struct hook hook = { .type = BPF_PROG_TYPE_KPROBE,
				   .pmu = pmu_number(KPROBE_PMU_PATH),
				   .function = name };

	if (hook.pmu < 0)
		return (struct hook_outcome){ .result = HOOK_ABSENT, .error = -hook.pmu };
	return try_hook(&hook, trigger);
}

struct hook_outcome hook_try_tracepoint(int id, hook_trigger trigger)
{
	return try_hook(&(struct hook){ .type = BPF_PROG_TYPE_TRACEPOINT,
					.pmu = PERF_TYPE_TRACEPOINT,
					.config = id },
			trigger);
}

/* At the file's first byte, which no process executes: nothing is changed anywhere. */
int try_library_probe(void)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.uprobe_path = (__u64)(uintptr_t) "/proc/self/exe" };
	_cleanup_close_ int fd = -1;
	int pmu = pmu_number(UPROBE_PMU_PATH);

	if (pmu < 0)
		return pmu;
	attr.type = (__u32)pmu;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

int load_task_registers(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_task_btf },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_task_pt_regs },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "bpfxray_check",
						    "Dual BSD/GPL", insns, ARRAY_LEN(insns), NULL);

	return program < 0 ? program : 0;
}
