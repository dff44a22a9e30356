// SPDX-License-Identifier: Apache-2.0
/* test_udp.c - documents to daemons on real sockets: absent, late, several, dying. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "emit/document.h"
#include "emit/udp.h"
#include "emit/udp_private.h"
#include "util/array.h"
#include "util/cleanup.h"

#define MS_NS	 1000000ULL
#define LATER(s) ((s)*1000 * MS_NS)

/* A receiver on @port (0: any) of the loopback interface, or -1; its address is added to @set. */
static int receiver_open(int family, uint16_t port, struct endpoint_set *set)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr *address = family == AF_INET6 ? (void *)&v6 : (void *)&v4;
	socklen_t len = family == AF_INET6 ? sizeof(v6) : sizeof(v4);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, address, len) < 0 || getsockname(fd, address, &len) < 0) {
		cleanup_close(&fd);
		return -1;
	}
	endpoint_set_add(set, address, len);
	return fd;
}

static uint16_t port_of(const struct endpoint *endpoint)
{
	return ntohs(((const struct sockaddr_in *)&endpoint->address)->sin_port);
}

static void check_datagram(int receiver, const char *expected)
{
	char datagram[4096];
	ssize_t n = recv(receiver, datagram, sizeof(datagram), MSG_DONTWAIT);

	if (CHECK(n >= 0))
		CHECK_VIEW(bytes_of(datagram, n), expected);
}

static unsigned int received(int receiver)
{
	unsigned int n = 0;
	char byte;

	while (recv(receiver, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) > 0)
		n++;
	return n;
}

static struct udp_sender *sender_to(const struct endpoint_set *set, struct queue_limits limits)
{
	struct udp_sender *sender = NULL;

	CHECK_EQ(udp_sender_new(limits, &sender), 0);
	udp_sender_set_endpoints(sender, set);
	return sender;
}

static void send_traces(struct udp_sender *sender, int first, int count)
{
	char json[64];

	for (int i = first; i < first + count; i++) {
		int len = snprintf(json, sizeof(json), "{\"trace_id\":\"1-%08x\"}", i);

		udp_sender_send(sender, json, len);
	}
}

static void check_sends(int family)
{
	struct endpoint_set set = { 0 };
	_cleanup_close_ int receiver = receiver_open(family, 0, &set);
	struct udp_sender *sender = sender_to(&set, (struct queue_limits){ 0 });

	if (!CHECK(receiver >= 0))
		return;
	udp_sender_send(sender, "{\"id\":1}", 8);
	CHECK_EQ(udp_sender_queued(sender), 1);
	udp_sender_tick(sender, LATER(1));
	check_datagram(receiver, "{\"format\":\"json\",\"version\":1}\n{\"id\":1}");
	CHECK_EQ(udp_sender_counters(sender)->sent, 1);
	udp_sender_free(sender);
}

TEST(udp_sends_over_ipv4)
{
	check_sends(AF_INET);
}

TEST(udp_sends_over_ipv6)
{
	struct endpoint_set set = { 0 };
	_cleanup_close_ int probe = receiver_open(AF_INET6, 0, &set);

	if (probe < 0)
		SKIP("no IPv6 on the loopback interface");
	check_sends(AF_INET6);
}

/* The largest document arrives whole, one byte more is counted and not sent. */
TEST(udp_limit_is_the_documents)
{
	struct endpoint_set set = { 0 };
	_cleanup_close_ int receiver = receiver_open(AF_INET, 0, &set);
	_cleanup_free_ char *json = malloc(DOCUMENT_MAX + 1), *got = malloc(70000);
	struct udp_sender *sender = sender_to(&set, (struct queue_limits){ 0 });

	if (!CHECK(json && got))
		return;
	memset(json, 'x', DOCUMENT_MAX + 1);
	udp_sender_send(sender, json, DOCUMENT_MAX + 1);
	udp_sender_send(sender, json, DOCUMENT_MAX);
	udp_sender_tick(sender, LATER(1));
	CHECK_EQ(recv(receiver, got, 70000, MSG_DONTWAIT), 65507);
	CHECK_EQ(udp_sender_counters(sender)->too_large, 1);
	CHECK_EQ(udp_sender_counters(sender)->sent, 1);
	udp_sender_free(sender);
}

/* Many at once come in order, in batches. */
TEST(udp_batches_keep_order)
{
	struct endpoint_set set = { 0 };
	_cleanup_close_ int receiver = receiver_open(AF_INET, 0, &set);
	struct udp_sender *sender = sender_to(&set, (struct queue_limits){ 0 });

	udp_sender_tick(sender, LATER(1));
	send_traces(sender, 0, 70);
	CHECK_EQ(udp_sender_queued(sender), 70 % 32);
	udp_sender_tick(sender, LATER(2));
	CHECK_EQ(udp_sender_queued(sender), 0);
	for (int i = 0; i < 70; i++) {
		char expected[128];

		snprintf(expected, sizeof(expected),
			 "{\"format\":\"json\",\"version\":1}\n{\"trace_id\":\"1-%08x\"}", i);
		check_datagram(receiver, expected);
	}
	udp_sender_free(sender);
}

/* A queue smaller than a batch, or than the burst's bytes, loses nothing of a daemon that is there.
 */
TEST(udp_small_queue_takes_a_burst)
{
	const struct queue_limits small[] = { { .documents = 5 }, { .bytes = 100 } };

	for (size_t i = 0; i < ARRAY_LEN(small); i++) {
		struct endpoint_set set = { 0 };
		_cleanup_close_ int receiver = receiver_open(AF_INET, 0, &set);
		struct udp_sender *sender = sender_to(&set, small[i]);

		udp_sender_tick(sender, LATER(1));
		send_traces(sender, 0, 70);
		udp_sender_tick(sender, LATER(2));
		CHECK_EQ(udp_sender_counters(sender)->dropped_full, 0);
		CHECK_EQ(udp_sender_counters(sender)->sent, 70);
		CHECK_EQ(received(receiver), 70);
		udp_sender_free(sender);
	}
}

/* Nobody listens: one document in a second is tried, and kept; who comes later gets all but two. */
TEST(udp_late_daemon_gets_the_queue)
{
	struct endpoint_set set = { 0 }, again = { 0 };
	int receiver = receiver_open(AF_INET, 0, &set);
	struct udp_sender *sender = sender_to(&set, (struct queue_limits){ 0 });
	const struct udp_counters *counters;

	cleanup_close(&receiver);
	for (int ms = 1; ms < 5000; ms += 50) {
		if (ms < 2500)
			send_traces(sender, ms, 1);
		udp_sender_tick(sender, ms * MS_NS);
	}
	counters = udp_sender_counters(sender);
	CHECK_EQ(counters->sent, 1); /* the first: nobody had refused yet */
	CHECK(counters->refused >= 4 && counters->refused <= 6);
	CHECK_EQ(udp_sender_queued(sender), 49);
	receiver = receiver_open(AF_INET, port_of(&set.at[0]), &again);
	udp_sender_tick(sender, LATER(7));
	CHECK_EQ(udp_sender_queued(sender), 49); /* one is on trial */
	udp_sender_tick(sender, LATER(7) + 60 * MS_NS);
	CHECK_EQ(udp_sender_queued(sender), 0);
	CHECK_EQ(udp_sender_counters(sender)->sent, 50);
	CHECK_EQ(received(receiver), 49);
	udp_sender_free(sender);
	cleanup_close(&receiver);
}

/* Without any address documents wait; too many push the oldest out; the end counts the rest. */
TEST(udp_without_daemon_balances)
{
	struct endpoint_set set = { 0 };
	struct udp_sender *sender = sender_to(&set, (struct queue_limits){ .documents = 10 });
	const struct udp_counters *counters;

	send_traces(sender, 0, 35);
	udp_sender_tick(sender, LATER(1));
	CHECK_EQ(udp_sender_queued(sender), 10);
	udp_sender_finish(sender, 1000);
	counters = udp_sender_counters(sender);
	CHECK_EQ(counters->dropped_full, 25);
	CHECK_EQ(counters->dropped_unsent, 10);
	CHECK_EQ(counters->sent, 0);
	udp_sender_free(sender);
}

TEST(udp_spreads_by_trace_and_moves_only_what_it_must)
{
	struct endpoint_set set = { 0 }, fewer = { 0 };
	int receivers[3], each[3], after;
	struct udp_sender *sender;

	for (int i = 0; i < 3; i++)
		receivers[i] = receiver_open(AF_INET, 0, &set);
	sender = sender_to(&set, (struct queue_limits){ 0 });
	udp_sender_tick(sender, LATER(1));
	for (int round = 0; round < 2; round++) {
		send_traces(sender, 0, 120);
		udp_sender_tick(sender, LATER(2));
		for (int i = 0; i < 3; i++) {
			int n = (int)received(receivers[i]);

			CHECK(n > 20 && (!round || n == each[i]));
			each[i] = n;
		}
	}
	for (size_t i = 0; i < set.count; i++)
		if (port_of(&set.at[i]) != port_of(&set.at[1]))
			endpoint_set_add(&fewer, (void *)&set.at[i].address, set.at[i].len);
	udp_sender_set_endpoints(sender, &fewer);
	send_traces(sender, 0, 120);
	udp_sender_tick(sender, LATER(3));
	after = 0;
	for (int i = 0; i < 3; i++) {
		int n = (int)received(receivers[i]);

		CHECK(!n || n >= each[i]);
		after += n;
		close(receivers[i]);
	}
	CHECK_EQ(after, 120);
	udp_sender_free(sender);
}

/* One of two daemons dies: its traces go to the other one. */
TEST(udp_dead_daemon_of_two)
{
	struct endpoint_set set = { 0 };
	int dies = receiver_open(AF_INET, 0, &set), lives = receiver_open(AF_INET, 0, &set);
	struct udp_sender *sender = sender_to(&set, (struct queue_limits){ 0 });

	udp_sender_tick(sender, LATER(1));
	send_traces(sender, 0, 100);
	udp_sender_tick(sender, LATER(1));
	CHECK_EQ(received(dies) + received(lives), 100);
	cleanup_close(&dies);
	send_traces(sender, 0, 100);
	udp_sender_tick(sender, LATER(1) + 1);
	CHECK(udp_sender_take_refusal(sender));
	CHECK(!udp_sender_take_refusal(sender));
	CHECK_EQ(udp_sender_counters(sender)->sent, 200);
	CHECK(received(lives) >= 98);
	udp_sender_free(sender);
	cleanup_close(&lives);
}

/* The seconds for which a daemon that was sent to is left alone after @error at second @now. */
static uint64_t left_alone(struct udp_daemon *daemon, int error, uint64_t now)
{
	daemon->state = DAEMON_UP;
	udp_daemon_down(daemon, error, LATER(now));
	CHECK_EQ(daemon->state, DAEMON_DOWN);
	return (daemon->retry_ns - LATER(now)) / LATER(1);
}

static uint64_t verdict_ms(struct udp_daemon *daemon, uint64_t now)
{
	udp_daemon_probed(daemon, 1, LATER(now));
	return (daemon->retry_ns - LATER(now)) / MS_NS;
}

/* A host that is gone is said to be only after three seconds: tries are long, and therefore few. */
TEST(udp_unreachable_host_is_left_alone)
{
	struct udp_daemon daemon = { .fd = -1 };

	CHECK_EQ(verdict_ms(&daemon, 99), 50);
	CHECK_EQ(left_alone(&daemon, -EHOSTUNREACH, 100), 1);
	CHECK_EQ(verdict_ms(&daemon, 101), 4000);
	udp_daemon_down(&daemon, -ECONNREFUSED, LATER(100));
	udp_daemon_down(&daemon, -EHOSTUNREACH, LATER(100)); /* of another document then */
	CHECK_EQ(daemon.retry_ns, LATER(101));
	CHECK_EQ(left_alone(&daemon, -ECONNREFUSED, 102), 1);
	CHECK_EQ(left_alone(&daemon, -EHOSTUNREACH, 104), 30);
	udp_daemon_down(&daemon, -EHOSTUNREACH, LATER(105));
	CHECK_EQ(daemon.retry_ns, LATER(134));
	CHECK_EQ(left_alone(&daemon, -ENETUNREACH, 137), 30);
	CHECK_EQ(verdict_ms(&daemon, 167), 4000);
	CHECK_EQ(left_alone(&daemon, 0, 170), 1);
	CHECK_EQ(verdict_ms(&daemon, 198), 50);
	CHECK_EQ(left_alone(&daemon, -EHOSTUNREACH, 200), 1);
}
