/* SPDX-License-Identifier: Apache-2.0 */
/* rival.c - see kernel_rival() in kernel.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "probe/kernel_private.h"
#include "util/cleanup.h"

/* The live tracer that map @id says follows @tgid, or 0. */
static int rival_in_map(uint32_t id, pid_t tgid)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(id);
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info), key = tgid;
	struct target_value target;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0;
	if (strcmp(info.name, TARGETS_MAP_NAME) || info.value_size != sizeof(target))
		return 0;
	if (bpf_map_lookup_elem(fd, &key, &target))
		return 0;
	/* the one who asks may be the part of a tracer that holds the maps: named is its parent */
	if ((pid_t)target.agent_pid == getpid() || (pid_t)target.agent_pid == getppid())
		return 0;
	/* a killed tracer's maps go away a moment later */
	return kill(target.agent_pid, 0) && errno == ESRCH ? 0 : (int)target.agent_pid;
}

int kernel_rival(pid_t tgid)
{
	uint32_t id = 0;
	int rival;

	while (!bpf_map_get_next_id(id, &id)) {
		rival = rival_in_map(id, tgid);
		if (rival)
			return rival;
	}
	return errno == ENOENT ? 0 : -errno;
}
