// SPDX-License-Identifier: Apache-2.0
/*
 * small_server.c - an HTTP server in as little C as there can be, to be built with another C
 * library than the host's: one connection after the other, one answer each.
 *
 *	small_server PORT
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

int main(int argc, char **argv)
{
	int listener = argc == 2 ? listen_on(atoi(argv[1])) : -1;
	char head[4096];

	if (listener < 0)
		return 1;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return 1;
		if (read(fd, head, sizeof(head)) > 0 &&
		    write(fd, answer, strlen(answer)) != (ssize_t)strlen(answer))
			return 1;
		close(fd);
	}
}
