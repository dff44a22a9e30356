/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecs_task.h - what the ECS agent says of a container: parsers of its answers. Pure, no network:
 * whoever asks (off the event path, with time-outs) hands the bodies in.
 *
 *	http://127.0.0.1:51678/v1/metadata		ecs_host_parse()
 *	http://127.0.0.1:51678/v1/tasks?dockerid=ID	ecs_task_parse_introspection()
 *	$ECS_CONTAINER_METADATA_URI_V4			ecs_task_parse_metadata()
 *
 * All of it is untrusted text of bounded length: unknown members are passed over, members of the
 * wrong type count as absent, strings that are too long or hold control characters as well.
 */
#ifndef BPFXRAY_HOST_ECS_TASK_H
#define BPFXRAY_HOST_ECS_TASK_H

#include "host/ecs_cgroup.h"

/* ECS allows 255 characters in the names of clusters, families, containers and services. */
#define ECS_NAME_CAP 256
/* arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID with a cluster of 255 characters. */
#define ECS_ARN_CAP 512
/* An answer longer than this is none that the agent gives for one task. */
#define ECS_ANSWER_MAX (1024 * 1024)

struct ecs_host {
	char cluster[ECS_NAME_CAP];
	char instance_arn[ECS_ARN_CAP];
};

/* Empty: not told. */
struct ecs_task {
	char container_id[CONTAINER_ID_LEN + 1];
	char container_name[ECS_NAME_CAP];  /* as in the task definition */
	char docker_name[ECS_NAME_CAP * 3]; /* ecs-FAMILY-REVISION-NAME-DIGITS */
	char container_arn[ECS_ARN_CAP];
	char task_arn[ECS_ARN_CAP];
	char family[ECS_NAME_CAP];
	char revision[16];
	char cluster[ECS_ARN_CAP]; /* a name, or an ARN */
};

/*
 * The ARN of the cluster out of what was told: the task's ARN names it; else it is made of its name
 * and of the task's ARN, or the instance's. Empty when none gives one. @host may be NULL.
 */
void ecs_cluster_arn(const struct ecs_task *task, const struct ecs_host *host,
		     char ret[ECS_ARN_CAP]);

/* All: 0, -EBADMSG when the body is not JSON of that kind, -E2BIG, or -ENOMEM. */
int ecs_host_parse(struct bytes body, struct ecs_host *ret);

/*
 * The task with the container @container_id, from the answer for one task or the list of all. Also
 * -ENOENT when no task has it, or its answer names the container or the task not yet.
 */
int ecs_task_parse_introspection(struct bytes body, const char *container_id, struct ecs_task *ret);

/* The container's own document. Also -ENOENT when it lacks the container's name or its task. */
int ecs_task_parse_metadata(struct bytes body, struct ecs_task *ret);

#endif
