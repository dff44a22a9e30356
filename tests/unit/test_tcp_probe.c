// SPDX-License-Identifier: Apache-2.0
/* test_tcp_probe.c - who answers on TCP: one that listens, one that refuses, one that is silent. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <time.h>

#include "emit/tcp_probe.h"
#include "util/cleanup.h"

#define SECOND_NS 1000000000ULL
/* Connections that wait beside those a listener has room for. */
#define CROWD 3

static int tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A bound loopback address, which @backlog connections may wait at; negative: nobody listens. */
static int open_end(int backlog, struct sockaddr_in *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = tcp_socket();

	*ret = (struct sockaddr_in){ .sin_family = AF_INET };
	ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(!bind(fd, (void *)ret, len) && !getsockname(fd, (void *)ret, &len));
	if (backlog >= 0)
		CHECK(!listen(fd, backlog));
	return fd;
}

static struct endpoint_set set_of(const struct sockaddr_in *addresses, size_t count)
{
	struct endpoint_set set = { 0 };

	for (size_t i = 0; i < count; i++)
		endpoint_set_add(&set, (const void *)&addresses[i], sizeof(addresses[i]));
	return set;
}

/* Ticks until the round is over; @now_ns is what the probe is told, real time what it takes. */
static void finish_round(struct tcp_probe *probe, const struct endpoint_set *set, uint64_t now_ns)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	tcp_probe_tick(probe, set, now_ns);
	for (int i = 0; i < 5000 && probe->under_way; i++) {
		nanosleep(&moment, NULL);
		tcp_probe_tick(probe, set, now_ns);
	}
}

TEST(tcp_probe_tells_who_answers)
{
	struct sockaddr_in addresses[2];
	_cleanup_close_ int listens = open_end(8, &addresses[0]);
	_cleanup_close_ int refuses = open_end(-1, &addresses[1]);
	struct endpoint_set set = set_of(addresses, 2);
	struct tcp_probe probe;

	tcp_probe_init(&probe);
	CHECK(!probe.known);
	finish_round(&probe, &set, SECOND_NS);
	CHECK(probe.known);
	CHECK_EQ(tcp_probe_answers(&probe), 1);
	/* the next round is ten seconds later */
	cleanup_close(&listens);
	listens = -1;
	finish_round(&probe, &set, 10 * SECOND_NS);
	CHECK_EQ(tcp_probe_answers(&probe), 1);
	finish_round(&probe, &set, 12 * SECOND_NS);
	CHECK_EQ(tcp_probe_answers(&probe), 0);
	tcp_probe_close(&probe);
	CHECK(refuses >= 0);
}

/* One that takes no connection any more is given two seconds. */
TEST(tcp_probe_does_not_wait_for_the_silent)
{
	struct sockaddr_in address;
	_cleanup_close_ int full = open_end(0, &address);
	struct endpoint_set set = set_of(&address, 1);
	int crowd[CROWD];
	struct tcp_probe probe;

	for (int i = 0; i < CROWD; i++) {
		crowd[i] = tcp_socket();
		(void)connect(crowd[i], (void *)&address, sizeof(address));
	}
	tcp_probe_init(&probe);
	tcp_probe_tick(&probe, &set, SECOND_NS);
	tcp_probe_tick(&probe, &set, 2 * SECOND_NS);
	CHECK(probe.under_way);
	tcp_probe_tick(&probe, &set, 4 * SECOND_NS);
	CHECK(probe.known && !probe.under_way);
	CHECK_EQ(tcp_probe_answers(&probe), 0);
	tcp_probe_close(&probe);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	CHECK(full >= 0);
}

TEST(tcp_probe_begins_anew_with_other_daemons)
{
	struct sockaddr_in addresses[2];
	_cleanup_close_ int first = open_end(8, &addresses[0]);
	_cleanup_close_ int second = open_end(-1, &addresses[1]);
	struct endpoint_set before = set_of(addresses, 1), after = set_of(addresses + 1, 1);
	struct tcp_probe probe;

	tcp_probe_init(&probe);
	finish_round(&probe, &before, SECOND_NS);
	CHECK_EQ(tcp_probe_answers(&probe), 1);
	tcp_probe_tick(&probe, &after, SECOND_NS + 1);
	CHECK(!probe.known);
	CHECK_EQ(tcp_probe_answers(&probe), 0);
	tcp_probe_close(&probe);
	CHECK(first >= 0 && second >= 0);
}
