// SPDX-License-Identifier: Apache-2.0
/* object.c - see object.h: the skeleton over either object's bytes. */
#include "probe/object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "bpfxray.skel.h"
#include "bpfxray_old.skel.h"
#include "probe/feature_bpf.h"

bool object_kernel_is_old(void)
{
	return load_task_registers() < 0;
}

/*
 * A hash map that grows as it fills makes kernels before 6.1 warn when a probe's program that uses
 * it is loaded, with a stack trace, and end where panic_on_warn is set:
 * check_map_prog_compatibility() of kernel/bpf/verifier.c. What allows it there came together with
 * this type of map.
 */
static bool kernel_lets_maps_grow(void)
{
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_USER_RINGBUF, NULL) == 1;
}

static int allocate_hash_maps(struct bpf_object *object)
{
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__type(map) != BPF_MAP_TYPE_HASH)
			continue;
		err = bpf_map__set_map_flags(map, bpf_map__map_flags(map) & ~BPF_F_NO_PREALLOC);
		if (err)
			return err;
	}
	return 0;
}

struct bpfxray_bpf *object_open(bool old)
{
	struct bpfxray_bpf *skel = calloc(1, sizeof(*skel));
	struct bpf_object_skeleton *inside;
	int err;

	if (!skel)
		return NULL;
	err = bpfxray_bpf__create_skeleton(skel);
	if (!err) {
		inside = skel->skeleton;
		if (old)
			inside->data = (void *)bpfxray_old_bpf__elf_bytes(&inside->data_sz);
		err = bpf_object__open_skeleton(inside, NULL);
	}
	if (!err && !kernel_lets_maps_grow())
		err = allocate_hash_maps(skel->obj);
	if (err) {
		bpfxray_bpf__destroy(skel);
		errno = -err;
		return NULL;
	}
	return skel;
}
