// SPDX-License-Identifier: Apache-2.0
/* http_client.c - see http_client.h. */
#include "emit/http_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"

/* To one address; then the next is tried. */
#define CONNECT_TIMEOUT_MS 1500
/* Bytes that one step reads at most. */
#define STEP_MAX     65536
#define BUFFER_FIRST 4096
/* Head and body together. */
#define BUFFER_MAX (HTTP_CLIENT_REPLY_MAX + HTTP_REPLY_HEAD_MAX)

enum client_state { IDLE, CONNECTING, SENDING, RECEIVING };

struct http_client {
	struct host_port name;
	struct endpoint_set to;
	size_t address; /* of those in @to, the one in use */
	int fd;
	enum client_state state;
	uint64_t deadline_ms, connect_deadline_ms;
	char *request;
	size_t request_len, sent;
	int connect_error; /* of the address tried last */
	uint8_t *buffer;
	size_t buffer_len, buffer_cap;
};

int http_client_new(const struct host_port *name, struct http_client **ret)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	client->name = *name;
	client->fd = -1;
	*ret = client;
	return 0;
}

static void hang_up(struct http_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->state = IDLE;
	free(client->request);
	client->request = NULL;
}

void http_client_rename(struct http_client *client, const struct host_port *name)
{
	client->name = *name;
}

struct http_client *http_client_free(struct http_client *client)
{
	if (client) {
		hang_up(client);
		free(client->buffer);
	}
	free(client);
	return NULL;
}

/* To the current address, or the first behind it that takes a connect at all. */
static int begin_connect(struct http_client *client, uint64_t now_ms)
{
	for (; client->address < client->to.count; client->address++) {
		const struct endpoint *to = &client->to.at[client->address];
		_cleanup_close_ int fd = socket(to->address.ss_family,
						SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd >= 0 && (!connect(fd, (const struct sockaddr *)&to->address, to->len) ||
				errno == EINPROGRESS)) {
			client->fd = TAKE_FD(fd);
			client->state = CONNECTING;
			client->connect_deadline_ms = now_ms + CONNECT_TIMEOUT_MS;
			return 0;
		}
		client->connect_error = -errno;
	}
	return client->connect_error;
}

/* This address failed by @err: the next one, or the error when there is none. */
static int next_address(struct http_client *client, uint64_t now_ms, int err)
{
	close(client->fd);
	client->fd = -1;
	client->address++;
	client->connect_error = err;
	return begin_connect(client, now_ms);
}

int http_client_ask(struct http_client *client, const struct endpoint_set *to,
		    const struct http_question *question, uint64_t now_ms)
{
	bool v6 = strchr(client->name.host, ':');
	int len;

	if (client->state != IDLE)
		return -EBUSY;
	len = asprintf(&client->request,
		       "%s %s HTTP/1.1\r\nHost: %s%s%s:%s\r\n%s"
		       "Accept-Encoding: identity\r\nConnection: close\r\nContent-Length: %zu\r\n"
		       "\r\n%s",
		       question->method, question->path, v6 ? "[" : "", client->name.host,
		       v6 ? "]" : "", client->name.port, question->fields, strlen(question->body),
		       question->body);
	if (len < 0) {
		client->request = NULL;
		return -ENOMEM;
	}
	client->to = *to;
	client->request_len = (size_t)len;
	client->sent = client->buffer_len = client->address = 0;
	client->deadline_ms = now_ms + HTTP_CLIENT_TIMEOUT_MS;
	client->connect_error = -EHOSTUNREACH;
	/* an error at once is told by the next step, as every other */
	client->state = CONNECTING;
	(void)begin_connect(client, now_ms);
	return 0;
}

/* 1: connected, 0: not yet. */
static int connecting(struct http_client *client, uint64_t now_ms)
{
	struct pollfd at = { .fd = client->fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0;

	if (client->fd < 0)
		return client->connect_error;
	if (poll(&at, 1, 0) <= 0)
		return now_ms < client->connect_deadline_ms
			       ? 0
			       : next_address(client, now_ms, -ETIMEDOUT);
	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err)
		return next_address(client, now_ms, -err);
	client->state = SENDING;
	return 1;
}

static bool would_wait(int err)
{
	return err == EAGAIN || err == EINTR;
}

static int sending(struct http_client *client)
{
	ssize_t n = send(client->fd, client->request + client->sent,
			 client->request_len - client->sent, MSG_NOSIGNAL);

	if (n < 0)
		return would_wait(errno) ? 0 : -errno;
	client->sent += (size_t)n;
	if (client->sent < client->request_len)
		return 0;
	client->state = RECEIVING;
	return 1;
}

static int make_room(struct http_client *client)
{
	size_t cap = client->buffer_cap ? client->buffer_cap * 2 : BUFFER_FIRST;
	void *grown;

	if (client->buffer_len < client->buffer_cap)
		return 0;
	if (client->buffer_cap == BUFFER_MAX)
		return -EMSGSIZE;
	if (cap > BUFFER_MAX)
		cap = BUFFER_MAX;
	grown = realloc(client->buffer, cap);
	if (!grown)
		return -ENOMEM;
	client->buffer = grown;
	client->buffer_cap = cap;
	return 0;
}

/* Reads once. 1: something came, 0: nothing there, and *@ended at the end of the connection. */
static int receive_some(struct http_client *client, bool *ended)
{
	int r = make_room(client);
	ssize_t n;

	if (r < 0)
		return r;
	n = recv(client->fd, client->buffer + client->buffer_len,
		 client->buffer_cap - client->buffer_len, 0);
	if (n < 0)
		return would_wait(errno) ? 0 : -errno;
	*ended = !n;
	client->buffer_len += (size_t)n;
	return n > 0;
}

static int receiving(struct http_client *client, struct http_reply *ret)
{
	size_t before = client->buffer_len;
	struct http_reply reply;
	bool ended = false;
	int r;

	do {
		r = receive_some(client, &ended);
	} while (r > 0 && client->buffer_len - before < STEP_MAX);
	if (r < 0)
		return r;
	r = http_reply_parse(client->buffer, client->buffer_len, ended, &reply);
	if (r > 0)
		*ret = reply;
	return r;
}

static int advance(struct http_client *client, uint64_t now_ms, struct http_reply *ret)
{
	int r = 1;

	if (client->state == CONNECTING)
		r = connecting(client, now_ms);
	if (r > 0 && client->state == SENDING)
		r = sending(client);
	if (r > 0 && client->state == RECEIVING)
		r = receiving(client, ret);
	return r;
}

int http_client_step(struct http_client *client, uint64_t now_ms, struct http_reply *ret)
{
	int r;

	if (client->state == IDLE)
		return 0;
	r = advance(client, now_ms, ret);
	if (!r && now_ms >= client->deadline_ms)
		r = -ETIMEDOUT;
	if (r)
		hang_up(client);
	return r;
}
