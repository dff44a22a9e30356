// SPDX-License-Identifier: Apache-2.0
/*
 * test_ecs.c - from a process's control groups to its container and task, and the answers of the
 * ECS agent. Paths are those of the agent's two layouts, seen from the host's
 * cgroup namespace and from a private one.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/container.h"
#include "host/docker.h"
#include "util/array.h"

#define CID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define TASK  "00112233445566778899aabbccddeeff"
#define UUID  "00112233-4455-6677-8899-aabbccddeeff"

static int parse_guarded(struct bytes text, struct container_ids *ret)
{
	return container_ids_parse(bytes_of(guard_copy(text), text.len), ret);
}

TEST(cgroup_paths)
{
	static const struct {
		const char *text, *container, *task;
	} rows[] = {
		/* version 1: every controller has its line */
		{ "4:memory:/ecs/" TASK "/" CID "\n1:name=systemd:/\n", CID, TASK },
		{ "1:name=systemd:/\n4:cpu,cpuacct:/ecs/" UUID "/" CID "\n", CID, UUID },
		/* version 2 */
		{ "0::/ecstasks.slice/ecstasks-" TASK ".slice/docker-" CID ".scope\n", CID, TASK },
		{ "0::/ecstasks.slice/ecstasks-" TASK ".slice/docker-" CID ".scope", CID, TASK },
		/* hybrid */
		{ "9:memory:/ecs/" TASK "/" CID "\n0::/\n", CID, TASK },
		/* task limits off, plain Docker, other runtimes */
		{ "4:memory:/docker/" CID "\n", CID, "" },
		{ "0::/system.slice/docker-" CID ".scope\n", CID, "" },
		{ "0::/system.slice/cri-containerd-" CID ".scope\n", CID, "" },
		/* from a private cgroup namespace */
		{ "0::/../../" TASK "/" CID "\n", CID, TASK },
		{ "0::/../../ecstasks-" TASK ".slice/docker-" CID ".scope\n", CID, TASK },
		{ "0::/../" CID "\n", CID, "" },
		/* the process moved itself below its container's group */
		{ "0::/ecstasks.slice/ecstasks-" TASK ".slice/docker-" CID ".scope/init\n", CID,
		  TASK },
		/* a container in a container: the outer one, which ECS knows */
		{ "4:memory:/ecs/" TASK "/" CID "/docker/" OTHER "\n", CID, TASK },
		/* a colon in the path */
		{ "0::/a:b/" CID "\n", CID, "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct container_ids ids;

		unit_context("%s", rows[i].text);
		CHECK_EQ(parse_guarded(bytes_str(rows[i].text), &ids), 0);
		CHECK_STR(ids.container, rows[i].container);
		CHECK_STR(ids.task, rows[i].task);
	}
}

TEST(cgroup_no_container)
{
	static const char *const rows[] = {
		"",
		"\n\n",
		"0::/\n",
		"0::/user.slice/user-1000.slice/session-2.scope\n",
		"0::/init.scope",
		/* one digit short, one too many, a capital */
		"0::/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n",
		"0::/docker/" CID "0\n",
		"0::/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\n",
		/* a task without a container: its own group */
		"0::/ecstasks.slice/ecstasks-" TASK ".slice\n",
		"/docker/" CID "\n",
		"0:/docker/" CID "\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct container_ids ids;

		unit_context("row %zu", i);
		CHECK_EQ(parse_guarded(bytes_str(rows[i]), &ids), -ENOENT);
		CHECK_STR(ids.container, "");
		CHECK_STR(ids.task, "");
	}
}

/* The task's id must stand right in front of the container's, and be one. */
TEST(cgroup_not_a_task)
{
	static const char *const rows[] = {
		"0::/" TASK "/x/" CID "\n",
		"0::/ecstasks-0011.slice/docker-" CID ".scope\n",
		"0::/00112233_4455_6677_8899_aabbccddeeff/" CID "\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct container_ids ids;

		unit_context("row %zu", i);
		CHECK_EQ(parse_guarded(bytes_str(rows[i]), &ids), 0);
		CHECK_STR(ids.task, "");
	}
}

TEST(container_id_prefix)
{
	CHECK(container_id_matches(CID, bytes_str(CID)));
	CHECK(container_id_matches(CID, bytes_str("0123456789ab")));
	CHECK(container_id_matches(CID, bytes_str("0123456789AB")));
	CHECK(!container_id_matches(CID, bytes_str("0123456789a")));
	CHECK(!container_id_matches(CID, bytes_str("1123456789ab")));
	CHECK(!container_id_matches(CID, bytes_str(CID "0")));
	CHECK(!container_id_matches("", bytes_str("")));
}

#define CONTAINER(id, name)                                                                        \
	"{\"DockerId\":\"" id "\",\"DockerName\":\"ecs-t-1-" name "-ff\",\"Name\":\"" name "\"}"
#define ONE_TASK                                                                                   \
	"{\"Arn\":\"arn:aws:ecs:eu-west-1:1:task/c/" TASK "\",\"DesiredStatus\":\"RUNNING\","      \
	"\"KnownStatus\":\"RUNNING\",\"Family\":\"todobackend\",\"Version\":\"7\",\"Containers\":" \
	"[" CONTAINER(OTHER, "collectstatic") "," CONTAINER(CID, "todobackend") "]}"

static int introspect(struct bytes body, struct ecs_task *ret)
{
	return ecs_task_parse_introspection(bytes_of(guard_copy(body), body.len), CID, ret);
}

TEST(ecs_introspection)
{
	struct bytes bodies[] = { LITERAL(ONE_TASK),
				  LITERAL("{\"Tasks\":[{\"Containers\":[]}," ONE_TASK "]}") };

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct ecs_task task = { 0 };

		unit_context("body %zu", i);
		CHECK_EQ(introspect(bodies[i], &task), 0);
		CHECK_STR(task.container_id, CID);
		CHECK_STR(task.container_name, "todobackend");
		CHECK_STR(task.docker_name, "ecs-t-1-todobackend-ff");
		CHECK_STR(task.task_arn, "arn:aws:ecs:eu-west-1:1:task/c/" TASK);
		CHECK_STR(task.family, "todobackend");
		CHECK_STR(task.revision, "7");
	}
}

TEST(ecs_introspection_wrong)
{
	static const struct {
		const char *body;
		int code;
	} rows[] = {
		{ "", -EBADMSG },
		{ "null", -EBADMSG },
		{ "[]", -EBADMSG },
		{ "{\"Arn\":", -EBADMSG },
		{ "{}", -ENOENT },
		{ "{\"Tasks\":[]}", -ENOENT },
		{ "{\"Tasks\":7}", -ENOENT },
		{ "{\"Tasks\":[1,null,\"x\",{\"Containers\":\"x\"}]}", -ENOENT },
		{ "{\"Containers\":[{\"DockerId\":7},{\"DockerId\":\"" OTHER "\"}]}", -ENOENT },
		/* not all of it is there yet */
		{ "{\"Arn\":\"arn:t\",\"Containers\":[{\"DockerId\":\"" CID "\"}]}", -ENOENT },
		{ "{\"Containers\":[{\"DockerId\":\"" CID "\",\"Name\":\"web\"}]}", -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ecs_task task = { .family = "kept" };

		unit_context("%s", rows[i].body);
		CHECK_EQ(introspect(bytes_str(rows[i].body), &task), rows[i].code);
		CHECK_STR(task.family, "kept");
	}
}

static int introspect_text(const char *family, const char *arn, const char *name,
			   struct ecs_task *ret)
{
	char body[1024];

	snprintf(body, sizeof(body),
		 "{\"Family\":%s,\"Arn\":\"%s\",\"Containers\":[{\"DockerId\":\"" CID
		 "\",\"Name\":\"%s\"}]}",
		 family, arn, name);
	return introspect(bytes_str(body), ret);
}

/* What does not fit or is not text counts as absent; it is never cut to another's name. */
TEST(ecs_text_bounds)
{
	struct ecs_task task = { 0 };
	char name[ECS_NAME_CAP + 1];

	memset(name, 'n', ECS_NAME_CAP);
	name[ECS_NAME_CAP] = '\0';
	CHECK_EQ(introspect_text("9", "arn:t", name, &task), -ENOENT);
	CHECK_EQ(introspect_text("9", "arn:t", name + 1, &task), 0);
	CHECK_STR(task.container_name, name + 1);
	CHECK_STR(task.family, "");
	CHECK_EQ(introspect_text("\"a\\u0007b\"", "arn:t", "web", &task), 0);
	CHECK_STR(task.family, "");
	CHECK_EQ(introspect_text("\"f\"", "a\\u0007b", "web", &task), -ENOENT);
}

/* One that fits becomes one that fits, whatever stands for the task. */
TEST(ecs_cluster_of_the_longest_task)
{
	static const char front[] = "arn:aws:ecs:r:1:task/";
	struct ecs_task task = { 0 };
	char arn[ECS_ARN_CAP];
	size_t len = sizeof(task.task_arn) - 1;

	for (size_t id = 0; id <= 4; id++) {
		memset(task.task_arn, 'c', len);
		memcpy(task.task_arn, front, strlen(front));
		task.task_arn[len - id - 1] = '/';
		ecs_cluster_arn(&task, NULL, arn);
		unit_context("%zu characters", id);
		CHECK_EQ(strlen(arn), id < 2 ? 0 : len + 2 - id);
	}
}

TEST(ecs_answer_too_long)
{
	size_t len = ECS_ANSWER_MAX + 1;
	char *body = malloc(len);
	struct ecs_task task;

	if (!CHECK(body != NULL))
		return;
	memset(body, ' ', len);
	memcpy(body + len - 2, "{}", 2);
	CHECK_EQ(ecs_task_parse_introspection(bytes_of(body, len), CID, &task), -E2BIG);
	CHECK_EQ(ecs_task_parse_introspection(bytes_of(body + 1, len - 1), CID, &task), -ENOENT);
	free(body);
}

#define LABELS                                                                                     \
	"\"com.amazonaws.ecs.cluster\":\"c\",\"com.amazonaws.ecs.task-arn\":\"arn:t\","            \
	"\"com.amazonaws.ecs.task-definition-family\":\"todobackend\","                            \
	"\"com.amazonaws.ecs.task-definition-version\":\"7\""

TEST(ecs_metadata)
{
	struct bytes body =
		LITERAL("{\"DockerId\":\"" CID "\",\"Name\":\"todobackend\",\"Labels\":{" LABELS
			",\"com.amazonaws.ecs.container-name\":\"todobackend\"},"
			"\"ContainerARN\":\"arn:c\",\"Limits\":{\"CPU\":2}}");
	struct bytes unnamed = LITERAL("{\"DockerId\":\"" CID "\",\"Labels\":{" LABELS "}}");
	struct ecs_task task;

	CHECK_EQ(ecs_task_parse_metadata(unnamed, &task), -ENOENT);
	CHECK_EQ(ecs_task_parse_metadata(LITERAL("{\"Labels\":[]}"), &task), -ENOENT);
	CHECK_EQ(ecs_task_parse_metadata(LITERAL("no json"), &task), -EBADMSG);
	if (!CHECK_EQ(ecs_task_parse_metadata(bytes_of(guard_copy(body), body.len), &task), 0))
		return;
	CHECK_STR(task.container_id, CID);
	CHECK_STR(task.container_name, "todobackend");
	CHECK_STR(task.container_arn, "arn:c");
	CHECK_STR(task.task_arn, "arn:t");
	CHECK_STR(task.family, "todobackend");
	CHECK_STR(task.cluster, "c");
}

TEST(ecs_host_answer)
{
	struct bytes body = LITERAL("{\"Cluster\":\"todobackend-cluster\",\"ContainerInstanceArn\":"
				    "\"arn:i\",\"Version\":\"x\"}");
	struct ecs_host host;

	if (CHECK_EQ(ecs_host_parse(bytes_of(guard_copy(body), body.len), &host), 0)) {
		CHECK_STR(host.cluster, "todobackend-cluster");
		CHECK_STR(host.instance_arn, "arn:i");
	}
	/* an agent that has not registered yet */
	CHECK_EQ(ecs_host_parse(LITERAL("{\"Cluster\":\"\"}"), &host), -EBADMSG);
	CHECK_EQ(ecs_host_parse(LITERAL("{}"), &host), -EBADMSG);
}

TEST(ecs_cluster)
{
	static const struct ecs_host host = { "c", "arn:aws:ecs:eu-west-1:1:container-instance/i" };
	static const struct {
		const char *cluster, *task_arn, *expected;
		bool host;
	} rows[] = {
		/* the task's own, with or without the agent's word */
		{ "", "arn:aws:ecs:eu-west-1:1:task/b/" TASK, "arn:aws:ecs:eu-west-1:1:cluster/b",
		  true },
		{ "", "arn:aws:ecs:eu-west-1:1:task/b/" TASK, "arn:aws:ecs:eu-west-1:1:cluster/b",
		  false },
		{ "d", "arn:aws-cn:ecs:cn-north-1:1:task/b/" TASK,
		  "arn:aws-cn:ecs:cn-north-1:1:cluster/b", false },
		/* the short form of old tasks, whose ARN names no cluster */
		{ "d", "arn:aws:ecs:eu-west-1:1:task/" UUID, "arn:aws:ecs:eu-west-1:1:cluster/d",
		  false },
		{ "", "arn:aws:ecs:eu-west-1:1:task/" UUID, "arn:aws:ecs:eu-west-1:1:cluster/c",
		  true },
		{ "", "arn:aws:ecs:eu-west-1:1:task/" UUID, "", false },
		{ "", "arn:aws:ecs:eu-west-1:1:task//" UUID, "", false },
		{ "", "arn:aws:ecs:eu-west-1:1:service/c/web", "", false },
		{ "arn:aws-cn:ecs:cn-north-1:1:cluster/e", "",
		  "arn:aws-cn:ecs:cn-north-1:1:cluster/e", false },
		{ "d", "", "arn:aws:ecs:eu-west-1:1:cluster/d", true },
		{ "d", "", "", false },
		{ "d", "a:b:c:d:e:f", "", false },
		{ "d", "arn:aws:ecs:eu-west-1", "", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ecs_task task = { 0 };
		char arn[ECS_ARN_CAP];

		unit_context("row %zu", i);
		snprintf(task.cluster, sizeof(task.cluster), "%s", rows[i].cluster);
		snprintf(task.task_arn, sizeof(task.task_arn), "%s", rows[i].task_arn);
		ecs_cluster_arn(&task, rows[i].host ? &host : NULL, arn);
		CHECK_STR(arn, rows[i].expected);
	}
}

TEST(docker_names)
{
	static const struct {
		const char *text, *name;
		int code;
	} rows[] = {
		{ "{\"ID\":\"x\",\"Name\":\"/web_1\",\"Config\":{}}", "web_1", 0 },
		{ "{\"Name\":\"web_1\"}", "", -ENOENT },
		{ "{\"Name\":\"/\"}", "", -ENOENT },
		{ "{\"Name\":7}", "", -ENOENT },
		{ "{\"Name\":\"/123456789012345\"}", "123456789012345", 0 },
		{ "{\"Name\":\"/1234567890123456\"}", "", -ENOENT },
		{ "{\"Name\":\"/we", "", -EBADMSG },
		{ "", "", -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes text = bytes_str(rows[i].text);
		char name[16] = "";

		unit_context("%s", rows[i].text);
		CHECK_EQ(
			docker_name_parse(bytes_of(guard_copy(text), text.len), name, sizeof(name)),
			rows[i].code);
		CHECK_STR(name, rows[i].name);
	}
}

TEST(container_names)
{
	struct container container = { .ids = { CID, "" } };

	CHECK_STR(container_name(&container), NULL);
	snprintf(container.task.docker_name, sizeof(container.task.docker_name), "web_1");
	CHECK_STR(container_name(&container), "web_1");
	snprintf(container.task.container_name, sizeof(container.task.container_name), "web");
	CHECK_STR(container_name(&container), "web");
}
