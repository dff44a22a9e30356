// SPDX-License-Identifier: Apache-2.0
/* tcp_probe.c - see tcp_probe.h. */
#include "emit/tcp_probe.h"

#include <errno.h>
#include <poll.h>

#include "util/cleanup.h"

#define ROUND_NS    10000000000ULL
#define PATIENCE_NS 2000000000ULL

void tcp_probe_init(struct tcp_probe *probe)
{
	*probe = (struct tcp_probe){ 0 };
	for (size_t i = 0; i < ENDPOINTS_MAX; i++)
		probe->fds[i] = -1;
}

static void forget(struct tcp_probe *probe, size_t i)
{
	cleanup_close(&probe->fds[i]);
	probe->fds[i] = -1;
}

void tcp_probe_close(struct tcp_probe *probe)
{
	for (size_t i = 0; i < ENDPOINTS_MAX; i++)
		forget(probe, i);
}

static int begin_connect(const struct endpoint *to)
{
	_cleanup_close_ int fd =
		socket(to->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to->address, to->len) < 0 && errno != EINPROGRESS)
		return -errno;
	return TAKE_FD(fd);
}

static void begin_round(struct tcp_probe *probe, uint64_t now_ns)
{
	probe->next_ns = now_ns + ROUND_NS;
	probe->deadline_ns = now_ns + PATIENCE_NS;
	probe->under_way = true;
	for (size_t i = 0; i < probe->endpoints.count; i++) {
		probe->fds[i] = begin_connect(&probe->endpoints.at[i]);
		if (probe->fds[i] < 0)
			probe->answers[i] = false;
	}
}

/* True when there is a verdict on endpoint @i. */
static bool take_verdict(struct tcp_probe *probe, size_t i, bool late)
{
	struct pollfd fd = { .fd = probe->fds[i], .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (probe->fds[i] < 0)
		return true;
	if (poll(&fd, 1, 0) <= 0 && !late)
		return false;
	getsockopt(probe->fds[i], SOL_SOCKET, SO_ERROR, &error, &len);
	probe->answers[i] = fd.revents & POLLOUT && !error;
	forget(probe, i);
	return true;
}

static void go_on(struct tcp_probe *probe, uint64_t now_ns)
{
	bool open = false;

	for (size_t i = 0; i < probe->endpoints.count; i++)
		open |= !take_verdict(probe, i, now_ns >= probe->deadline_ns);
	if (open)
		return;
	probe->under_way = false;
	probe->known = true;
}

void tcp_probe_tick(struct tcp_probe *probe, const struct endpoint_set *endpoints, uint64_t now_ns)
{
	if (!endpoint_set_equal(&probe->endpoints, endpoints)) {
		tcp_probe_close(probe);
		tcp_probe_init(probe);
		probe->endpoints = *endpoints;
	}
	if (!probe->under_way && now_ns >= probe->next_ns)
		begin_round(probe, now_ns);
	else if (probe->under_way)
		go_on(probe, now_ns);
}

size_t tcp_probe_answers(const struct tcp_probe *probe)
{
	size_t n = 0;

	for (size_t i = 0; i < probe->endpoints.count; i++)
		n += probe->answers[i];
	return n;
}
