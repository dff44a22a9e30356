/* SPDX-License-Identifier: Apache-2.0 */
/* read_file.h - a whole file of bounded size, as one text. */
#ifndef BPFXRAY_UTIL_READ_FILE_H
#define BPFXRAY_UTIL_READ_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads the file at @path, of at most @max bytes. Returns its length and *ret, which is the
 * caller's to free and has a NUL byte behind it; or -EFBIG when it is longer, or another negative
 * errno, with *ret unchanged.
 */
ssize_t read_file(const char *path, size_t max, char **ret);

#endif
