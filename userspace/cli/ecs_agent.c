// SPDX-License-Identifier: Apache-2.0
/* ecs_agent.c - see ecs_agent.h. */
#include "cli/ecs_agent.h"

#include "emit/http_get.h"
#include "host/process.h"
#include "util/cleanup.h"

#define TIMEOUT_MS	   500
#define INTROSPECTION_IP   "127.0.0.1"
#define INTROSPECTION_PORT 51678
#define METADATA_IP	   "169.254.170.2"
#define METADATA_VARIABLE  "ECS_CONTAINER_METADATA_URI_V4"
/* The agent gives an id of the container behind this. */
#define METADATA_FRONT "http://" METADATA_IP "/v4/"
#define METADATA_ID    "0123456789abcdefABCDEF-"

/* 0 with a body that the caller frees the buffer of; other statuses than 200 are -ENOENT. */
static int ask(const struct ecs_agent *agent, const char *ip, uint16_t port, const char *path,
	       struct http_got *ret)
{
	const struct http_get get = { .ip = ip,
				      .port = port,
				      .path = path,
				      .timeout_ms = TIMEOUT_MS,
				      .reply_max = ECS_ANSWER_MAX,
				      .cancel_fd = agent->cancel_fd };
	int r = http_get(&get, ret);

	if (r || ret->reply.status == 200)
		return r;
	free(ret->buffer);
	return -ENOENT;
}

/* The cluster does not change while an agent runs; until it is known it is asked for again. */
static void learn_host(struct ecs_agent *agent)
{
	struct http_got got;

	if (agent->host_known ||
	    ask(agent, INTROSPECTION_IP, INTROSPECTION_PORT, "/v1/metadata", &got))
		return;
	agent->host_known = !ecs_host_parse(got.reply.body, &agent->host);
	free(got.buffer);
}

/* The agent is asked only where the task does not tell. */
static void find_cluster(struct ecs_agent *agent, struct container *container)
{
	ecs_cluster_arn(&container->task, NULL, container->cluster_arn);
	if (container->cluster_arn[0])
		return;
	learn_host(agent);
	ecs_cluster_arn(&container->task, agent->host_known ? &agent->host : NULL,
			container->cluster_arn);
}

static int introspect(struct ecs_agent *agent, const char *id, struct ecs_task *ret)
{
	char path[32 + CONTAINER_ID_LEN];
	struct http_got got;
	int r;

	snprintf(path, sizeof(path), "/v1/tasks?dockerid=%s", id);
	r = ask(agent, INTROSPECTION_IP, INTROSPECTION_PORT, path, &got);
	if (r)
		return r;
	r = ecs_task_parse_introspection(got.reply.body, id, ret);
	free(got.buffer);
	return r;
}

/*
 * The variable is text of a traced process: only the agent's own address is followed, and only an
 * answer for this very container is believed.
 */
static int ask_metadata(const struct ecs_agent *agent, pid_t pid, const char *id,
			struct ecs_task *ret)
{
	_cleanup_free_ char *uri = NULL;
	struct ecs_task task;
	struct http_got got;
	const char *key;
	int r = process_env(pid, METADATA_VARIABLE, &uri);

	if (r)
		return r;
	if (strncmp(uri, METADATA_FRONT, strlen(METADATA_FRONT)))
		return -EINVAL;
	key = uri + strlen(METADATA_FRONT);
	if (key[strspn(key, METADATA_ID)])
		return -EINVAL;
	r = ask(agent, METADATA_IP, 80, uri + strlen("http://" METADATA_IP), &got);
	if (r)
		return r;
	r = ecs_task_parse_metadata(got.reply.body, &task);
	free(got.buffer);
	if (r || strcmp(task.container_id, id))
		return r ? r : -EBADMSG;
	*ret = task;
	return 0;
}

int ecs_agent_ask(struct ecs_agent *agent, pid_t pid, struct container *container)
{
	const char *id = container->ids.container;
	struct ecs_task of_metadata;
	int r = introspect(agent, id, &container->task);

	if (!ask_metadata(agent, pid, id, &of_metadata)) {
		if (r)
			container->task = of_metadata;
		else
			memcpy(container->task.container_arn, of_metadata.container_arn,
			       sizeof(of_metadata.container_arn));
		r = 0;
	}
	if (r)
		return r;
	container->ecs = true;
	find_cluster(agent, container);
	return 0;
}
