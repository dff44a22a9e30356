// SPDX-License-Identifier: Apache-2.0
/* test_resolver.c - names against a DNS server of the test's own, on a loopback port. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "emit/resolver.h"
#include "util/cleanup.h"

#define SECOND_NS  1000000000ULL
#define TYPE_A	   1
#define TYPE_CNAME 5
#define TYPE_AAAA  28
#define NXDOMAIN   3

struct server {
	int fd;
	char address[32]; /* for the resolver */
	const char *v4[4];
	const char *v6[4];
	uint32_t ttl;
	uint32_t alias_ttl; /* the name is an alias, with this TTL; 0: it is none */
	int rcode;
	bool silent;
	unsigned int questions;
};

static bool server_open(struct server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (server->fd < 0 || bind(server->fd, (void *)&address, len) < 0 ||
	    getsockname(server->fd, (void *)&address, &len) < 0)
		return false;
	snprintf(server->address, sizeof(server->address), "127.0.0.1:%u", ntohs(address.sin_port));
	return true;
}

/* A record of the name that stands at offset @owner of the message; class IN. */
static size_t put_record(uint8_t *at, size_t owner, int type, uint32_t ttl, const void *data,
			 size_t len)
{
	const uint8_t head[] = { 0xc0 | owner >> 8, owner,     0,	 type, 0, 1,
				 ttl >> 24,	    ttl >> 16, ttl >> 8, ttl,  0, len };

	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), data, len);
	return sizeof(head) + len;
}

static size_t put_address(uint8_t *at, size_t owner, int type, uint32_t ttl, const char *text)
{
	uint8_t address[16];

	inet_pton(type == TYPE_A ? AF_INET : AF_INET6, text, address);
	return put_record(at, owner, type, ttl, address, type == TYPE_A ? 4 : 16);
}

/* The answers to the question that ends at @end; returns where they end. */
static size_t put_answers(const struct server *server, uint8_t *message, size_t end, int type)
{
	static const uint8_t alias[] = { 4, 'r', 'e', 'a', 'l', 0 };
	const char *const *records = type == TYPE_A	 ? server->v4
				     : type == TYPE_AAAA ? server->v6
							 : NULL;
	size_t owner = 12, count = 0;

	if (server->alias_ttl && records && *records) {
		/* behind its owner's name, type, class, TTL and length */
		owner = end + 12;
		end += put_record(message + end, 12, TYPE_CNAME, server->alias_ttl, alias,
				  sizeof(alias));
		count++;
	}
	for (; records && *records; records++, count++)
		end += put_address(message + end, owner, type, server->ttl, *records);
	message[7] = count;
	return end;
}

/* Answers one question, if there is one. */
static void server_turn(struct server *server)
{
	uint8_t message[1024];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(server->fd, message, 512, MSG_DONTWAIT, (void *)&from, &from_len);
	size_t end = 12;
	int type;

	if (len < 17)
		return;
	server->questions++;
	if (server->silent)
		return;
	while (message[end])
		end += message[end] + 1;
	type = message[end + 2];
	end += 5;
	message[2] |= 0x84; /* an answer, authoritative */
	message[3] = 0x80 | server->rcode;
	memset(message + 6, 0, 6);
	if (!server->rcode)
		end = put_answers(server, message, end, type);
	sendto(server->fd, message, end, 0, (void *)&from, from_len);
}

/* Ticks at @now_ns until there is news, for two seconds of real time at most. */
static enum resolver_news wait_news(struct resolver *resolver, struct server *server,
				    uint64_t now_ns)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 2000; i++) {
		enum resolver_news news = resolver_tick(resolver, now_ns);

		if (news != RESOLVER_NOTHING)
			return news;
		server_turn(server);
		nanosleep(&moment, NULL);
	}
	return RESOLVER_NOTHING;
}

/* Ticks at @now_ns until the question under way has its answer, whatever it brings. */
static void settle(struct resolver *resolver, struct server *server, uint64_t now_ns)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 100; i++) {
		CHECK_EQ(resolver_tick(resolver, now_ns), RESOLVER_NOTHING);
		server_turn(server);
		nanosleep(&moment, NULL);
	}
}

static void check_set(const struct resolver *resolver, const char *expected)
{
	const struct endpoint_set *set = resolver_endpoints(resolver);
	char all[400] = "", one[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < set->count; i++) {
		endpoint_text(&set->at[i], one);
		strcat(all, one);
		strcat(all, " ");
	}
	CHECK_STR(all, expected);
}

static struct resolver *resolver_for(const char *host, const struct server *server)
{
	struct host_port name = { .port = "2000" };
	struct resolver *resolver = NULL;

	snprintf(name.host, sizeof(name.host), "%s", host);
	CHECK_EQ(resolver_new(&name, server ? server->address : NULL, &resolver), 0);
	return resolver;
}

TEST(resolver_knows_addresses_at_once)
{
	struct resolver *v4 = resolver_for("127.0.0.9", NULL), *v6 = resolver_for("::1", NULL);

	CHECK_EQ(resolver_tick(v4, 1), RESOLVER_CHANGED);
	CHECK_EQ(resolver_tick(v4, 2), RESOLVER_NOTHING);
	CHECK_EQ(resolver_tick(v4, 1000 * SECOND_NS), RESOLVER_NOTHING);
	check_set(v4, "127.0.0.9:2000 ");
	CHECK_EQ(resolver_tick(v6, 1), RESOLVER_CHANGED);
	check_set(v6, "[::1]:2000 ");
	CHECK_EQ(resolver_counters(v4)->questions, 0);
	resolver_free(v4);
	resolver_free(v6);
}

TEST(resolver_takes_all_ipv4_addresses_and_asks_by_ttl)
{
	struct server server = { .v4 = { "10.0.0.2", "10.0.0.1" }, .v6 = { "fd00::1" }, .ttl = 60 };
	struct resolver *resolver;

	if (!CHECK(server_open(&server)))
		return;
	resolver = resolver_for("xray.services.example", &server);
	CHECK_EQ(wait_news(resolver, &server, SECOND_NS), RESOLVER_CHANGED);
	check_set(resolver, "10.0.0.1:2000 10.0.0.2:2000 ");
	/* nothing before the TTL has passed; the same set in another order is no change */
	server.v4[0] = "10.0.0.1";
	server.v4[1] = "10.0.0.2";
	settle(resolver, &server, 60 * SECOND_NS);
	CHECK_EQ(resolver_counters(resolver)->questions, 1);
	settle(resolver, &server, 61 * SECOND_NS);
	CHECK_EQ(resolver_counters(resolver)->questions, 2);
	server.v4[1] = "10.0.0.3";
	CHECK_EQ(wait_news(resolver, &server, 122 * SECOND_NS), RESOLVER_CHANGED);
	check_set(resolver, "10.0.0.1:2000 10.0.0.3:2000 ");
	CHECK_EQ(resolver_counters(resolver)->changes, 2);
	resolver_free(resolver);
	close(server.fd);
}

TEST(resolver_takes_ipv6_where_there_is_nothing_else)
{
	struct server server = { .v6 = { "fd00::2", "fd00::1" }, .ttl = 5 };
	struct resolver *resolver;

	if (!CHECK(server_open(&server)))
		return;
	resolver = resolver_for("xray.example", &server);
	CHECK_EQ(wait_news(resolver, &server, SECOND_NS), RESOLVER_CHANGED);
	check_set(resolver, "[fd00::1]:2000 [fd00::2]:2000 ");
	resolver_free(resolver);
	close(server.fd);
}

/* A deployment may move the alias long before the address behind it is stale. */
TEST(resolver_asks_by_the_ttl_of_an_alias)
{
	struct server server = { .v4 = { "10.0.0.1" }, .ttl = 300, .alias_ttl = 10 };
	struct resolver *resolver;

	if (!CHECK(server_open(&server)))
		return;
	resolver = resolver_for("xray.example", &server);
	CHECK_EQ(wait_news(resolver, &server, SECOND_NS), RESOLVER_CHANGED);
	check_set(resolver, "10.0.0.1:2000 ");
	settle(resolver, &server, 10 * SECOND_NS);
	CHECK_EQ(resolver_counters(resolver)->questions, 1);
	server.v4[0] = "10.0.0.2";
	CHECK_EQ(wait_news(resolver, &server, 12 * SECOND_NS), RESOLVER_CHANGED);
	check_set(resolver, "10.0.0.2:2000 ");
	resolver_free(resolver);
	close(server.fd);
}

/* NXDOMAIN keeps the last good set; it is told once, and so is the return. */
TEST(resolver_keeps_the_last_good_set)
{
	struct server server = { .v4 = { "10.0.0.1" }, .ttl = 1 };
	struct resolver *resolver;

	if (!CHECK(server_open(&server)))
		return;
	resolver = resolver_for("xray.example", &server);
	CHECK_EQ(wait_news(resolver, &server, SECOND_NS), RESOLVER_CHANGED);
	server.rcode = NXDOMAIN;
	CHECK_EQ(wait_news(resolver, &server, 3 * SECOND_NS), RESOLVER_FAILED);
	check_set(resolver, "10.0.0.1:2000 ");
	CHECK(*resolver_error(resolver));
	settle(resolver, &server, 9 * SECOND_NS);
	CHECK_EQ(resolver_counters(resolver)->failures, 2);
	server.rcode = 0;
	CHECK_EQ(wait_news(resolver, &server, 15 * SECOND_NS), RESOLVER_BACK);
	check_set(resolver, "10.0.0.1:2000 ");
	resolver_free(resolver);
	close(server.fd);
}

/* A refusal asks at once, and less and less often while that changes nothing. */
TEST(resolver_hurries_after_a_refusal)
{
	struct server server = { .v4 = { "10.0.0.1" }, .ttl = 3600 };
	struct resolver *resolver;
	uint64_t asked;

	if (!CHECK(server_open(&server)))
		return;
	resolver = resolver_for("xray.example", &server);
	CHECK_EQ(wait_news(resolver, &server, SECOND_NS), RESOLVER_CHANGED);
	for (int s = 2; s < 30; s++) {
		resolver_hurry(resolver);
		settle(resolver, &server, s * SECOND_NS);
	}
	asked = resolver_counters(resolver)->questions;
	CHECK(asked >= 4 && asked <= 6);
	server.v4[0] = "10.0.0.2";
	resolver_hurry(resolver);
	CHECK_EQ(wait_news(resolver, &server, 70 * SECOND_NS), RESOLVER_CHANGED);
	check_set(resolver, "10.0.0.2:2000 ");
	resolver_free(resolver);
	close(server.fd);
}

/* What an outage at an address that stays has cost does not make the next one's question late. */
TEST(resolver_hurries_at_once_in_another_outage)
{
	struct server server = { .v4 = { "10.0.0.1" }, .ttl = 20 };
	struct resolver *resolver;

	if (!CHECK(server_open(&server)))
		return;
	resolver = resolver_for("xray.example", &server);
	CHECK_EQ(wait_news(resolver, &server, SECOND_NS), RESOLVER_CHANGED);
	for (int s = 2; s < 20; s++) {
		resolver_hurry(resolver);
		settle(resolver, &server, s * SECOND_NS);
	}
	settle(resolver, &server, 40 * SECOND_NS);
	settle(resolver, &server, 61 * SECOND_NS);
	server.v4[0] = "10.0.0.2";
	settle(resolver, &server, 63 * SECOND_NS);
	resolver_hurry(resolver);
	CHECK_EQ(wait_news(resolver, &server, 63 * SECOND_NS + 1), RESOLVER_CHANGED);
	check_set(resolver, "10.0.0.2:2000 ");
	resolver_free(resolver);
	close(server.fd);
}

/* A server that is silent holds nothing up; freeing in the middle of a question is safe. */
TEST(resolver_waits_for_nobody)
{
	struct server server = { .silent = true };
	struct resolver *resolver;

	if (!CHECK(server_open(&server)))
		return;
	resolver = resolver_for("xray.example", &server);
	settle(resolver, &server, SECOND_NS);
	CHECK(server.questions >= 1);
	CHECK_EQ(resolver_counters(resolver)->failures, 0);
	check_set(resolver, "");
	resolver_free(resolver);
	close(server.fd);
}
