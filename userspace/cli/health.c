/* SPDX-License-Identifier: Apache-2.0 */
/* health.c - see health.h: the side of the running trace. */
#include "cli/health.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli/health_private.h"
#include "util/cleanup.h"

/* Askers answered in one turn of the loop; the others wait for the next. */
#define ANSWERS_MAX 16

uint64_t health_mount_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/mnt", &st) < 0 ? 0 : st.st_ino;
}

int health_listen(void)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t random;
	int len;

	if (fd < 0)
		return -errno;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
		       HEALTH_NAME "%d-%" PRIu64 "-%016" PRIx64, (int)getpid(),
		       health_mount_namespace(), random);
	if (bind(fd, (void *)&address, offsetof(struct sockaddr_un, sun_path) + 1 + len) < 0 ||
	    listen(fd, ANSWERS_MAX) < 0)
		return -errno;
	return TAKE_FD(fd);
}

bool health_asked(int fd)
{
	struct pollfd asked = { .fd = fd, .events = POLLIN };

	return poll(&asked, 1, 0) > 0;
}

static size_t report_text(const struct health_report *report, char text[HEALTH_ANSWER_MAX])
{
	int len = snprintf(text, HEALTH_ANSWER_MAX,
			   "%s\n%s%s%" PRIu64 " processes, %" PRIu64 " requests, %" PRIu64
			   " documents sent, %" PRIu64 " lost; daemon %s",
			   report->why ? HEALTH_BAD : HEALTH_GOOD, report->why ? report->why : "",
			   report->why ? "; " : "", report->processes, report->requests,
			   report->sent, report->lost, report->daemon);

	return len < HEALTH_ANSWER_MAX ? len : HEALTH_ANSWER_MAX - 1;
}

void health_answer(int fd, const struct health_report *report)
{
	char text[HEALTH_ANSWER_MAX];

	for (int i = 0; i < ANSWERS_MAX; i++) {
		int asker = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (asker < 0)
			return;
		/* who went away, or has no room, asks again */
		(void)send(asker, text, report_text(report, text), MSG_NOSIGNAL);
		close(asker);
	}
}
