// SPDX-License-Identifier: Apache-2.0
/*
 * resolver.c - see resolver.h. Each question has a channel of its own, so that resolv.conf is read
 * anew and nothing of an old one stays.
 */
#include "emit/resolver.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define SECOND_NS 1000000000ULL
/* Where no TTL is known. */
#define REFRESH_S 30
/* A server's TTL is believed between these. */
#define TTL_MIN_S 1
#define TTL_MAX_S 3600
/* After a failure. */
#define RETRY_S 5
/* Each server is asked twice, so that a lost datagram costs two seconds. */
#define SERVER_TIMEOUT_MS 2000
#define SERVER_TRIES	  2
/* c-ares could tell of 16, but its macro for the last one shifts into the sign. */
#define SOCKETS_MAX (ARES_GETSOCK_MAXNUM - 1)
/* Questions in a hurry that change nothing come ever later, from the first second on. */
#define HURRY_MAX_S 32
/* A daemon that is away refuses every second or so: after so long without, it is another outage. */
#define CALM_S 10

struct resolver {
	struct host_port name;
	char *servers;
	bool fixed; /* an IP address */
	ares_channel channel;
	bool asking;
	bool answered; /* the callback was called */
	bool hurried;  /* the question under way was a hurried one */
	bool failing;
	int status;
	struct endpoint_set endpoints, found;
	bool fresh; /* the fixed set was not told yet */
	int ttl_s;
	uint64_t now_ns, next_ns, asked_ns;
	uint64_t hurry_gap_s, hurry_ns;
	struct resolver_counters counters;
};

DEFINE_CLEANUP(cleanup_addrinfo, struct addrinfo *, freeaddrinfo);

/* An IP address needs no question. */
static void take_literal(struct resolver *resolver)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_DGRAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	_cleanup_(cleanup_addrinfo) struct addrinfo *found = NULL;

	if (getaddrinfo(resolver->name.host, resolver->name.port, &hints, &found)) {
		found = NULL;
		return;
	}
	endpoint_set_add(&resolver->endpoints, found->ai_addr, found->ai_addrlen);
	resolver->fixed = true;
	resolver->fresh = true;
	resolver->counters.changes = 1;
}

int resolver_new(const struct host_port *name, const char *servers, struct resolver **ret)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return -ENOMEM;
	resolver->name = *name;
	resolver->hurry_gap_s = 1;
	resolver->servers = servers ? strdup(servers) : NULL;
	if ((servers && !resolver->servers) || ares_library_init(ARES_LIB_INIT_ALL)) {
		free(resolver->servers);
		free(resolver);
		return -ENOMEM;
	}
	take_literal(resolver);
	*ret = resolver;
	return 0;
}

static void end_question(struct resolver *resolver)
{
	if (resolver->asking)
		ares_destroy(resolver->channel);
	resolver->asking = false;
}

struct resolver *resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return NULL;
	end_question(resolver);
	ares_library_cleanup();
	free(resolver->servers);
	free(resolver);
	return NULL;
}

static bool has_family(const struct ares_addrinfo_node *nodes, int family)
{
	for (; nodes; nodes = nodes->ai_next)
		if (nodes->ai_family == family)
			return true;
	return false;
}

static void note_ttl(struct resolver *resolver, int ttl_s)
{
	if (ttl_s > 0 && (!resolver->ttl_s || ttl_s < resolver->ttl_s))
		resolver->ttl_s = ttl_s;
}

/* The addresses live no longer than the aliases that led to them. */
static void take_aliases(struct resolver *resolver, const struct ares_addrinfo_cname *cnames)
{
	for (; cnames; cnames = cnames->next)
		note_ttl(resolver, cnames->ttl);
}

static void take_nodes(struct resolver *resolver, const struct ares_addrinfo_node *nodes)
{
	int family = has_family(nodes, AF_INET) ? AF_INET : AF_INET6;

	for (; nodes; nodes = nodes->ai_next) {
		if (nodes->ai_family != family)
			continue;
		endpoint_set_add(&resolver->found, nodes->ai_addr, nodes->ai_addrlen);
		note_ttl(resolver, nodes->ai_ttl);
	}
}

static void on_answer(void *ctx, int status, int timeouts, struct ares_addrinfo *answer)
{
	struct resolver *resolver = ctx;

	(void)timeouts;
	resolver->status = status;
	resolver->answered = true;
	if (status == ARES_SUCCESS && answer) {
		take_nodes(resolver, answer->nodes);
		take_aliases(resolver, answer->cnames);
	}
	if (status == ARES_SUCCESS && !resolver->found.count)
		resolver->status = ARES_ENODATA;
	ares_freeaddrinfo(answer);
}

static void begin_question(struct resolver *resolver)
{
	struct ares_options options = { .timeout = SERVER_TIMEOUT_MS, .tries = SERVER_TRIES };
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
					     .ai_socktype = SOCK_DGRAM,
					     .ai_flags = ARES_AI_NOSORT | ARES_AI_NUMERICSERV };

	resolver->counters.questions++;
	resolver->asked_ns = resolver->now_ns;
	resolver->answered = false;
	resolver->found.count = 0;
	resolver->ttl_s = 0;
	resolver->status = ares_init_options(&resolver->channel, &options,
					     ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (resolver->status != ARES_SUCCESS) {
		resolver->answered = true;
		return;
	}
	resolver->asking = true;
	if (resolver->servers)
		ares_set_servers_ports_csv(resolver->channel, resolver->servers);
	ares_getaddrinfo(resolver->channel, resolver->name.host, resolver->name.port, &hints,
			 on_answer, resolver);
}

/* Gives c-ares what its sockets have, and the time. */
static void turn(struct resolver *resolver)
{
	ares_socket_t sockets[SOCKETS_MAX];
	unsigned int wanted = ares_getsock(resolver->channel, sockets, SOCKETS_MAX);

	for (int i = 0; i < SOCKETS_MAX && !resolver->answered; i++) {
		struct pollfd fd = { .fd = sockets[i] };

		fd.events = (ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0) |
			    (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0);
		if (fd.events && poll(&fd, 1, 0) > 0)
			ares_process_fd(resolver->channel,
					fd.revents & ~POLLOUT ? fd.fd : ARES_SOCKET_BAD,
					fd.revents & POLLOUT ? fd.fd : ARES_SOCKET_BAD);
	}
	if (!resolver->answered)
		ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static enum resolver_news failed(struct resolver *resolver)
{
	bool first = !resolver->failing;

	resolver->counters.failures++;
	resolver->failing = true;
	resolver->next_ns = resolver->now_ns + RETRY_S * SECOND_NS;
	return first ? RESOLVER_FAILED : RESOLVER_NOTHING;
}

static uint64_t lifetime_s(const struct resolver *resolver)
{
	if (!resolver->ttl_s)
		return REFRESH_S;
	return resolver->ttl_s < TTL_MIN_S   ? TTL_MIN_S
	       : resolver->ttl_s > TTL_MAX_S ? TTL_MAX_S
					     : resolver->ttl_s;
}

static enum resolver_news succeeded(struct resolver *resolver)
{
	bool changed = !endpoint_set_equal(&resolver->endpoints, &resolver->found);
	bool back = resolver->failing, hurried = resolver->hurried;

	resolver->failing = resolver->hurried = false;
	resolver->next_ns = resolver->now_ns + lifetime_s(resolver) * SECOND_NS;
	if (changed)
		resolver->hurry_gap_s = 1;
	else if (hurried && resolver->hurry_gap_s < HURRY_MAX_S)
		resolver->hurry_gap_s *= 2;
	if (!changed)
		return back ? RESOLVER_BACK : RESOLVER_NOTHING;
	resolver->endpoints = resolver->found;
	resolver->counters.changes++;
	return RESOLVER_CHANGED;
}

enum resolver_news resolver_tick(struct resolver *resolver, uint64_t now_ns)
{
	resolver->now_ns = now_ns;
	if (resolver->fixed) {
		bool fresh = resolver->fresh;

		resolver->fresh = false;
		return fresh ? RESOLVER_CHANGED : RESOLVER_NOTHING;
	}
	if (!resolver->asking) {
		if (now_ns < resolver->next_ns)
			return RESOLVER_NOTHING;
		begin_question(resolver);
	}
	if (!resolver->answered)
		turn(resolver);
	if (!resolver->answered)
		return RESOLVER_NOTHING;
	end_question(resolver);
	return resolver->status == ARES_SUCCESS ? succeeded(resolver) : failed(resolver);
}

void resolver_hurry(struct resolver *resolver)
{
	uint64_t at_ns;

	if (resolver->now_ns - resolver->hurry_ns > CALM_S * SECOND_NS)
		resolver->hurry_gap_s = 1;
	resolver->hurry_ns = resolver->now_ns;
	at_ns = resolver->asked_ns + resolver->hurry_gap_s * SECOND_NS;
	resolver->hurried = true;
	if (at_ns < resolver->next_ns)
		resolver->next_ns = at_ns;
}

const struct endpoint_set *resolver_endpoints(const struct resolver *resolver)
{
	return &resolver->endpoints;
}

const char *resolver_error(const struct resolver *resolver)
{
	return ares_strerror(resolver->status);
}

const struct resolver_counters *resolver_counters(const struct resolver *resolver)
{
	return &resolver->counters;
}
