// SPDX-License-Identifier: Apache-2.0
/*
 * load.c - HTTP requests from one thread, for benchmarks: light enough that the server, and not
 * the load, is what is measured.
 *
 *	bench-load PORT PATH CONNECTIONS RATE MILLISECONDS [close]
 *
 * RATE 0 is a closed loop: each connection sends its next request when it has its answer. Else an
 * open one: RATE requests a second at times that do not depend on answers; a request's latency
 * counts from when it was due. Connections are used again unless the server closes them, or `close`
 * is given. Prints one JSON object; latencies are in microseconds.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What is asked for behind the end is waited for this long. */
#define DRAIN_NS 2000000000ULL
#define EVENTS	 64

struct connection {
	int fd;		 /* -1: not open */
	bool busy;	 /* a request is on its way */
	uint64_t due_ns; /* of that request */
	struct answer answer;
};

struct load {
	struct sockaddr_in address;
	char request[1024];
	size_t request_len;
	int epoll;
	struct connection *connections;
	int count, idle;
	bool close;	      /* no connection is used twice */
	uint64_t interval_ns; /* between two requests; 0: closed loop */
	uint64_t next_ns, end_ns;
	struct latencies latencies;
	uint64_t unsent, cut, failed, unanswered; /* errors, by what went wrong */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void hang_up(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* Loopback: connect() of a blocking socket returns at once, for the backlog is long enough. */
static int dial(struct load *load, struct connection *c)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -errno;
	if (connect(c->fd, (struct sockaddr *)&load->address, sizeof(load->address)) ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event)) {
		hang_up(c);
		return -EIO;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

static void ask(struct load *load, struct connection *c, uint64_t due_ns)
{
	c->due_ns = due_ns;
	c->answer = (struct answer){ 0 };
	for (int tries = 0; tries < 2; tries++) {
		if (c->fd < 0 && dial(load, c) < 0)
			break;
		if (send(c->fd, load->request, load->request_len, MSG_NOSIGNAL) > 0) {
			c->busy = true;
			load->idle--;
			return;
		}
		hang_up(c); /* the server has closed it meanwhile */
	}
	load->unsent++;
}

static void finish(struct load *load, struct connection *c, bool whole)
{
	bool ok = whole && c->answer.status < 500;

	if (ok)
		latencies_add(&load->latencies, now_ns() - c->due_ns);
	else if (whole)
		load->failed++;
	else
		load->cut++;
	if (!ok || load->close || c->answer.close)
		hang_up(c);
	c->busy = false;
	load->idle++;
}

static void readable(struct load *load, struct connection *c)
{
	char data[16384];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (!c->busy) {
		hang_up(c);
		return;
	}
	if (n <= 0)
		finish(load, c, !n && answer_at_end(&c->answer));
	else if (answer_take(&c->answer, data, (size_t)n))
		finish(load, c, true);
}

static struct connection *free_connection(struct load *load)
{
	for (int i = 0; load->idle && i < load->count; i++)
		if (!load->connections[i].busy)
			return &load->connections[i];
	return NULL;
}

/* Sends what is due. */
static void send_due(struct load *load, uint64_t now)
{
	struct connection *c;

	if (!load->interval_ns) {
		while (now < load->end_ns && (c = free_connection(load)))
			ask(load, c, now_ns());
		return;
	}
	while (load->next_ns <= now && load->next_ns < load->end_ns) {
		c = free_connection(load);
		if (!c)
			return;
		ask(load, c, load->next_ns);
		load->next_ns += load->interval_ns;
	}
}

static void wait_for_events(struct load *load, uint64_t now)
{
	struct epoll_event events[EVENTS];
	uint64_t wait_ns = 5000000;
	struct timespec timeout;
	int n;

	if (load->interval_ns && load->idle && load->next_ns < load->end_ns)
		wait_ns = load->next_ns > now ? load->next_ns - now : 0;
	timeout = (struct timespec){ .tv_nsec = wait_ns < 5000000 ? (long)wait_ns : 5000000 };
	n = epoll_pwait2(load->epoll, events, EVENTS, &timeout, NULL);
	for (int i = 0; i < n; i++)
		readable(load, events[i].data.ptr);
}

static void run(struct load *load, uint64_t duration_ns)
{
	uint64_t now = now_ns();

	load->next_ns = now;
	load->end_ns = now + duration_ns;
	while (now < load->end_ns || (load->idle < load->count && now < load->end_ns + DRAIN_NS)) {
		send_due(load, now);
		wait_for_events(load, now);
		now = now_ns();
	}
	load->unanswered += (uint64_t)(load->count - load->idle);
}

static void print(struct load *load, double seconds)
{
	struct latencies *l = &load->latencies;

	latencies_sort(l);
	printf("{\"requests\": %zu, \"seconds\": %.6f, \"errors\": {"
	       "\"unsent\": %" PRIu64 ", \"cut\": %" PRIu64 ", \"status 5xx\": %" PRIu64
	       ", \"unanswered\": %" PRIu64 "}, ",
	       l->count, seconds, load->unsent, load->cut, load->failed, load->unanswered);
	printf("\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
	       latencies_at(l, 0.5), latencies_at(l, 0.9), latencies_at(l, 0.99),
	       latencies_at(l, 1));
}

int main(int argc, char **argv)
{
	struct load load = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
	double rate, milliseconds;
	uint64_t began;

	if (argc != 6 && argc != 7)
		return 2;
	load.address = (struct sockaddr_in){ .sin_family = AF_INET };
	load.address.sin_port = htons((uint16_t)atoi(argv[1]));
	load.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load.request_len = (size_t)snprintf(load.request, sizeof(load.request),
					    "GET %s HTTP/1.1\r\nHost: todo.example.com\r\n"
					    "User-Agent: bench\r\nAccept: */*\r\n%s\r\n",
					    argv[2], argc == 7 ? "Connection: close\r\n" : "");
	load.close = argc == 7;
	load.count = load.idle = atoi(argv[3]);
	rate = atof(argv[4]);
	load.interval_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
	milliseconds = atof(argv[5]);
	load.connections = calloc((size_t)load.count, sizeof(*load.connections));
	if (!load.connections || load.count < 1 || load.request_len >= sizeof(load.request))
		return 2;
	for (int i = 0; i < load.count; i++)
		load.connections[i].fd = -1;
	began = now_ns();
	run(&load, (uint64_t)(milliseconds * 1e6));
	print(&load, (double)(now_ns() - began) / 1e9);
	return 0;
}
