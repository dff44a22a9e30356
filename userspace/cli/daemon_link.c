// SPDX-License-Identifier: Apache-2.0
/* daemon_link.c - see daemon_link.h. */
#include "cli/daemon_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"

/* A stop is prompt: what the socket does not take within this time is counted as unsent. */
#define FINISH_MS 1000

static enum exit_code parse_address(const struct options *options, struct daemon_address *ret)
{
	const char *text = options->daemon ?: getenv("AWS_XRAY_DAEMON_ADDRESS"), *why = NULL;

	if (!text || !*text)
		text = DAEMON_ADDRESS_DEFAULT;
	if (!daemon_address_parse(text, ret, &why))
		return EXIT_OK;
	log_error("daemon address `%s`: %s", text, why);
	return EXIT_ADDRESS;
}

static int open_resolvers(struct daemon_link *link)
{
	int r = resolver_new(&link->address.udp, NULL, &link->resolver);

	if (!r && strcmp(link->address.udp.host, link->address.tcp.host))
		r = resolver_new(&link->address.tcp, NULL, &link->tcp_resolver);
	return r;
}

static void close_resolvers(struct daemon_link *link)
{
	link->resolver = resolver_free(link->resolver);
	link->tcp_resolver = resolver_free(link->tcp_resolver);
}

static int open_parts(struct daemon_link *link, const struct options *options)
{
	const struct queue_limits limits = { options->queue_bytes, options->queue_documents };
	int r = udp_sender_new(limits, &link->udp);

	tcp_probe_init(&link->probe);
	return r ?: open_resolvers(link);
}

enum exit_code daemon_link_open(const struct options *options, struct daemon_link **ret)
{
	struct daemon_address address;
	enum exit_code code = parse_address(options, &address);
	struct daemon_link *link;

	if (code != EXIT_OK)
		return code;
	link = calloc(1, sizeof(*link));
	if (!link)
		return EXIT_INTERNAL;
	link->address = address;
	if (open_parts(link, options) < 0) {
		daemon_link_free(link);
		return EXIT_INTERNAL;
	}
	*ret = link;
	return EXIT_OK;
}

struct daemon_link *daemon_link_free(struct daemon_link *link)
{
	if (!link)
		return NULL;
	link->udp = udp_sender_free(link->udp);
	close_resolvers(link);
	tcp_probe_close(&link->probe);
	free(link);
	return NULL;
}

static void tell_endpoints(const struct daemon_link *link, const struct endpoint_set *set)
{
	char text[400] = "", one[ENDPOINT_TEXT_MAX];
	size_t used = 0;

	if (!resolver_counters(link->resolver)->questions)
		return; /* an IP address is no news */
	for (size_t i = 0; i < set->count && used < sizeof(text); i++) {
		endpoint_text(&set->at[i], one);
		used += snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "", one);
	}
	log_info("daemon `%s`: documents go to %s", link->address.udp.host, text);
}

static void resolve(struct daemon_link *link, uint64_t now_ns)
{
	const struct endpoint_set *set = resolver_endpoints(link->resolver);

	switch (resolver_tick(link->resolver, now_ns)) {
	case RESOLVER_CHANGED:
		udp_sender_set_endpoints(link->udp, set);
		tell_endpoints(link, set);
		break;
	case RESOLVER_FAILED:
		log_warn("daemon `%s`: the name cannot be resolved: %s; %s, and it is tried again",
			 link->address.udp.host, resolver_error(link->resolver),
			 set->count ? "the addresses known before are kept"
				    : "documents wait in the queue");
		break;
	case RESOLVER_BACK:
		log_info("daemon `%s`: the name resolves again", link->address.udp.host);
		break;
	case RESOLVER_NOTHING:
		break;
	}
}

/* Where the daemons listen on TCP. */
static void tcp_endpoints(struct daemon_link *link, uint64_t now_ns, struct endpoint_set *ret)
{
	if (link->tcp_resolver) {
		(void)resolver_tick(link->tcp_resolver, now_ns);
		*ret = *resolver_endpoints(link->tcp_resolver);
		return;
	}
	*ret = *resolver_endpoints(link->resolver);
	endpoint_set_port(ret, atoi(link->address.tcp.port));
}

/* Silence is said once, and that it is over. */
static void tell_silence(struct daemon_link *link)
{
	bool silent = link->probe.known && link->probe.endpoints.count &&
		      !tcp_probe_answers(&link->probe);

	if (silent && !link->silence_told)
		log_warn("daemon `%s`: nobody answers on TCP port %s: is the X-Ray daemon running?",
			 link->address.tcp.host, link->address.tcp.port);
	if (!silent && link->silence_told && link->probe.known)
		log_info("daemon `%s`: answers on TCP port %s", link->address.tcp.host,
			 link->address.tcp.port);
	if (link->probe.known)
		link->silence_told = silent;
}

void daemon_link_tick(struct daemon_link *link, uint64_t now_ns)
{
	struct endpoint_set tcp;

	resolve(link, now_ns);
	udp_sender_tick(link->udp, now_ns);
	if (udp_sender_take_refusal(link->udp))
		resolver_hurry(link->resolver);
	tcp_endpoints(link, now_ns, &tcp);
	tcp_probe_tick(&link->probe, &tcp, now_ns);
	tell_silence(link);
}

static bool same_place(const struct host_port *a, const struct host_port *b)
{
	return !strcmp(a->host, b->host) && !strcmp(a->port, b->port);
}

/* Until the new name resolves documents wait: they are not the old daemon's any more. */
static void move_to(struct daemon_link *link, struct daemon_link *next)
{
	static const struct endpoint_set nowhere;
	struct resolver *fresh = next->resolver;

	if (same_place(&link->address.udp, &next->address.udp)) {
		/* what it knows stays known */
		next->resolver = link->resolver;
		link->resolver = fresh;
	} else {
		udp_sender_set_endpoints(link->udp, &nowhere);
	}
	close_resolvers(link);
	link->address = next->address;
	link->resolver = next->resolver;
	link->tcp_resolver = next->tcp_resolver;
}

void daemon_link_reload(struct daemon_link *link, const struct options *options)
{
	const struct queue_limits limits = { options->queue_bytes, options->queue_documents };
	const struct daemon_address old = link->address;
	struct daemon_link next = { 0 };

	udp_sender_set_limits(link->udp, limits);
	if (parse_address(options, &next.address) != EXIT_OK ||
	    !memcmp(&next.address, &old, sizeof(old)))
		return;
	if (open_resolvers(&next) < 0) {
		close_resolvers(&next);
		return;
	}
	move_to(link, &next);
}

const struct endpoint_set *daemon_link_tcp(const struct daemon_link *link)
{
	return &link->probe.endpoints;
}

void daemon_link_finish(struct daemon_link *link)
{
	udp_sender_finish(link->udp, FINISH_MS);
}

void daemon_link_state(const struct daemon_link *link, char ret[DAEMON_STATE_MAX])
{
	size_t count = link->probe.endpoints.count;

	if (!resolver_endpoints(link->resolver)->count)
		snprintf(ret, DAEMON_STATE_MAX, "`%s` does not resolve", link->address.udp.host);
	else if (!link->probe.known)
		snprintf(ret, DAEMON_STATE_MAX, "not probed yet");
	else
		snprintf(ret, DAEMON_STATE_MAX, "%zu of %zu answer on TCP",
			 tcp_probe_answers(&link->probe), count);
}
