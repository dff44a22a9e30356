/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_rules.h - the centralized sampling rules as last fetched, what is assigned to each (rate
 * and quota), and what is to be reported of each.
 */
#ifndef BPFXRAY_XRAY_SAMPLING_RULES_H
#define BPFXRAY_XRAY_SAMPLING_RULES_H

#include "xray/id.h"
#include "xray/sampling_draw.h"
#include "xray/sampling_request.h"

/* Bounds what a broken service could make us keep; an account has at most 25 rules by default. */
#define SAMPLING_RULES_MAX 1000
/* Seconds between two reports of a rule, until the service says otherwise. */
#define SAMPLING_INTERVAL_S 10

struct sampling_counts {
	uint64_t requests; /* that the rule matched */
	uint64_t sampled;
	uint64_t borrowed;
};

/* What a rule keeps when the rules are fetched anew; carried over by its name. */
struct sampling_rule_state {
	int64_t quota;			 /* requests a second; -1: none assigned yet */
	uint64_t quota_until_s;		 /* valid up to this second */
	uint64_t interval_s;		 /* between two reports */
	uint64_t report_due_ms;		 /* monotonic; 0: at once */
	struct sampling_counts counts;	 /* since the last report */
	struct sampling_counts reported; /* in the report on its way: comes back when that fails */
	struct sampling_reservoir taken;
	struct sampling_reservoir borrowed;
};

struct sampling_rule {
	char name[SAMPLING_RULE_NAME_CAP];
	char *service, *service_type, *host, *method, *path; /* patterns */
	uint64_t priority;
	uint64_t reservoir_size;
	double rate;
	struct sampling_rule_state state;
};

struct sampling_rules {
	struct sampling_rule *at;
	size_t count, cap;
};

/* A place for one more rule, all zero but for its state's defaults; NULL: no memory, or too many.
 */
struct sampling_rule *sampling_rules_append(struct sampling_rules *rules);
/* Takes the rule last appended away again. */
void sampling_rules_drop_last(struct sampling_rules *rules);
void sampling_rules_clear(struct sampling_rules *rules);

/*
 * Replaces @rules by @fetched (which is empty then), sorted by priority, then name; rules of a name
 * that is known keep their state.
 */
void sampling_rules_replace(struct sampling_rules *rules, struct sampling_rules *fetched);

struct sampling_rule *sampling_rules_find(const struct sampling_rules *rules, const char *name);

/* The first rule that takes @request, or NULL. The rule named Default takes every request. */
struct sampling_rule *sampling_rules_match(const struct sampling_rules *rules,
					   const struct sampling_request *request);

/* Decides for a request that @rule matches, and counts it. */
void sampling_rule_decide(struct sampling_rule *rule, const struct sampling_request *request,
			  const struct random_source *random, struct sampling_decision *ret);

#endif
