/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - documents as lines (JSON Lines), to a file or to standard output.
 *
 * A line is there whole or not at all: a write that a full disk cut short is taken back. A pipe or
 * a terminal that takes nothing holds up the caller for a second; from then on lines fail at once,
 * until there is room again. The process must ignore SIGPIPE, and SIGXFSZ if a file size limit may
 * be set; both then come back as ordinary errors.
 */
#ifndef BPFXRAY_EMIT_FILE_H
#define BPFXRAY_EMIT_FILE_H

#include <stddef.h>
#include <stdint.h>

struct file_counters {
	uint64_t written;
	uint64_t failed; /* documents that are not in the file */
};

struct file_writer;

/*
 * Opens @path for appending, created for its owner alone (documents hold SQL and URLs), or standard
 * output for "-". Returns 0 or a negative errno.
 */
int file_writer_open(const char *path, struct file_writer **ret);
/* The same for the open descriptor @fd, which it owns unless it fails. */
int file_writer_take(int fd, struct file_writer **ret);
struct file_writer *file_writer_free(struct file_writer *writer);

/* Appends one document and a newline. Returns 0 or a negative errno; both are counted. */
int file_writer_write(struct file_writer *writer, const char *json, size_t len);

/*
 * The first error since opening, as a negative errno, but only the first time it is asked for; else
 * 0.
 */
int file_writer_take_error(struct file_writer *writer);

const struct file_counters *file_writer_counters(const struct file_writer *writer);

#endif
