// SPDX-License-Identifier: Apache-2.0
/* test_http_get.c - questions by HTTP to a server that a child plays. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emit/http_get.h"
#include "util/cleanup.h"

#define PATH "/v1/tasks?dockerid=1"

/* A listening socket on loopback; *ret_port in host order. */
static int listen_somewhere(uint16_t *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	CHECK(!bind(fd, (struct sockaddr *)&at, len) && !listen(fd, 4) &&
	      !getsockname(fd, (struct sockaddr *)&at, &len));
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* Answers one question with the bytes of @answer, one at a time, and with its end. */
static pid_t serve_once(int listener, const char *answer)
{
	static const char wanted[] = "GET " PATH " HTTP/1.0\r\n";
	pid_t pid = fork();
	char question[512];
	int fd;

	if (pid)
		return pid;
	fd = accept(listener, NULL, NULL);
	if (read(fd, question, sizeof(question)) < (ssize_t)strlen(wanted) ||
	    strncmp(question, wanted, strlen(wanted)) != 0)
		_exit(1);
	for (; *answer; answer++)
		if (write(fd, answer, 1) != 1)
			_exit(2);
	_exit(0);
}

static int ask(uint16_t port, int cancel_fd, int timeout_ms, struct http_got *ret)
{
	const struct http_get get = { "127.0.0.1", port, PATH, timeout_ms, 4096, cancel_fd };

	return http_get(&get, ret);
}

TEST(http_get_answered)
{
	uint16_t port;
	_cleanup_close_ int listener = listen_somewhere(&port);
	pid_t child = serve_once(listener, "HTTP/1.0 200 OK\r\nX: y\r\n\r\n{\"a\":1}");
	struct http_got got;
	int status;

	if (CHECK_EQ(ask(port, -1, 10000, &got), 0)) {
		CHECK_EQ(got.reply.status, 200);
		CHECK_VIEW(got.reply.body, "{\"a\":1}");
		free(got.buffer);
	}
	waitpid(child, &status, 0);
	CHECK_EQ(status, 0);
}

TEST(http_get_not_http)
{
	uint16_t port;
	_cleanup_close_ int listener = listen_somewhere(&port);
	pid_t child = serve_once(listener, "SSH-2.0-x\r\n");
	struct http_got got;

	CHECK_EQ(ask(port, -1, 10000, &got), -EBADMSG);
	waitpid(child, NULL, 0);
}

TEST(http_get_too_long)
{
	static char answer[10000];
	uint16_t port;
	_cleanup_close_ int listener = listen_somewhere(&port);
	struct http_got got;
	pid_t child;

	memset(answer, 'x', sizeof(answer) - 1);
	memcpy(answer, "HTTP/1.0 200 OK\r\n\r\n", 19);
	child = serve_once(listener, answer);
	CHECK_EQ(ask(port, -1, 10000, &got), -EMSGSIZE);
	waitpid(child, NULL, 0);
}

/* Nobody accepts: the kernel completes the connection, and then there is silence. */
TEST(http_get_gives_up)
{
	uint16_t port;
	_cleanup_close_ int listener = listen_somewhere(&port);
	_cleanup_close_ int cancel = eventfd(1, EFD_CLOEXEC);
	struct http_got got;

	CHECK(listener >= 0);
	CHECK_EQ(ask(port, -1, 20, &got), -ETIMEDOUT);
	CHECK_EQ(ask(port, cancel, 60000, &got), -ECANCELED);
}

TEST(http_get_refused)
{
	uint16_t port;
	int listener = listen_somewhere(&port);
	struct http_got got;
	const struct http_get nowhere = { "localhost", port, PATH, 10, 4096, -1 };

	close(listener);
	CHECK_EQ(ask(port, -1, 10000, &got), -ECONNREFUSED);
	CHECK_EQ(http_get(&nowhere, &got), -EINVAL);
}
