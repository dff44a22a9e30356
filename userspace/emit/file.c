// SPDX-License-Identifier: Apache-2.0
/*
 * file.c - see file.h. Only a regular file can take bytes back. On a pipe or a terminal a line that
 * was cut is written to its end; if its reader does not make room in time, the next line begins
 * with a newline, so that just the one line is broken, and counted as failed.
 */
#include "emit/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

#define PIPE_PATIENCE_MS 1000

struct file_writer {
	int fd;
	bool regular;
	bool torn;	 /* the last line has no end */
	bool stuck;	 /* it was waited for room in vain */
	int first_error; /* not asked for yet */
	bool error_taken;
	char *line; /* buffer: a line and its newlines go out by one write */
	size_t line_cap;
	struct file_counters counters;
};

/*
 * Opened anew, so that O_NONBLOCK is nobody else's who writes there. What cannot be (a socket, a
 * pipe that nobody reads) is shared as it is.
 */
static int open_stdout(void)
{
	struct stat st;
	int fd = -1;

	if (!fstat(STDOUT_FILENO, &st) && !S_ISREG(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : fd;
}

/* A named pipe is waited for until somebody reads it. */
static int open_path(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);

	/* nothing for a regular file */
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
	return fd;
}

static int open_output(const char *path)
{
	int fd = strcmp(path, "-") ? open_path(path) : open_stdout();

	return fd < 0 ? -errno : fd;
}

int file_writer_take(int fd, struct file_writer **ret)
{
	struct file_writer *writer;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return -ENOMEM;
	writer->fd = fd;
	writer->regular = S_ISREG(st.st_mode);
	*ret = writer;
	return 0;
}

int file_writer_open(const char *path, struct file_writer **ret)
{
	_cleanup_close_ int fd = open_output(path);
	int r = fd < 0 ? fd : file_writer_take(fd, ret);

	if (!r)
		(void)TAKE_FD(fd);
	return r;
}

struct file_writer *file_writer_free(struct file_writer *writer)
{
	if (!writer)
		return NULL;
	close(writer->fd);
	free(writer->line);
	free(writer);
	return NULL;
}

static int reserve(struct file_writer *writer, size_t cap)
{
	char *line;

	if (cap <= writer->line_cap)
		return 0;
	line = realloc(writer->line, cap);
	if (!line)
		return -ENOMEM;
	writer->line = line;
	writer->line_cap = cap;
	return 0;
}

/* One write(2), or its error; a short one that says nothing more is a full disk. */
static int write_regular(struct file_writer *writer, size_t len)
{
	off_t before = lseek(writer->fd, 0, SEEK_END);
	ssize_t n;
	int r;

	if (before < 0)
		return -errno;
	do {
		n = write(writer->fd, writer->line, len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	r = n < 0 ? -errno : -ENOSPC;
	if (n > 0 && ftruncate(writer->fd, before) < 0)
		writer->torn = true;
	return r;
}

static int wait_for_room(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	int r = poll(&room, 1, PIPE_PATIENCE_MS);

	if (r < 0 && errno != EINTR)
		return -errno;
	return r ? 0 : -EAGAIN;
}

/* When nothing moves, a line that has not begun is dropped at once; one that has is finished. */
static int write_stream(struct file_writer *writer, size_t len)
{
	size_t done = 0;
	int r = 0;

	while (done < len && !r) {
		ssize_t n = write(writer->fd, writer->line + done, len - done);

		if (n >= 0)
			done += n;
		else if (errno == EAGAIN && (done || !writer->stuck))
			r = wait_for_room(writer->fd);
		else if (errno != EINTR)
			r = -errno;
	}
	writer->stuck = r == -EAGAIN;
	if (r && done)
		writer->torn = true;
	return r;
}

static int write_line(struct file_writer *writer, const char *json, size_t len)
{
	size_t at = 0;
	int r = reserve(writer, len + 2);

	if (r < 0)
		return r;
	if (writer->torn)
		writer->line[at++] = '\n';
	memcpy(writer->line + at, json, len);
	writer->line[at + len] = '\n';
	len += at + 1;
	r = writer->regular ? write_regular(writer, len) : write_stream(writer, len);
	if (!r)
		writer->torn = false;
	return r;
}

int file_writer_write(struct file_writer *writer, const char *json, size_t len)
{
	int r = write_line(writer, json, len);

	if (!r) {
		writer->counters.written++;
		return 0;
	}
	writer->counters.failed++;
	if (!writer->first_error)
		writer->first_error = r;
	return r;
}

int file_writer_take_error(struct file_writer *writer)
{
	if (writer->error_taken || !writer->first_error)
		return 0;
	writer->error_taken = true;
	return writer->first_error;
}

const struct file_counters *file_writer_counters(const struct file_writer *writer)
{
	return &writer->counters;
}
