/* SPDX-License-Identifier: Apache-2.0 */
/* whole_file.h - a file that others read at any time: the old one or the new one, never a half. */
#ifndef BPFXRAY_CLI_WHOLE_FILE_H
#define BPFXRAY_CLI_WHOLE_FILE_H

/*
 * Writes @text and a newline to @path, by way of a new file beside it that takes its place (of what
 * a symbolic link leads to); into a device or a pipe. 0 or a negative errno; then the old one is as
 * it was. -ELOOP: in a sticky folder for all there is a link that is neither root's nor our own.
 */
int whole_file_write(const char *path, const char *text);

/* What to say of its error. */
const char *whole_file_why(int err);

#endif
