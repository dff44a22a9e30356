/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * fork.bpf.h - what becomes of a target is told to the agent; a child inherits at fork, before it
 * runs.
 */
#ifndef BPFXRAY_FORK_BPF_H
#define BPFXRAY_FORK_BPF_H

#include "conn.bpf.h"
#include "ring.bpf.h"

static __always_inline void process__tell(__u32 what, __u32 tgid, __u32 parent_tgid)
{
	struct bx_process process = {
		.record = { BX_RECORD_PROCESS, sizeof(process) },
		.at_ns = bpf_ktime_get_ns(),
		.what = what,
		.tgid = tgid,
		.parent_tgid = parent_tgid,
	};

	bpf_ringbuf_output(&ring, &process, sizeof(process), ring__wake());
}

/* @parent, perhaps a target, has made @child. */
static __always_inline int process__forked(struct task_struct *parent, struct task_struct *child)
{
	struct target *target, inherited = {};
	__u32 tgid;

	if (!thread__of(parent))
		return 0;
	if (!thread__follow(child))
		counter__add(BX_C_LOST_SOCKET, 1);
	if (child->pid != child->tgid)
		return 0;
	tgid = parent->tgid;
	target = bpf_map_lookup_elem(&bx_targets, &tgid);
	if (target)
		inherited = *target;
	tgid = child->tgid;
	bpf_map_update_elem(&bx_targets, &tgid, &inherited, BPF_ANY);
	process__tell(BX_PROCESS_FORK, child->tgid, parent->tgid);
	return 0;
}

#endif
