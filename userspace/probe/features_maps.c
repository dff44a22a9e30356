// SPDX-License-Identifier: Apache-2.0
/* features_maps.c - the checks of features.c that create maps. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <unistd.h>

#include "probe/features_private.h"
#include "probe/object.h"
#include "util/cleanup.h"

/* What the maps of bpf/maps.bpf.h take on 5.10 with their default sizes, by bpftool: 64.6 MB. */
#define MAPS_LEN      (64u << 20)
#define MAPS_PAGE_LEN 4096u

void check_ring_buffer(struct context *context, const char *subject, struct feature *ret)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "bpfxray_check", 0, 0,
						(__u32)sysconf(_SC_PAGESIZE), NULL);

	(void)context;
	(void)subject;
	feature_answer(ret, fd >= 0, -fd, "");
}

/*
 * Before 5.11 maps count against RLIMIT_MEMLOCK, which libbpf raises where it may. Where they do
 * not there is nothing to look at.
 */
void check_map_memory(struct context *context, const char *subject, struct feature *ret)
{
	_cleanup_close_ int fd = -EBADF;

	(void)context;
	(void)subject;
	if (!object_kernel_is_old()) {
		feature_answer(ret, true, 0, "");
		return;
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpfxray_check", sizeof(__u32), MAPS_PAGE_LEN,
			    MAPS_LEN / MAPS_PAGE_LEN, NULL);
	feature_answer(ret, fd >= 0, -fd, "");
}

/*
 * Storage maps need a BTF of their key and value, which libbpf's probe brings along. It keeps
 * the errno to itself.
 */
void check_socket_storage(struct context *context, const char *subject, struct feature *ret)
{
	(void)context;
	(void)subject;
	feature_answer(ret, libbpf_probe_bpf_map_type(BPF_MAP_TYPE_SK_STORAGE, NULL) == 1, 0, "");
}

void check_task_storage(struct context *context, const char *subject, struct feature *ret)
{
	(void)context;
	(void)subject;
	feature_answer(ret, libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 1, 0, "");
}
