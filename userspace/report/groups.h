/* SPDX-License-Identifier: Apache-2.0 */
/*
 * groups.h - traces that have something in common, and statements with the same text. Both are
 * lists of a key and what happened to it.
 */
#ifndef BPFXRAY_REPORT_GROUPS_H
#define BPFXRAY_REPORT_GROUPS_H

#include "report/tally.h"

/* The same statement more often than this in one request is suspected to be an N+1 query. */
#define REPEATED_MIN 10

enum group_key {
	GROUP_URL,
	GROUP_METHOD,
	GROUP_STATUS,
	GROUP_AGENT,
	GROUP_CLIENT,
	GROUP_KEY_COUNT
};

struct group {
	uint32_t key;	/* a text; of GROUP_STATUS the status */
	uint32_t where; /* of statements: the database's name, a text */
	struct tally tally;
	/* of statements */
	uint32_t most;	   /* in one request */
	uint32_t most_in;  /* index of that request's segment */
	uint32_t repeated; /* requests with more than REPEATED_MIN of it */
};

struct groups {
	struct group *items;
	size_t count, capacity;
	struct table by_key;
};

/* `url`, `method`, `status`, `user_agent`, `client`. */
const char *group_key_word(enum group_key key);

/* What @key is of a root segment. */
uint32_t group_key_of(enum group_key key, const struct span *root);

/*
 * Traces by their root segment's @key, the most frequent first. Returns 0 or -ENOMEM.
 */
int groups_build(struct groups *groups, const struct store *store, enum group_key key);

/* Statements by text and database, the one with the most time in all first. */
int statements_build(struct groups *groups, const struct store *store);

void groups_clear(struct groups *groups);

#endif
