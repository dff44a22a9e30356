// SPDX-License-Identifier: Apache-2.0
/*
 * process_tree.c - a root process with its descendants, from the parent of every process in /proc.
 */
#include <string.h>

#include "host/process.h"
#include "util/cleanup.h"

/* pid and ppid of everything that runs; -ESRCH entries never get in. */
struct family {
	struct kin {
		pid_t pid, ppid;
	} * at;
	size_t count, cap;
};

static void family_clear(struct family *family)
{
	free(family->at);
}

void pid_set_clear(struct pid_set *set)
{
	free(set->at);
	*set = (struct pid_set){ 0 };
}

bool pid_set_has(const struct pid_set *set, pid_t pid)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->at[i] == pid)
			return true;
	return false;
}

int pid_set_add(struct pid_set *set, pid_t pid)
{
	if (pid_set_has(set, pid))
		return 0;
	if (set->count == set->cap) {
		size_t cap = set->cap ? set->cap * 2 : 16;
		pid_t *more = reallocarray(set->at, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		set->at = more;
		set->cap = cap;
	}
	set->at[set->count++] = pid;
	return 1;
}

static int family_add(struct family *family, struct kin kin)
{
	if (family->count == family->cap) {
		size_t cap = family->cap ? family->cap * 2 : 256;
		struct kin *more = reallocarray(family->at, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		family->at = more;
		family->cap = cap;
	}
	family->at[family->count++] = kin;
	return 0;
}

static int family_read(struct family *family)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		pid_t pid = process_number(entry->d_name);
		struct process process;
		int r;

		if (!pid || process_read(pid, &process))
			continue; /* ended since readdir() */
		r = family_add(family, (struct kin){ process.pid, process.ppid });
		if (r)
			return r;
	}
	return 0;
}

/* The set grows while it is walked, so that children of children are reached in the same walk. */
static int add_children(struct pid_set *set, const struct family *family)
{
	int added = 0;

	for (size_t i = 0; i < set->count; i++) {
		for (size_t k = 0; k < family->count; k++) {
			int r;

			if (family->at[k].ppid != set->at[i])
				continue;
			r = pid_set_add(set, family->at[k].pid);
			if (r < 0)
				return r;
			added += r;
		}
	}
	return added;
}

int process_tree_grow(struct pid_set *set)
{
	_cleanup_(family_clear) struct family family = { 0 };
	int r = family_read(&family);

	return r ? r : add_children(set, &family);
}
