// SPDX-License-Identifier: Apache-2.0
/*
 * names.c - see names.h: two tables that are searched from end to end. That is done once for each
 * connection to a database and each answer, of which a service has a handful.
 */
#include "trace/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/hosts.h"
#include "trace/address.h"
#include "util/array.h"

#define NS_PER_S 1000000000ULL
/* Who is answered with a TTL of 0 connects all the same. */
#define LEAST_TTL_S 5

struct answered {
	struct names_who who; /* as of the last time */
	uint64_t first_ns;    /* what connected between the two times was told of the first */
	uint64_t until_ns;
	uint8_t address[16];
	char name[DNS_NAME_CAP];
};

struct hosted {
	uint32_t tree;
	uint8_t address[16];
	char name[DNS_NAME_CAP]; /* empty: a free place */
};

struct names {
	struct answered answers[NAMES_MAX];
	size_t answer_count; /* places that were ever used */
	struct hosted hosts[NAMES_MAX];
	size_t host_next; /* where the next line goes */
};

int names_new(struct names **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct names *names_free(struct names *names)
{
	free(names);
	return NULL;
}

static bool same_address(const uint8_t a[16], const uint8_t b[16])
{
	return !memcmp(a, b, 16);
}

/*
 * The place of the same process's same answer, which stays known since its first time; else a free
 * one, or the oldest.
 */
static struct answered *place(struct names *names, struct answered *answer)
{
	struct answered *oldest = &names->answers[0];

	for (size_t i = 0; i < names->answer_count; i++) {
		struct answered *at = &names->answers[i];

		if (at->who.tgid == answer->who.tgid && at->who.tree == answer->who.tree &&
		    same_address(at->address, answer->address) && !strcmp(at->name, answer->name)) {
			answer->first_ns = at->first_ns;
			return at;
		}
		if (at->who.at_ns < oldest->who.at_ns)
			oldest = at;
	}
	if (names->answer_count < ARRAY_LEN(names->answers))
		return &names->answers[names->answer_count++];
	return oldest;
}

static void keep(struct names *names, const struct names_who *who, const char *name,
		 const struct dns_address *address)
{
	struct endpoint e = endpoint_of(address->v6 ? FAMILY_INET6 : FAMILY_INET, address->at, 0);
	uint32_t ttl_s = address->ttl_s > LEAST_TTL_S ? address->ttl_s : LEAST_TTL_S;
	struct answered answer = {
		.who = *who,
		.first_ns = who->at_ns,
		.until_ns = who->at_ns + ttl_s * NS_PER_S,
	};
	struct answered *at;

	memcpy(answer.address, e.addr, sizeof(answer.address));
	memcpy(answer.name, name, sizeof(answer.name));
	at = place(names, &answer);
	*at = answer;
}

bool names_learn(struct names *names, const struct names_who *who, struct bytes message)
{
	struct dns_answer answer;

	if (dns_parse_answer(message, &answer) < 0)
		return false;
	for (size_t i = 0; i < answer.count; i++)
		keep(names, who, answer.name, &answer.address[i]);
	return true;
}

void names_set_hosts(struct names *names, uint32_t tree, struct bytes text)
{
	struct hosts_line line;

	for (size_t i = 0; i < ARRAY_LEN(names->hosts); i++)
		if (names->hosts[i].tree == tree)
			names->hosts[i].name[0] = '\0';
	for (size_t n = 0; n < HOSTS_MAX && hosts_next(&text, &line); n++) {
		struct hosted *host = &names->hosts[names->host_next];

		host->tree = tree;
		memcpy(host->address, line.address, sizeof(host->address));
		memcpy(host->name, line.name, sizeof(host->name));
		names->host_next = (names->host_next + 1) % ARRAY_LEN(names->hosts);
	}
}

/* How good a witness @answer is of what @who has asked for; more is better. */
static unsigned int weight(const struct answered *answer, const struct names_who *who)
{
	return (answer->until_ns >= who->at_ns) << 2 | (answer->who.tgid == who->tgid) << 1 |
	       (answer->who.tid == who->tid);
}

static const char *find_answer(const struct names *names, const struct names_who *who,
			       const uint8_t address[16])
{
	const struct answered *best = NULL;

	for (size_t i = 0; i < names->answer_count; i++) {
		const struct answered *at = &names->answers[i];

		if (at->who.tree != who->tree || at->first_ns > who->at_ns ||
		    !same_address(at->address, address))
			continue;
		if (!best || weight(at, who) > weight(best, who) ||
		    (weight(at, who) == weight(best, who) && at->who.at_ns >= best->who.at_ns))
			best = at;
	}
	return best ? best->name : NULL;
}

static const char *find_host(const struct names *names, uint32_t tree, const uint8_t address[16])
{
	for (size_t i = 0; i < ARRAY_LEN(names->hosts); i++) {
		/* the file's first line counts: it is behind the place that is written next */
		const struct hosted *at =
			&names->hosts[(names->host_next + i) % ARRAY_LEN(names->hosts)];

		if (at->name[0] && at->tree == tree && same_address(at->address, address))
			return at->name;
	}
	return NULL;
}

const char *names_find(const struct names *names, const struct names_who *who,
		       const uint8_t address[16])
{
	return find_answer(names, who, address) ?: find_host(names, who->tree, address);
}
