/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecs_cgroup.h - which container, and which ECS task, a process belongs to, by the paths of its
 * control groups. Pure: the text of /proc/PID/cgroup in, ids out.
 *
 * Only the ids are looked at, never what is in front of them: in a cgroup namespace of the tracer's
 * own, the paths of others are relative ("/../../TASK/CONTAINER").
 */
#ifndef BPFXRAY_HOST_ECS_CGROUP_H
#define BPFXRAY_HOST_ECS_CGROUP_H

#include "util/bytes.h"

#define CONTAINER_ID_LEN 64
/* Today's task ids have 32 digits; the old ones are UUIDs, 36 with their dashes. */
#define TASK_ID_MAX 36

struct container_ids {
	char container[CONTAINER_ID_LEN + 1]; /* empty: in no container */
	char task[TASK_ID_MAX + 1];	      /* empty: not started by ECS, or it does not show */
};

/*
 * @text: all lines of /proc/PID/cgroup, of either version. The first line that names a container
 * counts. Returns 0, or -ENOENT when none does; @ret is written in both cases.
 */
int container_ids_parse(struct bytes text, struct container_ids *ret);

/*
 * The path of the next line of such a text, which is cut off @text; empty when the line is none.
 * False at the end.
 */
bool cgroup_next_path(struct bytes *text, struct bytes *ret);

/*
 * Whether @wanted names the container @id: the whole id, or at least its first 12 digits, which is
 * what `docker ps` prints. Any case.
 */
bool container_id_matches(const char *id, struct bytes wanted);

#endif
