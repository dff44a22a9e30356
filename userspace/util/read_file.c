// SPDX-License-Identifier: Apache-2.0
/* read_file.c - see read_file.h. */
#include "util/read_file.h"

#include "util/cleanup.h"

ssize_t read_file(const char *path, size_t max, char **ret)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *text = file ? malloc(max + 1) : NULL;
	size_t len;

	if (!file)
		return -errno;
	if (!text)
		return -ENOMEM;
	errno = 0;
	/* one byte more than may be there, for which the last place is as good as any */
	len = fread(text, 1, max + 1, file);
	if (ferror(file))
		return errno ? -errno : -EIO;
	if (len > max)
		return -EFBIG;
	text[len] = '\0';
	*ret = TAKE_PTR(text);
	return (ssize_t)len;
}
