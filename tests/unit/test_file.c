// SPDX-License-Identifier: Apache-2.0
/* test_file.c - documents in real files, full disks included. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "emit/file.h"
#include "util/cleanup.h"

/* A new empty file, removed by the caller. */
static int temporary(char path[32])
{
	strcpy(path, "/tmp/bpfxray-unit-XXXXXX");
	return mkstemp(path);
}

static void check_content(int fd, const char *expected)
{
	char content[4096];
	ssize_t n = pread(fd, content, sizeof(content), 0);

	if (CHECK(n >= 0))
		CHECK_VIEW(bytes_of(content, n), expected);
}

TEST(file_appends_lines)
{
	char path[32];
	_cleanup_close_ int fd = temporary(path);
	struct file_writer *writer = NULL;

	for (int round = 0; round < 2; round++) {
		if (!CHECK_EQ(file_writer_open(path, &writer), 0))
			return;
		CHECK_EQ(file_writer_write(writer, "{\"id\":1}", 8), 0);
		CHECK_EQ(file_writer_write(writer, "{}", 2), 0);
		CHECK_EQ(file_writer_counters(writer)->written, 2);
		CHECK_EQ(file_writer_take_error(writer), 0);
		writer = file_writer_free(writer);
	}
	check_content(fd, "{\"id\":1}\n{}\n{\"id\":1}\n{}\n");
	unlink(path);
}

/* A file size limit cuts a write as a full disk does. */
TEST(file_short_write_is_taken_back)
{
	char path[32];
	_cleanup_close_ int fd = temporary(path);
	struct file_writer *writer = NULL;
	struct rlimit saved, limit;

	if (!CHECK_EQ(file_writer_open(path, &writer), 0))
		return;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &saved);
	limit = (struct rlimit){ 10, saved.rlim_max };
	CHECK_EQ(file_writer_write(writer, "{\"a\":1}", 7), 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK_EQ(file_writer_write(writer, "{\"b\":2}", 7), -ENOSPC);
	CHECK_EQ(file_writer_write(writer, "{\"b\":3}", 7), -ENOSPC);
	check_content(fd, "{\"a\":1}\n");
	setrlimit(RLIMIT_FSIZE, &saved);
	CHECK_EQ(file_writer_write(writer, "{\"c\":4}", 7), 0);
	check_content(fd, "{\"a\":1}\n{\"c\":4}\n");
	CHECK_EQ(file_writer_counters(writer)->written, 2);
	CHECK_EQ(file_writer_counters(writer)->failed, 2);
	CHECK_EQ(file_writer_take_error(writer), -ENOSPC); /* told once */
	CHECK_EQ(file_writer_take_error(writer), 0);
	file_writer_free(writer);
	unlink(path);
}

TEST(file_full_device)
{
	struct file_writer *writer = NULL;

	if (!CHECK_EQ(file_writer_open("/dev/full", &writer), 0))
		return;
	CHECK_EQ(file_writer_write(writer, "{}", 2), -ENOSPC);
	CHECK_EQ(file_writer_counters(writer)->failed, 1);
	CHECK_EQ(file_writer_take_error(writer), -ENOSPC);
	file_writer_free(writer);
}

TEST(file_that_cannot_be_opened)
{
	struct file_writer *writer = NULL;

	CHECK_EQ(file_writer_open("/nonexistent/file", &writer), -ENOENT);
	CHECK_EQ(file_writer_open("/tmp", &writer), -EISDIR);
	CHECK(!writer);
}

/* A writer on standard output while that is @fd. */
static struct file_writer *open_stdout_as(int fd)
{
	struct file_writer *writer = NULL;
	int saved;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	CHECK_EQ(file_writer_open("-", &writer), 0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	return writer;
}

static size_t drain(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	while (len < cap && (n = read(fd, buf + len, cap - len)) > 0)
		len += n;
	return len;
}

TEST(file_on_a_pipe_without_reader)
{
	struct file_writer *writer;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	if (!CHECK_EQ(pipe2(ends, O_CLOEXEC), 0))
		return;
	writer = open_stdout_as(ends[1]);
	close(ends[0]);
	close(ends[1]);
	if (!writer)
		return;
	CHECK_EQ(file_writer_write(writer, "{}", 2), -EPIPE);
	CHECK_EQ(file_writer_counters(writer)->failed, 1);
	file_writer_free(writer);
}

/* Whoever reads may stop reading: then lines are lost, and nobody waits for ever. */
TEST(file_on_a_pipe_that_nobody_empties)
{
	static char line[20000], got[200000];
	struct file_writer *writer;
	size_t written = 0;
	int ends[2], r = 0;

	if (!CHECK_EQ(pipe2(ends, O_CLOEXEC), 0))
		return;
	writer = open_stdout_as(ends[1]);
	CHECK(!(fcntl(ends[1], F_GETFL) & O_NONBLOCK));
	memset(line, 'x', sizeof(line));
	while (written < 100 && !(r = file_writer_write(writer, line, sizeof(line))))
		written++;
	CHECK_EQ(r, -EAGAIN);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(file_writer_write(writer, line, sizeof(line)), -EAGAIN);
	CHECK_EQ(file_writer_counters(writer)->failed, 1001);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	drain(ends[0], got, sizeof(got));
	CHECK_EQ(file_writer_write(writer, "{}", 2), 0);
	CHECK_EQ(file_writer_counters(writer)->written, written + 1);
	file_writer_free(writer);
	close(ends[0]);
	close(ends[1]);
}

/* The pipe fills up in the middle of a line: that line is lost, the one after it is whole again. */
TEST(file_on_a_full_pipe)
{
	static char line[20000], got[200000];
	struct file_writer *writer;
	size_t written = 0, len;
	int ends[2], r;

	if (!CHECK_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0))
		return;
	writer = open_stdout_as(ends[1]);
	memset(line, 'x', sizeof(line));
	while (written < 100 && !(r = file_writer_write(writer, line, sizeof(line))))
		written++;
	CHECK_EQ(r, -EAGAIN);
	CHECK(written > 0);
	len = drain(ends[0], got, sizeof(got));
	CHECK(len > written * (sizeof(line) + 1)); /* a part of the lost line */
	CHECK(got[len - 1] == 'x');
	CHECK_EQ(file_writer_write(writer, "{}", 2), 0);
	len = drain(ends[0], got, sizeof(got));
	CHECK_VIEW(bytes_of(got, len), "\n{}\n");
	CHECK_EQ(file_writer_counters(writer)->written, written + 1);
	CHECK_EQ(file_writer_counters(writer)->failed, 1);
	file_writer_free(writer);
	close(ends[0]);
	close(ends[1]);
}
