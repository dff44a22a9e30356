// SPDX-License-Identifier: Apache-2.0
/*
 * census.c - see census.h. A process is told from an earlier one with its number by the inode of
 * its folder: the kernel makes a new one for each process. (It may also do so for the same process
 * when memory is short; then that process merely counts as new.)
 */
#include "host/census.h"

#include <sys/stat.h>

#include "host/process.h"
#include "util/cleanup.h"

void census_clear(struct census *census)
{
	free(census->at);
	*census = (struct census){ 0 };
}

static int add(struct census *census, size_t *cap, struct census_entry entry)
{
	if (census->count == *cap) {
		size_t more = *cap ? *cap * 2 : 256;
		struct census_entry *at = reallocarray(census->at, more, sizeof(*at));

		if (!at)
			return -ENOMEM;
		census->at = at;
		*cap = more;
	}
	census->at[census->count++] = entry;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	pid_t left = ((const struct census_entry *)a)->pid;
	pid_t right = ((const struct census_entry *)b)->pid;

	return (left > right) - (left < right);
}

static int read_list(struct census *census)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	const struct dirent *entry;
	size_t cap = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct census_entry one = { .pid = process_number(entry->d_name),
					    .ino = entry->d_ino,
					    .since = census->pass };

		if (one.pid && add(census, &cap, one))
			return -ENOMEM;
	}
	/* as the kernel gives them; nothing promises it */
	if (census->count)
		qsort(census->at, census->count, sizeof(*census->at), by_pid);
	return 0;
}

/* Both are sorted: one walk. */
static void carry_over(struct census *to, const struct census *from)
{
	size_t k = 0;

	for (size_t i = 0; i < to->count; i++) {
		while (k < from->count && from->at[k].pid < to->at[i].pid)
			k++;
		if (k < from->count && from->at[k].pid == to->at[i].pid &&
		    from->at[k].ino == to->at[i].ino)
			to->at[i] = from->at[k];
	}
}

int census_take(struct census *census)
{
	_cleanup_(census_clear) struct census next = { .pass = census->pass + 1 };
	struct census last = *census;
	int r = read_list(&next);

	if (r)
		return r;
	carry_over(&next, census);
	*census = next;
	next = last;
	return 0;
}

bool census_is_still(const struct census_entry *entry)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)entry->pid);
	return !stat(path, &st) && st.st_ino == entry->ino;
}
