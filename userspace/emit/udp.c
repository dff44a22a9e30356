// SPDX-License-Identifier: Apache-2.0
/* udp.c - see udp.h. */
#include "emit/udp.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "emit/document.h"
#include "util/cleanup.h"

struct udp_sender {
	int fd;
	struct udp_counters counters;
};

DEFINE_CLEANUP(cleanup_addrinfo, struct addrinfo *, freeaddrinfo);

static int connect_to(const struct addrinfo *to)
{
	_cleanup_close_ int fd =
		socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int resolve(const struct host_port *to, struct addrinfo **ret, const char **ret_why)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
	int r = getaddrinfo(to->host, to->port, &hints, ret);

	if (!r)
		return 0;
	*ret = NULL;
	*ret_why = gai_strerror(r);
	return r == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH;
}

/* A socket to the first of @found that is (not) IPv4 and can be reached by a route. */
static int connect_first(const struct addrinfo *found, bool v4)
{
	int fd = -EHOSTUNREACH;

	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		if ((a->ai_family == AF_INET) == v4)
			fd = connect_to(a);
	}
	return fd;
}

int udp_sender_open(const struct host_port *to, struct udp_sender **ret, const char **ret_why)
{
	_cleanup_(cleanup_addrinfo) struct addrinfo *found = NULL;
	_cleanup_close_ int fd = -1;
	struct udp_sender *sender;
	int r = resolve(to, &found, ret_why);

	if (r < 0)
		return r;
	fd = connect_first(found, true);
	if (fd < 0)
		fd = connect_first(found, false);
	if (fd < 0) {
		*ret_why = strerror(-fd);
		return fd;
	}
	sender = calloc(1, sizeof(*sender));
	if (!sender) {
		*ret_why = strerror(ENOMEM);
		return -ENOMEM;
	}
	sender->fd = TAKE_FD(fd);
	*ret = sender;
	return 0;
}

struct udp_sender *udp_sender_free(struct udp_sender *sender)
{
	if (sender)
		close(sender->fd);
	free(sender);
	return NULL;
}

static int send_once(int fd, const char *json, size_t len)
{
	struct iovec parts[] = {
		{ (void *)DOCUMENT_HEADER, sizeof(DOCUMENT_HEADER) - 1 },
		{ (void *)json, len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The counter of a send that returned @error. */
static uint64_t *counter_of(struct udp_counters *counters, int error)
{
	switch (-error) {
	case 0:
		return &counters->sent;
	case EMSGSIZE:
		return &counters->too_large;
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return &counters->failed_full;
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		return &counters->failed_unreachable;
	default:
		return &counters->failed_other;
	}
}

int udp_sender_send(struct udp_sender *sender, const char *json, size_t len)
{
	int r = len > DOCUMENT_MAX ? -EMSGSIZE : send_once(sender->fd, json, len);

	if (r == -ECONNREFUSED) {
		sender->counters.refused++;
		r = send_once(sender->fd, json, len);
	}
	++*counter_of(&sender->counters, r);
	return r;
}

const struct udp_counters *udp_sender_counters(const struct udp_sender *sender)
{
	return &sender->counters;
}
