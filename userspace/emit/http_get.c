// SPDX-License-Identifier: Apache-2.0
/* http_get.c - see http_get.h. */
#include "emit/http_get.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "util/cleanup.h"

#define REQUEST_MAX  2048
#define BUFFER_FIRST 8192

struct transfer {
	const struct http_get *get;
	int64_t deadline_ms;
	int fd;
	uint8_t *buffer;
	size_t len, cap;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* 0 when the socket is ready for @events. */
static int wait_for(const struct transfer *t, short events)
{
	struct pollfd fds[] = { { .fd = t->fd, .events = events },
				{ .fd = t->get->cancel_fd, .events = POLLIN } };
	int64_t left = t->deadline_ms - now_ms();
	int n = left > 0 ? poll(fds, 2, (int)left) : 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!n)
		return -ETIMEDOUT;
	return fds[1].revents ? -ECANCELED : 0;
}

static int open_connection(struct transfer *t)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(t->get->port) };
	int error = 0, r;
	socklen_t len = sizeof(error);

	if (inet_pton(AF_INET, t->get->ip, &to.sin_addr) != 1)
		return -EINVAL;
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd < 0)
		return -errno;
	if (!connect(t->fd, (struct sockaddr *)&to, sizeof(to)))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	r = wait_for(t, POLLOUT);
	if (r)
		return r;
	return getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len) ? -errno : -error;
}

/* HTTP/1.0: the answer ends with the connection, whatever its head says. */
static int send_request(struct transfer *t)
{
	char text[REQUEST_MAX];
	int len = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\nHost: %s:%u\r\n\r\n",
			   t->get->path, t->get->ip, t->get->port);
	ssize_t sent = 0;

	if (len >= (int)sizeof(text))
		return -EINVAL;
	while (sent < len) {
		ssize_t n = send(t->fd, text + sent, (size_t)(len - sent), MSG_NOSIGNAL);
		int r = n < 0 && errno == EAGAIN ? wait_for(t, POLLOUT) : 0;

		if (r || (n < 0 && errno != EAGAIN && errno != EINTR))
			return r ? r : -errno;
		sent += n > 0 ? n : 0;
	}
	return 0;
}

static int make_room(struct transfer *t)
{
	size_t cap = t->cap ? t->cap * 2 : BUFFER_FIRST;
	uint8_t *more;

	if (t->len < t->cap)
		return 0;
	if (t->len > t->get->reply_max)
		return -EMSGSIZE;
	more = realloc(t->buffer, cap);
	if (!more)
		return -ENOMEM;
	t->buffer = more;
	t->cap = cap;
	return 0;
}

/* 1 when the answer is whole, 0 when more is needed, or a negative errno. */
static int receive(struct transfer *t, struct http_reply *ret)
{
	int r = make_room(t);
	ssize_t n;

	if (r)
		return r;
	n = recv(t->fd, t->buffer + t->len, t->cap - t->len, 0);
	if (n < 0 && errno == EAGAIN)
		return wait_for(t, POLLIN);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	t->len += (size_t)n;
	return http_reply_parse(t->buffer, t->len, !n, ret);
}

static int transfer(struct transfer *t, struct http_reply *ret)
{
	int r = open_connection(t);

	if (!r)
		r = send_request(t);
	while (!r)
		r = receive(t, ret);
	if (r > 0 && t->len > t->get->reply_max)
		return -EMSGSIZE;
	return r < 0 ? r : 0;
}

int http_get(const struct http_get *get, struct http_got *ret)
{
	struct transfer t = { .get = get, .deadline_ms = now_ms() + get->timeout_ms, .fd = -1 };
	int r = transfer(&t, &ret->reply);

	if (t.fd >= 0)
		close(t.fd);
	if (r) {
		free(t.buffer);
		return r;
	}
	ret->buffer = t.buffer;
	return 0;
}
