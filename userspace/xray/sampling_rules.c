// SPDX-License-Identifier: Apache-2.0
/* sampling_rules.c - see sampling_rules.h. */
#include "xray/sampling_rules.h"

#include <stdlib.h>
#include <string.h>

#include "xray/wildcard.h"

#define DEFAULT_RULE "Default"
#define CAP_FIRST    8

struct sampling_rule *sampling_rules_append(struct sampling_rules *rules)
{
	struct sampling_rule *rule;

	if (rules->count == SAMPLING_RULES_MAX)
		return NULL;
	if (rules->count == rules->cap) {
		size_t cap = rules->cap ? rules->cap * 2 : CAP_FIRST;
		void *grown = reallocarray(rules->at, cap, sizeof(*rules->at));

		if (!grown)
			return NULL;
		rules->at = grown;
		rules->cap = cap;
	}
	rule = &rules->at[rules->count++];
	*rule = (struct sampling_rule){
		.state = { .quota = -1, .interval_s = SAMPLING_INTERVAL_S },
	};
	return rule;
}

static void rule_clear(struct sampling_rule *rule)
{
	free(rule->service);
	free(rule->service_type);
	free(rule->host);
	free(rule->method);
	free(rule->path);
}

void sampling_rules_drop_last(struct sampling_rules *rules)
{
	rule_clear(&rules->at[--rules->count]);
}

void sampling_rules_clear(struct sampling_rules *rules)
{
	while (rules->count)
		sampling_rules_drop_last(rules);
	free(rules->at);
	*rules = (struct sampling_rules){ 0 };
}

static int by_priority(const void *left, const void *right)
{
	const struct sampling_rule *a = left, *b = right;

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return strcmp(a->name, b->name);
}

void sampling_rules_replace(struct sampling_rules *rules, struct sampling_rules *fetched)
{
	qsort(fetched->at, fetched->count, sizeof(*fetched->at), by_priority);
	for (size_t i = 0; i < fetched->count; i++) {
		const struct sampling_rule *old = sampling_rules_find(rules, fetched->at[i].name);

		if (old)
			fetched->at[i].state = old->state;
	}
	sampling_rules_clear(rules);
	*rules = *fetched;
	*fetched = (struct sampling_rules){ 0 };
}

struct sampling_rule *sampling_rules_find(const struct sampling_rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!strcmp(rules->at[i].name, name))
			return &rules->at[i];
	return NULL;
}

static bool matches(const char *pattern, struct bytes text)
{
	return !text.len || wildcard_match(bytes_str(pattern), text);
}

static bool rule_matches(const struct sampling_rule *rule, const struct sampling_request *request)
{
	if (!strcmp(rule->name, DEFAULT_RULE))
		return true;
	return matches(rule->host, request->host) && matches(rule->method, request->method) &&
	       matches(rule->path, request->path) && matches(rule->service, request->service) &&
	       matches(rule->service_type, request->service_type);
}

struct sampling_rule *sampling_rules_match(const struct sampling_rules *rules,
					   const struct sampling_request *request)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rule_matches(&rules->at[i], request))
			return &rules->at[i];
	return NULL;
}

/* True when the reservoir settled it; else chance is next. */
static bool by_reservoir(struct sampling_rule *rule, uint64_t second, struct sampling_decision *ret)
{
	struct sampling_rule_state *state = &rule->state;

	if (state->quota >= 0 && state->quota_until_s >= second) {
		if (!sampling_reservoir_take(&state->taken, second, (uint64_t)state->quota))
			return false;
		state->counts.sampled++;
		ret->why = SAMPLING_BY_RESERVOIR;
		return true;
	}
	if (!rule->reservoir_size || !sampling_reservoir_take(&state->borrowed, second, 1))
		return false;
	/* counted as borrowed alone, as the service expects it of every SDK */
	state->counts.borrowed++;
	ret->why = SAMPLING_BY_BORROWING;
	return true;
}

void sampling_rule_decide(struct sampling_rule *rule, const struct sampling_request *request,
			  const struct random_source *random, struct sampling_decision *ret)
{
	*ret = (struct sampling_decision){ .central = true };
	rule->state.counts.requests++;
	ret->sampled = by_reservoir(rule, request->start_s, ret);
	if (!ret->sampled) {
		ret->why = SAMPLING_BY_RATE;
		ret->sampled = sampling_chance(random, rule->rate);
		rule->state.counts.sampled += ret->sampled;
	}
	if (ret->sampled)
		memcpy(ret->rule_name, rule->name, sizeof(ret->rule_name));
}
