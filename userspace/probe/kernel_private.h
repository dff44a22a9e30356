/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_private.h - the inside of struct kernel, for probe/ alone. */
#ifndef BPFXRAY_PROBE_KERNEL_PRIVATE_H
#define BPFXRAY_PROBE_KERNEL_PRIVATE_H

#include <string.h>

#include "bpfxray.skel.h"
#include "probe/kernel.h"

struct kernel {
	struct bpfxray_bpf *skel;
	struct bpf_link *sweep; /* of the old object, whose sweep is an iterator */
	struct kernel_options options;
	enum kernel_backend backend;
	bool old;		    /* object_kernel_is_old() */
	bool multi;		    /* uprobe_multi_works(), and the programs are loaded for it */
	uint64_t base[BX_C_MAX];    /* counters after the own call */
	bool again;		    /* with second programs, see again.h */
	uint64_t idle[BX_POOL_MAX]; /* keys in the map idle_by_conn: for the next sweep */
	size_t idle_count;
};

/* The name by which a second tracer finds the first one's list of targets. */
#define TARGETS_MAP_NAME "bx_targets"

/* value of that map; mirrors struct target of bpf/maps.bpf.h */
struct target_value {
	uint32_t agent_pid;
	uint32_t root_pid;
};

/* Empties the pool. */
void kernel_release_all(struct kernel *kernel);

#endif
