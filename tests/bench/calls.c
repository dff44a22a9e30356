// SPDX-License-Identifier: Apache-2.0
/*
 * calls.c - system calls in a loop, timed:
 *
 *	bench-calls getppid|zero
 *	bench-calls pingpong            a byte forth and back over loopback TCP
 *	bench-calls http CONNECTIONS FURTHER
 *	                                one request of a read and a write, and FURTHER writes
 *
 * Says `ready PID`, where PID is the process that may be traced: of `http` the server, which is a
 * child; of the others this one. Each line `N` on its input makes N operations, and is answered
 * with the nanoseconds that they took. CONNECTIONS connections take turns.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define REQUEST                                                                                    \
	"GET /todos?page=12 HTTP/1.1\r\nHost: todo.example.com\r\n"                                \
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\nAccept: application/json\r\n"        \
	"Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n"
/* a further write has this many bytes of body */
#define PIECE	   64
#define PIECES_MAX 64

struct bench {
	const char *mode;
	int connections, further;
	int *client; /* our ends of the connections */
	int zero;
	size_t response_len;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static size_t make_response(char *to, size_t room, int further)
{
	return (size_t)snprintf(to, room,
				"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				"Content-Length: %d\r\nX-Frame-Options: DENY\r\n\r\nhello",
				5 + further * PIECE);
}

static void write_all(int fd, const char *data, size_t len)
{
	if (write(fd, data, len) != (ssize_t)len)
		die("write");
}

/* The server's whole life: what is readable is a request, and gets the answer. */
static void serve(int listener, int connections, int further)
{
	char request[4096], response[512], piece[PIECE];
	size_t len = make_response(response, sizeof(response), further);
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	memset(piece, 'x', sizeof(piece));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < connections; i++) {
		int fd = accept(listener, NULL, NULL), one = 1;
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
	for (;;) {
		struct epoll_event event;

		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (read(event.data.fd, request, sizeof(request)) <= 0)
			_exit(0);
		write_all(event.data.fd, response, len);
		for (int i = 0; i < further; i++)
			write_all(event.data.fd, piece, sizeof(piece));
	}
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int listen_anywhere(struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*address);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)address, len) || listen(fd, 4096) ||
	    getsockname(fd, (struct sockaddr *)address, &len))
		die("listen");
	return fd;
}

/* Starts the server and connects. Returns its PID. */
static pid_t start_server(struct bench *bench)
{
	char response[512];
	struct sockaddr_in address;
	int listener = listen_anywhere(&address);
	pid_t pid = fork();

	if (!pid)
		serve(listener, bench->connections, bench->further);
	bench->response_len = make_response(response, sizeof(response), bench->further) +
			      (size_t)bench->further * PIECE;
	bench->client = calloc((size_t)bench->connections, sizeof(*bench->client));
	for (int i = 0; i < bench->connections; i++)
		bench->client[i] = connect_to(&address);
	close(listener);
	return pid;
}

/* Both ends of one connection are ours. */
static void start_pingpong(struct bench *bench)
{
	struct sockaddr_in address;
	int listener = listen_anywhere(&address), one = 1;

	bench->client = calloc(2, sizeof(*bench->client));
	bench->client[0] = connect_to(&address);
	bench->client[1] = accept(listener, NULL, NULL);
	setsockopt(bench->client[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void http(struct bench *bench, long i)
{
	char answer[8192];
	size_t got = 0;
	int fd = bench->client[i % bench->connections];

	write_all(fd, REQUEST, sizeof(REQUEST) - 1);
	while (got < bench->response_len) {
		ssize_t n = read(fd, answer, sizeof(answer));

		if (n <= 0)
			die("read");
		got += (size_t)n;
	}
}

static void pingpong(struct bench *bench)
{
	char byte = 'x';

	for (int i = 0; i < 2; i++) {
		write_all(bench->client[i], &byte, 1);
		if (read(bench->client[1 - i], &byte, 1) != 1)
			die("read");
	}
}

static void operate(struct bench *bench, long i)
{
	char byte;

	switch (bench->mode[0]) {
	case 'g':
		syscall(SYS_getppid);
		break;
	case 'z':
		if (read(bench->zero, &byte, 1) != 1)
			die("read");
		break;
	case 'p':
		pingpong(bench);
		break;
	default:
		http(bench, i);
	}
}

static void answer_orders(struct bench *bench)
{
	char line[32];
	long done = 0;

	while (fgets(line, sizeof(line), stdin)) {
		long n = atol(line);
		uint64_t began = now_ns();

		for (long i = 0; i < n; i++)
			operate(bench, done + i);
		done += n;
		printf("%llu\n", (unsigned long long)(now_ns() - began));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct bench bench = { .mode = argc > 1 ? argv[1] : "" };
	struct rlimit files = { 65536, 65536 };
	pid_t pid = getpid();

	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 4 && !strcmp(argv[1], "http")) {
		bench.connections = atoi(argv[2]);
		bench.further = atoi(argv[3]);
		if (bench.connections < 1 || bench.further < 0 || bench.further > PIECES_MAX)
			return 2;
		pid = start_server(&bench);
	} else if (argc == 2 && !strcmp(argv[1], "pingpong")) {
		start_pingpong(&bench);
	} else if (argc == 2 && (!strcmp(argv[1], "getppid") || !strcmp(argv[1], "zero"))) {
		bench.zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	} else {
		return 2;
	}
	printf("ready %d\n", pid);
	fflush(stdout);
	answer_orders(&bench);
	return 0;
}
