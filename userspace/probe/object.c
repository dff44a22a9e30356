// SPDX-License-Identifier: Apache-2.0
/* object.c - see object.h: the skeleton over either object's bytes. */
#include "probe/object.h"

#include <errno.h>
#include <stdlib.h>

#include "bpfxray.skel.h"
#include "bpfxray_old.skel.h"
#include "probe/feature_bpf.h"

bool object_kernel_is_old(void)
{
	return load_task_registers() < 0;
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
	if (err) {
		bpfxray_bpf__destroy(skel);
		errno = -err;
		return NULL;
	}
	return skel;
}
