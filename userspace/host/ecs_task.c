// SPDX-License-Identifier: Apache-2.0
/* ecs_task.c - see ecs_task.h. */
#include "host/ecs_task.h"

#include <errno.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "host/json_text.h"
#include "util/cleanup.h"

#define LABEL "com.amazonaws.ecs."

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

/* cJSON's limit on nesting bounds the recursion; the bytes behind the value are not looked at. */
static int parse(struct bytes body, cJSON **ret)
{
	cJSON *root;

	if (body.len > ECS_ANSWER_MAX)
		return -E2BIG;
	root = body.len ? cJSON_ParseWithLength((const char *)body.at, body.len) : NULL;
	if (!cJSON_IsObject(root)) {
		cJSON_Delete(root);
		return -EBADMSG;
	}
	*ret = root;
	return 0;
}

#define TAKE(object, key, to) json_take_text(object, key, to, sizeof(to))

int ecs_host_parse(struct bytes body, struct ecs_host *ret)
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	struct ecs_host host;
	int r = parse(body, &root);

	if (r)
		return r;
	TAKE(root, "Cluster", host.cluster);
	TAKE(root, "ContainerInstanceArn", host.instance_arn);
	if (!host.cluster[0])
		return -EBADMSG;
	*ret = host;
	return 0;
}

/* True when @task holds the container, and both are named; then @ret is filled. */
static bool take_task(const cJSON *task, const char *container_id, struct ecs_task *ret)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(task, "Containers");
	const cJSON *container;

	cJSON_ArrayForEach(container, list)
	{
		struct ecs_task found = { 0 };

		TAKE(container, "DockerId", found.container_id);
		if (strcmp(found.container_id, container_id) != 0)
			continue;
		TAKE(container, "Name", found.container_name);
		TAKE(container, "DockerName", found.docker_name);
		TAKE(task, "Arn", found.task_arn);
		TAKE(task, "Family", found.family);
		TAKE(task, "Version", found.revision);
		if (!found.container_name[0] || !found.task_arn[0])
			return false;
		*ret = found;
		return true;
	}
	return false;
}

int ecs_task_parse_introspection(struct bytes body, const char *container_id, struct ecs_task *ret)
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	const cJSON *task, *tasks;
	int r = parse(body, &root);

	if (r)
		return r;
	tasks = cJSON_GetObjectItemCaseSensitive(root, "Tasks");
	if (!tasks)
		return take_task(root, container_id, ret) ? 0 : -ENOENT;
	cJSON_ArrayForEach(task, tasks)
	{
		if (take_task(task, container_id, ret))
			return 0;
	}
	return -ENOENT;
}

int ecs_task_parse_metadata(struct bytes body, struct ecs_task *ret)
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	struct ecs_task found = { 0 };
	const cJSON *labels;
	int r = parse(body, &root);

	if (r)
		return r;
	labels = cJSON_GetObjectItemCaseSensitive(root, "Labels");
	TAKE(root, "DockerId", found.container_id);
	TAKE(root, "DockerName", found.docker_name);
	TAKE(root, "ContainerARN", found.container_arn);
	TAKE(labels, LABEL "container-name", found.container_name);
	TAKE(labels, LABEL "task-arn", found.task_arn);
	TAKE(labels, LABEL "task-definition-family", found.family);
	TAKE(labels, LABEL "task-definition-version", found.revision);
	TAKE(labels, LABEL "cluster", found.cluster);
	if (!found.container_name[0] || !found.task_arn[0])
		return -ENOENT;
	*ret = found;
	return 0;
}

/* "arn:aws:ecs:REGION:ACCOUNT" of any ARN of ECS; the length 0 when it is none. */
static size_t arn_front(const char *arn)
{
	const char *at = arn;

	for (int colons = 0; *at; at++)
		if (*at == ':' && ++colons == 5)
			return strncmp(arn, "arn:", 4) ? 0 : (size_t)(at - arn);
	return 0;
}

/* The cluster that a task's ARN names, "FRONT:task/CLUSTER/ID"; the old ones name none. */
static int cluster_of_task(const char *arn, char ret[ECS_ARN_CAP])
{
	static const char kind[] = ":task/";
	size_t front = arn_front(arn), len;
	const char *cluster;

	if (!front || strncmp(arn + front, kind, strlen(kind)) != 0)
		return -ENOENT;
	cluster = arn + front + strlen(kind);
	len = strcspn(cluster, "/");
	if (!len || !cluster[len])
		return -ENOENT;
	return snprintf(ret, ECS_ARN_CAP, "%.*s:cluster/%.*s", (int)front, arn, (int)len, cluster) <
			       ECS_ARN_CAP
		       ? 0
		       : -E2BIG;
}

void ecs_cluster_arn(const struct ecs_task *task, const struct ecs_host *host,
		     char ret[ECS_ARN_CAP])
{
	const char *cluster = task->cluster[0] || !host ? task->cluster : host->cluster;
	const char *arn = arn_front(task->task_arn) || !host ? task->task_arn : host->instance_arn;
	int front = (int)arn_front(arn), n;

	if (!cluster_of_task(task->task_arn, ret))
		return;
	ret[0] = '\0';
	if (arn_front(cluster))
		n = snprintf(ret, ECS_ARN_CAP, "%s", cluster);
	else if (cluster[0] && front)
		n = snprintf(ret, ECS_ARN_CAP, "%.*s:cluster/%s", front, arn, cluster);
	else
		return;
	if (n >= ECS_ARN_CAP)
		ret[0] = '\0';
}
