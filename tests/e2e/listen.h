/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - what the small servers of the tests begin with. */
#ifndef BPFXRAY_TESTS_LISTEN_H
#define BPFXRAY_TESTS_LISTEN_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A TCP socket on loopback that takes connections at @port, or -1. */
static int listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16))
		return -1;
	return fd;
}

#endif
