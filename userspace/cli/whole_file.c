// SPDX-License-Identifier: Apache-2.0
/* whole_file.c - see whole_file.h. */
#include "cli/whole_file.h"

#include <errno.h>
#include <unistd.h>

#include "util/cleanup.h"

int whole_file_write(const char *path, const char *text)
{
	_cleanup_free_ char *next = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	int err;

	if (asprintf(&next, "%s.new", path) < 0)
		return -ENOMEM;
	file = fopen(next, "we");
	if (!file)
		return -errno;
	if (fprintf(file, "%s\n", text) > 0 && !fflush(file) && !rename(next, path))
		return 0;
	err = -errno;
	(void)unlink(next); /* half a file is no use to anybody */
	return err;
}
