// SPDX-License-Identifier: Apache-2.0
/* test_confine.c - what a confined process can no longer do, tried by a child. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/confine.h"

/* A bit for each that was not as it should be. */
static int try_all(void)
{
	char *const argv[] = { NULL };
	const struct timespec now = { 0 };
	int wrong = 0;

	wrong |= confine_process() ? 1 : 0;
	wrong |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
	wrong |= execve("/bin/true", argv, argv) < 0 && errno == EPERM ? 0 : 4;
	wrong |= kill(getppid(), 0) < 0 && errno == EPERM ? 0 : 8;
	wrong |= kill(getpid(), 0) ? 16 : 0;
	wrong |= mount("none", "/", NULL, MS_REMOUNT, NULL) < 0 && errno == EPERM ? 0 : 32;
	wrong |= clock_settime(CLOCK_REALTIME, &now) < 0 && errno == EPERM ? 0 : 64;
	wrong |= getppid() > 0 ? 0 : 128;
	return wrong;
}

TEST(confined_process_is_refused)
{
	pid_t child = fork();
	int status = 0;

	if (!child)
		_exit(try_all());
	if (!CHECK(child > 0) || !CHECK_EQ(waitpid(child, &status, 0), child))
		return;
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}
