// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_ecs.c - what traced processes, the ECS agent and EC2 tell, as any bytes: control groups,
 * answers, Docker's files, the kernel's table of sockets. The input's first byte chooses the
 * parser.
 */
#include "fuzz.h"
#include "host/choice.h"
#include "host/docker.h"
#include "host/ec2.h"
#include "host/listening.h"

#include <errno.h>

#include "util/array.h"

#define CID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void check_text(const char *text, size_t cap)
{
	size_t len = strnlen(text, cap);

	INVARIANT(len < cap);
	for (size_t i = 0; i < len; i++)
		INVARIANT((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

#define CHECK_TEXT(field) check_text(field, sizeof(field))

static void fuzz_cgroup(struct bytes in)
{
	struct container_ids ids;
	int r = container_ids_parse(in, &ids);

	INVARIANT(!r || r == -ENOENT);
	INVARIANT(strlen(ids.container) == (r ? 0 : CONTAINER_ID_LEN));
	INVARIANT(strlen(ids.task) <= TASK_ID_MAX && (!r || !ids.task[0]));
	(void)choice_cgroup_fits("/ecs/0/" CID, in);
	INVARIANT(!choice_cgroup_fits("/", in));
}

static void check_task(const struct ecs_task *task)
{
	char arn[ECS_ARN_CAP];

	CHECK_TEXT(task->container_id);
	CHECK_TEXT(task->container_name);
	CHECK_TEXT(task->docker_name);
	CHECK_TEXT(task->container_arn);
	CHECK_TEXT(task->task_arn);
	CHECK_TEXT(task->family);
	CHECK_TEXT(task->revision);
	CHECK_TEXT(task->cluster);
	ecs_cluster_arn(task, NULL, arn);
	CHECK_TEXT(arn);
}

static void fuzz_answers(struct bytes in)
{
	struct ecs_task task;
	struct ecs_host host;

	if (!ecs_task_parse_introspection(in, CID, &task)) {
		INVARIANT(!strcmp(task.container_id, CID));
		check_task(&task);
	}
	if (!ecs_task_parse_metadata(in, &task)) {
		INVARIANT(task.container_name[0] && task.task_arn[0]);
		check_task(&task);
	}
	if (!ecs_host_parse(in, &host)) {
		CHECK_TEXT(host.cluster);
		CHECK_TEXT(host.instance_arn);
	}
}

static void fuzz_docker(struct bytes in)
{
	char name[64];

	if (!docker_name_parse(in, name, sizeof(name))) {
		CHECK_TEXT(name);
		INVARIANT(name[0]);
	}
}

static void fuzz_listening(struct bytes in)
{
	struct listener listener;
	char *line = malloc(in.len + 1);

	INVARIANT(line);
	memcpy(line, in.at, in.len);
	line[in.len] = '\0';
	(void)listening_parse(line, &listener);
	free(line);
}

static void fuzz_instance(struct bytes in)
{
	struct ec2_instance instance;
	char token[EC2_TOKEN_CAP];

	if (!ec2_instance_parse(in, &instance)) {
		INVARIANT(instance.instance_id[0]);
		CHECK_TEXT(instance.instance_id);
		CHECK_TEXT(instance.availability_zone);
		CHECK_TEXT(instance.instance_type);
		CHECK_TEXT(instance.image_id);
	}
	/* it goes into a header line */
	if (!ec2_token_parse(in, token))
		CHECK_TEXT(token);
	(void)ec2_is_vendor(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(struct bytes in) = { fuzz_cgroup, fuzz_answers, fuzz_docker,
							    fuzz_listening, fuzz_instance };
	struct bytes in;

	if (!size)
		return 0;
	in = fuzz_prefix(bytes_skip(bytes_of(data, size), 1), size - 1);
	parsers[data[0] % ARRAY_LEN(parsers)](in);
	free((void *)in.at);
	return 0;
}
