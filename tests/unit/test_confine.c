// SPDX-License-Identifier: Apache-2.0
/* test_confine.c - what a confined process can no longer do, tried by a child. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/confine.h"

/* A bit for each that was not as it should be. */
static int try_attacher(void)
{
	char *const argv[] = { NULL };
	const struct timespec now = { 0 };
	int wrong = 0;

	wrong |= confine_attacher() ? 1 : 0;
	wrong |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
	wrong |= execve("/bin/true", argv, argv) < 0 && errno == EPERM ? 0 : 4;
	wrong |= kill(getppid(), 0) < 0 && errno == EPERM ? 0 : 8;
	wrong |= kill(getpid(), 0) ? 16 : 0;
	wrong |= mount("none", "/", NULL, MS_REMOUNT, NULL) < 0 && errno == EPERM ? 0 : 32;
	wrong |= clock_settime(CLOCK_REALTIME, &now) < 0 && errno == EPERM ? 0 : 64;
	wrong |= getppid() > 0 ? 0 : 128;
	return wrong;
}

/* As /proc says it: capget() is not among the calls of a parser. */
static bool has_capabilities(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long set, sum = 0;
	char line[256];
	int found = 0;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "CapPrm: %llx", &set) == 1 ||
		    sscanf(line, "CapEff: %llx", &set) == 1) {
			sum |= set;
			found++;
		}
	if (status)
		fclose(status);
	return found != 2 || sum;
}

/* What a parser must not be able to do, and what it must. */
static int try_parser(void)
{
	char *const argv[] = { NULL };
	int wrong = 0, fd, pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || confine_parser())
		return 1;
	wrong |= has_capabilities() ? 2 : 0;
	wrong |= execve("/bin/true", argv, argv) < 0 && errno == ENOSYS ? 0 : 4;
	wrong |= kill(getppid(), 0) < 0 && errno == ENOSYS ? 0 : 8;
	wrong |= open("/dev/null", O_WRONLY) < 0 && errno == ENOSYS ? 0 : 16;
	wrong |= open("/dev/null", O_RDONLY | O_TRUNC) < 0 && errno == ENOSYS ? 0 : 32;
	fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	wrong |= fd >= 0 && !close(fd) ? 0 : 64;
	wrong |= write(pair[0], "", 1) == 1 && unlink("/nonexistent") < 0 && errno == ENOSYS ? 0
											     : 128;
	return wrong;
}

/* The exit code of a child that does @what, -1 when it did not end by itself. */
static int code_of(int (*what)(void))
{
	pid_t child = fork();
	int status = 0;

	if (!child)
		_exit(what());
	if (!CHECK(child > 0) || !CHECK_EQ(waitpid(child, &status, 0), child))
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(confined_attacher_is_refused)
{
	CHECK_EQ(code_of(try_attacher), 0);
}

TEST(confined_parser_is_refused_and_can_work)
{
	CHECK_EQ(code_of(try_parser), 0);
}
