/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - the container that a process lives in, as far as anybody told.
 */
#ifndef BPFXRAY_HOST_CONTAINER_H
#define BPFXRAY_HOST_CONTAINER_H

#include <sys/types.h>

#include "host/ecs_task.h"

/* Linux's own limit on host names (HOST_NAME_MAX), and the NUL. */
#define HOSTNAME_CAP 65

/* Empty strings: not known. */
struct container {
	struct container_ids ids;
	char hostname[HOSTNAME_CAP];
	bool ecs; /* the ECS agent knows it; else only the names in Docker may be set in task */
	struct ecs_task task;
	char cluster_arn[ECS_ARN_CAP];
};

/* From /proc/PID/cgroup: 0, -ENOENT when the process is in no container, or a negative errno. */
int container_of_process(pid_t pid, struct container_ids *ret);

/*
 * What the container calls itself: the name in its /etc/hostname, which Docker writes, else the
 * beginning of its id, which is what Docker chooses. @ret->ids is used.
 */
void container_hostname(pid_t pid, struct container *ret);

/* What to call a service that runs in it: by ECS, else by Docker; NULL when nobody told. */
const char *container_name(const struct container *container);

#endif
