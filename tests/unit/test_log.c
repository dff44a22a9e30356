// SPDX-License-Identifier: Apache-2.0
/* test_log.c - what reaches stderr, at which level, and in which form. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/log.h"

/* Standard error goes into a pipe from begin() to end(). */
struct capture {
	int saved;
	int read_end;
};

static bool capture_begin(struct capture *c)
{
	int ends[2];

	if (!CHECK_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0))
		return false;
	c->saved = dup(STDERR_FILENO);
	c->read_end = ends[0];
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return true;
}

static size_t capture_end(struct capture *c, char *buf, size_t cap)
{
	ssize_t n;

	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	n = read(c->read_end, buf, cap);
	close(c->read_end);
	return n > 0 ? n : 0;
}

TEST(log_levels)
{
	struct capture c;
	char got[1024];
	size_t len;

	if (!capture_begin(&c))
		return;
	errno = EBADF;
	log_info("attached to %d", 7);
	log_debug("not shown");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shown");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("not shown");
	log_error("broken");
	log_set_level(LOG_LEVEL_INFO);
	CHECK_EQ(errno, EBADF);
	len = capture_end(&c, got, sizeof(got));
	CHECK_VIEW(bytes_of(got, len), "bpfxray: attached to 7\n"
				       "bpfxray: debug: shown\n"
				       "bpfxray: error: broken\n");
}

TEST(log_cuts_long_lines)
{
	struct capture c;
	char got[4096], text[3000];
	size_t len;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	if (!capture_begin(&c))
		return;
	log_info("%s", text);
	len = capture_end(&c, got, sizeof(got));
	CHECK_EQ(len, 1024);
	CHECK_EQ(got[len - 1], '\n');
}
