/* SPDX-License-Identifier: Apache-2.0 */
/* hosts_file.c - see hosts_file.h. */
#include "cli/hosts_file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

#define PERIOD_NS 10000000000ULL
/* Lines behind it are not looked at: a file of that size lists the blocked, not the databases. */
#define FILE_MAX (256 * 1024)

static bool is_known(const struct hosts_file *file, const struct stat *st)
{
	return file->inode == st->st_ino && file->device == st->st_dev &&
	       file->size == st->st_size &&
	       file->changed_ns == st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
}

static void note(struct hosts_file *file, const struct stat *st)
{
	file->inode = st->st_ino;
	file->device = st->st_dev;
	file->size = st->st_size;
	file->changed_ns = st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
}

static void hand_on(int fd, pid_t root, struct trace *trace)
{
	_cleanup_free_ char *text = malloc(FILE_MAX);
	ssize_t len = text ? read(fd, text, FILE_MAX) : -1;

	if (len >= 0)
		trace_set_hosts(trace, (uint32_t)root, bytes_of(text, (size_t)len));
}

void hosts_file_read(struct hosts_file *file, int fd, pid_t root, struct trace *trace,
		     uint64_t now_ns)
{
	struct stat st;

	file->looked_ns = now_ns;
	if (fd < 0 || fstat(fd, &st) < 0 || is_known(file, &st))
		return;
	hand_on(fd, root, trace);
	note(file, &st);
}

bool hosts_file_is_due(const struct hosts_file *file, uint64_t now_ns)
{
	return now_ns - file->looked_ns >= PERIOD_NS;
}
