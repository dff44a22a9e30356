// SPDX-License-Identifier: Apache-2.0
/* sampler.c - see sampler.h. */
#include "xray/sampler.h"

#include <errno.h>
#include <stdlib.h>

#include "util/cleanup.h"

/* Rules older than this say nothing any more. */
#define RULES_VALID_S 3600

struct sampler {
	enum sampler_mode mode;
	struct random_source random;
	struct sampling_local *local;
	struct sampling_rules rules;
	struct sampling_poll poll;
	struct sampler_counters counters;
};

int sampler_new(enum sampler_mode mode, struct sampling_local *local,
		const struct random_source *random, struct sampler **ret)
{
	struct sampler *sampler = calloc(1, sizeof(*sampler));

	if (!local)
		local = sampling_local_default();
	if (!sampler || !local) {
		sampling_local_free(local);
		free(sampler);
		return -ENOMEM;
	}
	*sampler = (struct sampler){ .mode = mode, .random = *random, .local = local };
	sampling_poll_init(&sampler->poll, random);
	*ret = sampler;
	return 0;
}

struct sampler *sampler_free(struct sampler *sampler)
{
	if (sampler) {
		sampling_local_free(sampler->local);
		sampling_rules_clear(&sampler->rules);
		sampling_poll_clear(&sampler->poll);
	}
	free(sampler);
	return NULL;
}

/* The rule that decides, or NULL: none is known, they are old, or none takes the request. */
static struct sampling_rule *central_rule(struct sampler *sampler,
					  const struct sampling_request *request)
{
	uint64_t fetched_s = sampler->poll.fetched_s;

	if (sampler->mode != SAMPLER_AUTO || !fetched_s ||
	    request->start_s > fetched_s + RULES_VALID_S)
		return NULL;
	return sampling_rules_match(&sampler->rules, request);
}

static void decide_by_rules(struct sampler *sampler, const struct sampling_request *request,
			    struct sampling_decision *ret)
{
	struct sampling_rule *rule = central_rule(sampler, request);

	if (rule) {
		sampler->counters.central++;
		sampling_rule_decide(rule, request, &sampler->random, ret);
	} else {
		sampler->counters.local++;
		sampling_local_decide(sampler->local, request, &sampler->random, ret);
	}
}

void sampler_decide(struct sampler *sampler, const struct sampling_request *request,
		    struct sampling_decision *ret)
{
	bool told = request->ask == TRACE_SAMPLED_NO || request->ask == TRACE_SAMPLED_YES;

	if (sampler->mode == SAMPLER_NONE)
		*ret = (struct sampling_decision){ .why = SAMPLING_BY_MODE };
	else if (told)
		*ret = (struct sampling_decision){ .why = SAMPLING_BY_HEADER,
						   .sampled = request->ask == TRACE_SAMPLED_YES };
	else if (sampler->mode == SAMPLER_ALL)
		*ret = (struct sampling_decision){ .why = SAMPLING_BY_MODE, .sampled = true };
	else
		decide_by_rules(sampler, request, ret);
	if (ret->sampled)
		sampler->counters.sampled[ret->why]++;
	else
		sampler->counters.left_out[ret->why]++;
}

int sampler_next(struct sampler *sampler, struct sampling_clock now, struct sampling_question *ret)
{
	if (sampler->mode != SAMPLER_AUTO)
		return 0;
	return sampling_poll_next(&sampler->poll, &sampler->rules, now, ret);
}

void sampler_answer(struct sampler *sampler, struct sampling_clock now, int status,
		    struct bytes body)
{
	sampling_poll_answer(&sampler->poll, &sampler->rules, now, status, body);
}

const struct sampler_counters *sampler_counters(const struct sampler *sampler)
{
	return &sampler->counters;
}

const struct sampling_poll_counters *sampler_poll_counters(const struct sampler *sampler)
{
	return &sampler->poll.counters;
}
