// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_sampling.c - rules and targets as a hostile service or file would write them: whatever
 * comes, a decision can be made and a report written.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "xray/sampler.h"
#include "xray/wildcard.h"

static void fill(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 0x55, len);
}

static void decide(struct sampler *sampler, struct bytes text)
{
	char path[SAMPLING_PATH_CAP];
	struct sampling_request request = { .host = text,
					    .service = text,
					    .path = sampling_path(text, path),
					    .ask = TRACE_SAMPLED_ASK,
					    .start_s = 1700000000 };
	struct sampling_decision decision;

	sampler_decide(sampler, &request, &decision);
	INVARIANT(strnlen(decision.rule_name, SAMPLING_RULE_NAME_CAP) < SAMPLING_RULE_NAME_CAP);
	INVARIANT(decision.sampled || !decision.rule_name[0]);
}

/* Answers each question of two rounds with @text. */
static void answer(struct sampler *sampler, struct bytes text)
{
	struct sampling_question question;

	for (unsigned int i = 0; i < 6; i++) {
		struct sampling_clock now = { 1 + i * 20000, 1700000000 + i * 20 };

		if (sampler_next(sampler, now, &question) == 1) {
			free(question.body);
			sampler_answer(sampler, now, 200, text);
		}
		decide(sampler, bytes_take(text, 200));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct random_source random = { .fill = fill };
	struct bytes text = bytes_of(data, size);
	struct sampling_local *local = NULL;
	struct sampler *sampler = NULL;
	char error[SAMPLING_ERROR_CAP];

	INVARIANT(!sampling_local_parse(text, &local, error) || (error[0] && !local));
	if (sampler_new(SAMPLER_AUTO, local, &random, &sampler) < 0)
		return 0;
	answer(sampler, text);
	wildcard_match(bytes_take(text, 64), bytes_skip(text, 64));
	sampler_free(sampler);
	return 0;
}
