/* SPDX-License-Identifier: Apache-2.0 */
/* health_command.c - see health.h: the side that asks. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli/health.h"
#include "cli/health_private.h"
#include "util/cleanup.h"

/* A loop turns at least four times a second; orchestrators give up after five seconds. */
#define PATIENCE_MS 3000

enum verdict { NOT_OURS, HEALTHY, UNHEALTHY };

static int connect_to(const char *name)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if (fd < 0)
		return -errno;
	if (len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path + 1, name, len);
	if (connect(fd, (void *)&address, offsetof(struct sockaddr_un, sun_path) + 1 + len) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* Anybody may have taken a name like ours: the kernel knows who it was. */
static bool is_tracer(int fd, int pid)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return false;
	return who.pid == pid && (who.uid == 0 || who.uid == geteuid());
}

static int receive(int fd, char answer[HEALTH_ANSWER_MAX])
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n = 0;

	if (poll(&ready, 1, PATIENCE_MS) > 0)
		n = recv(fd, answer, HEALTH_ANSWER_MAX - 1, 0);
	answer[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -ETIMEDOUT;
}

static enum verdict judge(int pid, char *word)
{
	char *text = strchr(word, '\n');

	if (!text)
		return NOT_OURS;
	*text++ = '\0';
	printf("bpfxray with PID %d is %s: %s\n", pid, word, text);
	return strcmp(word, HEALTH_GOOD) ? UNHEALTHY : HEALTHY;
}

static enum verdict ask(const char *name, int pid)
{
	_cleanup_close_ int fd = connect_to(name);
	char answer[HEALTH_ANSWER_MAX];

	if (fd == -EAGAIN) {
		printf("bpfxray with PID %d is unhealthy: it accepts no more questions\n", pid);
		return UNHEALTHY;
	}
	if (fd < 0 || !is_tracer(fd, pid))
		return NOT_OURS;
	if (receive(fd, answer) < 0) {
		printf("bpfxray with PID %d is unhealthy: no answer in %d s\n", pid,
		       PATIENCE_MS / 1000);
		return UNHEALTHY;
	}
	return judge(pid, answer);
}

/*
 * A unit of a service manager often has mounts of its own, over the root of the host; a container
 * has another root. The process must be the one that the name tells of, which it is not where that
 * counts in another PID namespace.
 */
static bool same_root(int pid, uint64_t mounts)
{
	char path[64];
	struct stat its, ours;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	if (stat(path, &its) < 0 || its.st_ino != mounts)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	return !stat(path, &its) && !stat("/", &ours) && its.st_dev == ours.st_dev &&
	       its.st_ino == ours.st_ino;
}

/* The name in a line of /proc/net/unix when it is one of this container's and listens, or NULL. */
static const char *listening_name(char *line, int *ret_pid)
{
	unsigned int flags;
	uint64_t mounts;
	char *name = strstr(line, " @" HEALTH_NAME);

	/* the fields are: address, references, protocol, flags (0x10000: it listens) */
	if (!name || sscanf(line, "%*x: %*x %*x %x", &flags) != 1 || !(flags & 0x10000))
		return NULL;
	name += 2;
	name[strcspn(name, "\n")] = '\0';
	if (sscanf(name, HEALTH_NAME "%d-%" SCNu64 "-", ret_pid, &mounts) != 2)
		return NULL;
	if (mounts != health_mount_namespace() && !same_root(*ret_pid, mounts))
		return NULL;
	return name;
}

enum exit_code health_run(void)
{
	_cleanup_fclose_ FILE *list = fopen("/proc/net/unix", "re");
	unsigned int count[] = { [NOT_OURS] = 0, [HEALTHY] = 0, [UNHEALTHY] = 0 };
	char line[512];
	int pid;

	while (list && fgets(line, sizeof(line), list)) {
		const char *name = listening_name(line, &pid);

		if (name)
			count[ask(name, pid)]++;
	}
	if (!count[HEALTHY] && !count[UNHEALTHY])
		printf("no bpfxray trace is running here\n");
	return count[HEALTHY] && !count[UNHEALTHY] ? EXIT_OK : EXIT_INTERNAL;
}
