// SPDX-License-Identifier: Apache-2.0
/*
 * ecs_cgroup.c - see ecs_cgroup.h. The forms, version 1 and version 2 (systemd):
 *
 *	4:memory:/ecs/TASK/CONTAINER			task limits on, as by default
 *	0::/ecstasks.slice/ecstasks-TASK.slice/docker-CONTAINER.scope
 *	4:memory:/docker/CONTAINER			task limits off, or plain Docker
 *	0::/system.slice/docker-CONTAINER.scope
 *
 * A process may have moved itself into groups below its container's; the id is then not the last
 * component.
 */
#include "host/ecs_cgroup.h"

#include <errno.h>

/* What `docker ps` prints of an id. */
#define SHORT_ID_LEN 12

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool all_hex(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (!is_hex(in.at[i]))
			return false;
	return true;
}

static struct bytes up_to(struct bytes in, uint8_t c)
{
	ptrdiff_t at = bytes_index(in, c);

	return at < 0 ? in : bytes_take(in, (size_t)at);
}

static struct bytes without_tail(struct bytes in, const char *tail)
{
	size_t n = strlen(tail);

	if (in.len >= n && bytes_equal_str(bytes_skip(in, in.len - n), tail))
		in.len -= n;
	return in;
}

static void put(char *to, struct bytes from)
{
	memcpy(to, from.at, from.len);
	to[from.len] = '\0';
}

/* "CONTAINER", or with a runtime's name and a unit's suffix: "docker-CONTAINER.scope". */
static bool put_container(struct bytes part, struct container_ids *ret)
{
	struct bytes id = without_tail(part, ".scope");

	if (id.len > CONTAINER_ID_LEN) {
		size_t front = id.len - CONTAINER_ID_LEN;

		if (id.at[front - 1] != '-')
			return false;
		id = bytes_skip(id, front);
	}
	if (id.len != CONTAINER_ID_LEN || !all_hex(id))
		return false;
	put(ret->container, id);
	return true;
}

/* 32 digits, or a UUID. */
static bool is_task_id(struct bytes in)
{
	static const char uuid[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (in.len == 32)
		return all_hex(in);
	if (in.len != TASK_ID_MAX)
		return false;
	for (size_t i = 0; i < in.len; i++)
		if (uuid[i] == '-' ? in.at[i] != '-' : !is_hex(in.at[i]))
			return false;
	return true;
}

/*
 * A component that names a task: "ecstasks-TASK.slice" by itself; "TASK" alone only as the parent
 * of a container. Below a cgroup namespace's root "ecs" is not in the path.
 */
static void note_task(struct bytes part, struct bytes *ret)
{
	static const char unit[] = "ecstasks-";
	struct bytes id = without_tail(part, ".slice");

	if (bytes_starts_with(id, unit))
		id = bytes_skip(id, sizeof(unit) - 1);
	*ret = is_task_id(id) ? id : BYTES_NONE;
}

/* Walks the components; a task's name is the component in front of its container's. */
static bool parse_path(struct bytes path, struct container_ids *ret)
{
	struct bytes task = BYTES_NONE;

	while (path.len) {
		struct bytes part = up_to(path, '/');

		path = bytes_skip(path, part.len + 1);
		if (put_container(part, ret)) {
			if (task.len)
				put(ret->task, task);
			return true;
		}
		note_task(part, &task);
	}
	return false;
}

/* "HIERARCHY:CONTROLLERS:PATH"; the path may itself hold colons. */
static struct bytes path_of(struct bytes line)
{
	for (int i = 0; i < 2; i++) {
		ptrdiff_t colon = bytes_index(line, ':');

		if (colon < 0)
			return BYTES_NONE;
		line = bytes_skip(line, (size_t)colon + 1);
	}
	return line;
}

bool cgroup_next_path(struct bytes *text, struct bytes *ret)
{
	struct bytes line = up_to(*text, '\n');

	if (!text->len)
		return false;
	*ret = path_of(line);
	*text = bytes_skip(*text, line.len + 1);
	return true;
}

int container_ids_parse(struct bytes text, struct container_ids *ret)
{
	struct bytes path;

	*ret = (struct container_ids){ 0 };
	while (cgroup_next_path(&text, &path))
		if (parse_path(path, ret))
			return 0;
	return -ENOENT;
}

bool container_id_matches(const char *id, struct bytes wanted)
{
	return wanted.len >= SHORT_ID_LEN && wanted.len <= strlen(id) &&
	       !strncasecmp(id, (const char *)wanted.at, wanted.len);
}
