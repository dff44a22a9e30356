// SPDX-License-Identifier: Apache-2.0
/* whole_file.c - see whole_file.h. */
#include "cli/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

/* A device or a pipe: what stands there is not a file that another one could take the place of. */
static int write_into(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	return dprintf(fd, "%s\n", text) < 0 ? -errno : 0;
}

/* In a folder for all, whatever another has put there under this name is not written through. */
static FILE *open_new(const char *path)
{
	int fd;
	FILE *file;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (!file)
		close(fd);
	return file;
}

static int replace(const char *path, const char *text)
{
	_cleanup_free_ char *next = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	int err;

	if (asprintf(&next, "%s.new", path) < 0)
		return -ENOMEM;
	file = open_new(next);
	if (!file)
		return -errno;
	if (fprintf(file, "%s\n", text) > 0 && !fflush(file) && !rename(next, path))
		return 0;
	err = -errno;
	(void)unlink(next); /* half a file is no use to anybody */
	return err;
}

int whole_file_write(const char *path, const char *text)
{
	_cleanup_free_ char *real = NULL;
	struct stat there;

	if (!stat(path, &there) && !S_ISREG(there.st_mode))
		return write_into(path, text);
	real = realpath(path, NULL);
	return replace(real ? real : path, text);
}
