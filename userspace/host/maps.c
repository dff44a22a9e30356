// SPDX-License-Identifier: Apache-2.0
/* maps.c - see maps.h. */
#include "host/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "host/process.h"
#include "util/cleanup.h"

/* proc(5): address range, permissions, offset, device, inode, path. */
bool mapping_parse(char *line, struct mapping *ret)
{
	static const char deleted[] = " (deleted)";
	char *path = strchr(line, '/'), *mark;
	char permissions[5];

	if (!path ||
	    sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &ret->start, &ret->end, permissions) != 3 ||
	    permissions[2] != 'x')
		return false;
	path[strcspn(path, "\n")] = '\0';
	mark = strstr(path, deleted);
	if (mark && !mark[sizeof(deleted) - 1])
		*mark = '\0';
	ret->path = path;
	return true;
}

int process_mappings(pid_t pid, void (*each)(void *ctx, const struct mapping *mapping), void *ctx)
{
	_cleanup_fclose_ FILE *maps = NULL;
	_cleanup_free_ char *line = NULL;
	struct mapping mapping;
	size_t cap = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (!maps)
		return errno == ENOENT ? -ESRCH : -errno;
	while (getline(&line, &cap, maps) > 0)
		if (mapping_parse(line, &mapping))
			each(ctx, &mapping);
	return ferror(maps) ? -EIO : 0;
}

int mapping_open(pid_t pid, const struct mapping *mapping)
{
	_cleanup_close_ int fd = -1;
	struct stat status;
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid,
		 mapping->start, mapping->end);
	/* a device's or a pipe's open() may block or do something */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return process_open(pid, mapping->path);
	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) ? TAKE_FD(fd) : -EINVAL;
}
