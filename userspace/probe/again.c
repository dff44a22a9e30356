// SPDX-License-Identifier: Apache-2.0
/* again.c - see again.h: what the kernel counts of each program. */
#include "probe/again.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "probe/kernel_private.h"
#include "util/array.h"

/* Programs that have a second one, and those. */
static const char *const doubled[] = { "tp__sock_send_length",	 "tp__sock_send_again",
				       "tp__sock_recv_length",	 "tp__sock_recv_again",
				       "tp__sched_process_fork", "tp__sock_fork_again" };
static const char *const states[] = { "tp__inet_sock_set_state", "tp__state_again" };

bool again_lacks(struct kernel *kernel)
{
	bpf_link__destroy(kernel->skel->links.tp__sock_send_watch);
	kernel->skel->links.tp__sock_send_watch = NULL;
	return kernel->skel->bss->tracepoints_preemptible && !kernel->again;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_doubled(const struct kernel *kernel, const char *name)
{
	return (kernel->again && is_among(name, doubled, ARRAY_LEN(doubled))) ||
	       (!kernel->old && is_among(name, states, ARRAY_LEN(states)));
}

uint64_t again_left_out(const struct kernel *kernel, uint64_t *ret_missed)
{
	struct bpf_program *program;
	uint64_t left_out = 0;

	*ret_missed = 0;
	bpf_object__for_each_program(program, kernel->skel->obj)
	{
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len))
			continue;
		left_out += info.recursion_misses;
		if (!is_doubled(kernel, bpf_program__name(program)))
			*ret_missed += info.recursion_misses;
	}
	return left_out;
}
