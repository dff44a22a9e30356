// SPDX-License-Identifier: Apache-2.0
/* uprobe_multi.c - see uprobe_multi.h: by the system call, for libbpf before 1.3 has nothing. */
#include "probe/uprobe_multi.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/array.h"
#include "util/cleanup.h"

/* linux/bpf.h of 6.6 */
#define BPF_TRACE_UPROBE_MULTI 48
#define UPROBE_MULTI_RETURN    1

/* union bpf_attr for BPF_LINK_CREATE, with uprobe_multi of its inner union */
struct link_create {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t count;
	uint32_t multi_flags;
	uint32_t pid; /* 0: of every process */
	uint32_t pad;
};

int uprobe_multi_attach(int program, const struct uprobe_multi *what)
{
	struct link_create attr = {
		.prog_fd = (uint32_t)program,
		.attach_type = BPF_TRACE_UPROBE_MULTI,
		.path = (uintptr_t)what->path,
		.offsets = (uintptr_t)what->offsets,
		.cookies = (uintptr_t)what->cookies,
		.count = (uint32_t)what->count,
		.multi_flags = what->at_return ? UPROBE_MULTI_RETURN : 0,
	};
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

/* What is asked for is no file: a kernel that knows of such links says so, others say EINVAL. */
bool uprobe_multi_works(void)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const uint64_t zero;
	const struct uprobe_multi what = {
		.path = "/", .count = 1, .offsets = &zero, .cookies = &zero
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_UPROBE_MULTI);
	_cleanup_close_ int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", nothing,
						    ARRAY_LEN(nothing), &opts);
	_cleanup_close_ int link = program < 0 ? program : uprobe_multi_attach(program, &what);

	return link == -EBADF;
}

void uprobe_multi_prepare(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		const char *section = bpf_program__section_name(program);

		if (!strcmp(section, "uprobe") || !strcmp(section, "uretprobe"))
			bpf_program__set_expected_attach_type(program, BPF_TRACE_UPROBE_MULTI);
	}
}
