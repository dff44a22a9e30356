// SPDX-License-Identifier: Apache-2.0
/*
 * log_catch.c - see log_catch.h: a pipe in the place of standard error, so that libraries' lines
 * are caught as well. It is non-blocking; what a full one does not take is dropped.
 */
#include "cli/log_catch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

int log_catch_start(struct log_catch *log)
{
	_cleanup_close_ int from = -1, to = -1;
	int both[2];

	*log = (struct log_catch){ .saved = -1, .pipe = -1 };
	if (!isatty(STDERR_FILENO))
		return 0;
	if (pipe2(both, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	from = both[0];
	to = both[1];
	log->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (log->saved < 0)
		return -errno;
	if (dup2(to, STDERR_FILENO) < 0) {
		cleanup_close(&log->saved);
		log->saved = -1;
		return -errno;
	}
	log->pipe = TAKE_FD(from);
	return 0;
}

/* Takes in what has come; of more than fits the last part is kept. */
static void drain(struct log_catch *log)
{
	char part[LOG_CATCH_MAX];
	ssize_t n;

	while (log->saved >= 0 && (n = read(log->pipe, part, sizeof(part))) > 0) {
		size_t over = log->len + (size_t)n > LOG_CATCH_MAX
				      ? log->len + (size_t)n - LOG_CATCH_MAX
				      : 0;

		memmove(log->text, log->text + over, log->len - over);
		memcpy(log->text + log->len - over, part, (size_t)n);
		log->len += (size_t)n - over;
	}
	log->text[log->len] = '\0';
}

const char *log_catch_last(struct log_catch *log, char *ret, size_t cap)
{
	size_t end, start;

	drain(log);
	for (end = log->len; end && log->text[end - 1] != '\n'; end--)
		;
	end -= end > 0;
	for (start = end; start && log->text[start - 1] != '\n'; start--)
		;
	snprintf(ret, cap, "%.*s", (int)(end - start), log->text + start);
	return ret;
}

void log_catch_end(struct log_catch *log)
{
	if (log->saved < 0)
		return;
	drain(log);
	(void)dup2(log->saved, STDERR_FILENO);
	if (write(STDERR_FILENO, log->text, log->len) < 0) {
		/* nobody is left to be told */
	}
	close(log->saved);
	close(log->pipe);
	log->saved = log->pipe = -1;
}
