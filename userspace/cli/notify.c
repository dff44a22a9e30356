// SPDX-License-Identifier: Apache-2.0
/* notify.c - see notify.h, and sd_notify(3) for the protocol. */
#include "cli/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/cleanup.h"

/* An address in the abstract namespace is written with @ in the place of the NUL. */
static int address_of(const char *name, struct sockaddr_un *ret, socklen_t *ret_len)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len >= sizeof(ret->sun_path))
		return -EINVAL;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, name, len);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_len = offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/');
	return 0;
}

int notify(const char *format, ...)
{
	_cleanup_close_ int fd = -1;
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t address_len;
	char text[512];
	va_list args;
	int len, r;

	if (!name || !*name)
		return 0;
	r = address_of(name, &address, &address_len);
	if (r < 0)
		return r;
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || sendto(fd, text, len < (int)sizeof(text) ? len : (int)sizeof(text) - 1,
			     MSG_NOSIGNAL, (void *)&address, address_len) < 0)
		return -errno;
	return 0;
}

uint64_t notify_watchdog_ns(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!text || (pid && atoi(pid) != getpid()))
		return 0;
	return strtoull(text, NULL, 10) * 1000 / 2;
}
