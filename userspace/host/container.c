// SPDX-License-Identifier: Apache-2.0
/* container.c - see container.h. */
#include "host/container.h"

#include <ctype.h>

#include "host/process.h"
#include "util/cleanup.h"

/* What Docker takes of an id for a host name. */
#define SHORT_ID_LEN 12
/* A line for each controller; far more than any kernel has. */
#define CGROUP_TEXT_MAX 8192

int container_of_process(pid_t pid, struct container_ids *ret)
{
	char text[CGROUP_TEXT_MAX];
	ssize_t n = process_text(pid, "cgroup", text, sizeof(text));

	return n < 0 ? (int)n : container_ids_parse(bytes_of(text, (size_t)n), ret);
}

static bool is_host_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-._", *c))
			return false;
	return *name;
}

void container_hostname(pid_t pid, struct container *ret)
{
	_cleanup_close_ int fd = process_open(pid, "/etc/hostname");
	char name[HOSTNAME_CAP] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);

	if (n > 0)
		name[strcspn(name, "\n")] = '\0';
	if (n > 0 && is_host_name(name))
		snprintf(ret->hostname, sizeof(ret->hostname), "%s", name);
	else
		snprintf(ret->hostname, sizeof(ret->hostname), "%.*s", SHORT_ID_LEN,
			 ret->ids.container);
}

const char *container_name(const struct container *container)
{
	const struct ecs_task *task = &container->task;

	if (task->container_name[0])
		return task->container_name;
	return task->docker_name[0] ? task->docker_name : NULL;
}
