// SPDX-License-Identifier: Apache-2.0
/* choice.c - see choice.h. */
#include "host/choice.h"

#include <fnmatch.h>

/* What the ECS agent adds to a task by itself, such as the pause container of a network. */
#define INTERNAL "~internal~"

static bool named(const char *name, const char *wanted)
{
	return name[0] && !strcmp(name, wanted);
}

static enum chosen by_name(const struct choice *choice, const struct candidate *candidate)
{
	const struct ecs_task *task = candidate->task;
	const char *name;

	if (!candidate->ids.container[0])
		return CHOSEN_NO;
	if (choice->kind == CHOICE_CONTAINER &&
	    container_id_matches(candidate->ids.container, bytes_str(choice->value)))
		return CHOSEN_YES;
	if (!task)
		return CHOSEN_ASK;
	if (choice->kind == CHOICE_CONTAINER && named(task->docker_name, choice->value))
		return CHOSEN_YES;
	if (choice->kind == CHOICE_ECS_FAMILY &&
	    !strncmp(task->container_name, INTERNAL, strlen(INTERNAL)))
		return CHOSEN_NO;
	name = choice->kind == CHOICE_ECS_FAMILY ? task->family : task->container_name;
	return named(name, choice->value) ? CHOSEN_YES : CHOSEN_NO;
}

/* A pattern without a slash is one of base names. */
static bool exe_fits(const char *pattern, const char *exe)
{
	const char *base = exe ? strrchr(exe, '/') : NULL;

	if (!exe)
		return false;
	if (!strchr(pattern, '/') && base)
		exe = base + 1;
	return !fnmatch(pattern, exe, 0);
}

static bool listens(const struct candidate *candidate, uint16_t port)
{
	for (size_t i = 0; i < candidate->port_count; i++)
		if (candidate->ports[i] == port)
			return true;
	return false;
}

static enum chosen choose_one(const struct choice *choice, const struct candidate *candidate)
{
	bool fits;

	switch (choice->kind) {
	case CHOICE_CGROUP:
		fits = choice_cgroup_fits(choice->value, candidate->cgroup);
		break;
	case CHOICE_EXE:
		fits = exe_fits(choice->value, candidate->exe);
		break;
	case CHOICE_PORT:
		fits = listens(candidate, choice->port);
		break;
	default:
		return by_name(choice, candidate);
	}
	return fits ? CHOSEN_YES : CHOSEN_NO;
}

enum chosen choice_verdict(const struct choice *choices, size_t count,
			   const struct candidate *candidate)
{
	enum chosen found = CHOSEN_NO;

	for (size_t i = 0; i < count; i++) {
		enum chosen one = choose_one(&choices[i], candidate);

		if (one == CHOSEN_YES)
			return CHOSEN_YES;
		if (one == CHOSEN_ASK)
			found = CHOSEN_ASK;
	}
	return found;
}

static struct bytes without_slashes(struct bytes path)
{
	while (path.len && path.at[0] == '/')
		path = bytes_skip(path, 1);
	while (path.len && path.at[path.len - 1] == '/')
		path.len--;
	return path;
}

/* @path is @group, or a group below it. Neither begins with a slash. */
static bool is_below(struct bytes path, struct bytes group)
{
	return group.len && path.len >= group.len && !memcmp(path.at, group.at, group.len) &&
	       (path.len == group.len || path.at[group.len] == '/');
}

/* The part of a path behind the dots that lead out of a namespace; false: it has none. */
static bool skip_dots(struct bytes *path)
{
	bool any = false;

	while (bytes_starts_with(*path, "../")) {
		*path = bytes_skip(*path, 3);
		any = true;
	}
	return any;
}

static bool path_fits(struct bytes path, struct bytes group)
{
	ptrdiff_t slash;

	path = without_slashes(path);
	if (!skip_dots(&path))
		return is_below(path, group);
	/* any end of the group's path, of whole components */
	while (!is_below(path, group)) {
		slash = bytes_index(group, '/');
		if (slash < 0)
			return false;
		group = bytes_skip(group, (size_t)slash + 1);
	}
	return true;
}

bool choice_cgroup_fits(const char *path, struct bytes text)
{
	struct bytes group = without_slashes(bytes_str(path)), of_line;

	while (cgroup_next_path(&text, &of_line))
		if (path_fits(of_line, group))
			return true;
	return false;
}
