// SPDX-License-Identifier: Apache-2.0
/* test_sampler.c - who decides: the caller, centralized rules or local ones; and how often. */
#include "unit.h"

#include <stdlib.h>

#include "sampling_fixture.h"
#include "util/array.h"

#define FETCHED_S 1700000000

static struct sampler *sampler(enum sampler_mode mode, struct random_source random)
{
	struct sampler *ret = NULL;

	CHECK_EQ(sampler_new(mode, NULL, &random, &ret), 0);
	return ret;
}

/* Asks its one question at FETCHED_S and gets @json. */
static void fetch(struct sampler *sampler, const char *json)
{
	struct sampling_clock now = { 1, FETCHED_S };
	struct sampling_question question;

	if (!CHECK_EQ(sampler_next(sampler, now, &question), 1))
		return;
	free(question.body);
	sampler_answer(sampler, now, 200, bytes_str(json));
}

static struct sampling_decision decide(struct sampler *sampler, enum trace_sampled ask,
				       uint64_t start_s)
{
	struct sampling_request request = request_at(start_s);
	struct sampling_decision decision;

	request.ask = ask;
	sampler_decide(sampler, &request, &decision);
	return decision;
}

struct mode_row {
	enum sampler_mode mode;
	enum trace_sampled ask;
	bool sampled;
	enum sampling_why why;
};

/* With draws that no rate takes, and before any rule is known. */
static const struct mode_row modes[] = {
	{ SAMPLER_ALL, TRACE_SAMPLED_ABSENT, true, SAMPLING_BY_MODE },
	{ SAMPLER_ALL, TRACE_SAMPLED_ASK, true, SAMPLING_BY_MODE },
	{ SAMPLER_ALL, TRACE_SAMPLED_YES, true, SAMPLING_BY_HEADER },
	{ SAMPLER_ALL, TRACE_SAMPLED_NO, false, SAMPLING_BY_HEADER },
	{ SAMPLER_NONE, TRACE_SAMPLED_ABSENT, false, SAMPLING_BY_MODE },
	{ SAMPLER_NONE, TRACE_SAMPLED_YES, false, SAMPLING_BY_MODE },
	{ SAMPLER_LOCAL, TRACE_SAMPLED_YES, true, SAMPLING_BY_HEADER },
	{ SAMPLER_LOCAL, TRACE_SAMPLED_NO, false, SAMPLING_BY_HEADER },
	{ SAMPLER_LOCAL, TRACE_SAMPLED_ASK, true, SAMPLING_BY_RESERVOIR },
	{ SAMPLER_AUTO, TRACE_SAMPLED_YES, true, SAMPLING_BY_HEADER },
	{ SAMPLER_AUTO, TRACE_SAMPLED_NO, false, SAMPLING_BY_HEADER },
	{ SAMPLER_AUTO, TRACE_SAMPLED_ABSENT, true, SAMPLING_BY_RESERVOIR },
	{ SAMPLER_AUTO, TRACE_SAMPLED_ASK, true, SAMPLING_BY_RESERVOIR },
};

TEST(sampler_modes_and_headers)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct sampler *one = sampler(modes[i].mode, always_high());
		struct sampling_decision decision = decide(one, modes[i].ask, FETCHED_S);

		unit_context("row %zu", i);
		CHECK_EQ(decision.sampled, modes[i].sampled);
		CHECK_EQ(decision.why, modes[i].why);
		CHECK_STR(decision.rule_name, "");
		CHECK_EQ(sampler_counters(one)->sampled[modes[i].why], modes[i].sampled);
		CHECK_EQ(sampler_counters(one)->left_out[modes[i].why], !modes[i].sampled);
		sampler_free(one);
	}
}

TEST(sampler_asks_in_auto_alone)
{
	static const enum sampler_mode quiet[] = { SAMPLER_LOCAL, SAMPLER_ALL, SAMPLER_NONE };

	for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
		struct sampler *one = sampler(quiet[i], always_high());
		struct sampling_question question;

		CHECK_EQ(sampler_next(one, (struct sampling_clock){ 1, 1 }, &question), 0);
		sampler_free(one);
	}
}

/* A header's decision is no request of a rule: it is neither counted nor taken off a reservoir. */
TEST(sampler_header_leaves_the_rules_alone)
{
	struct sampler *one = sampler(SAMPLER_AUTO, always_high());
	struct sampling_decision decision;

	fetch(one, RULES(RULE("Default", 10000, 0.05, 1, "*")));
	decide(one, TRACE_SAMPLED_YES, FETCHED_S);
	decision = decide(one, TRACE_SAMPLED_ASK, FETCHED_S);
	CHECK_EQ(decision.why, SAMPLING_BY_BORROWING);
	CHECK_STR(decision.rule_name, "Default");
	CHECK_EQ(sampler_counters(one)->central, 1);
	sampler_free(one);
}

TEST(sampler_falls_back_to_local_rules)
{
	struct sampler *one = sampler(SAMPLER_AUTO, always_high());
	struct sampling_decision decision;

	CHECK(!decide(one, TRACE_SAMPLED_ABSENT, FETCHED_S - 9).central); /* none fetched */
	fetch(one, RULES(RULE("r", 1, 1, 0, "h")));
	decision = decide(one, TRACE_SAMPLED_ABSENT, FETCHED_S + 3600);
	CHECK(decision.central && decision.sampled);
	CHECK_STR(decision.rule_name, "r");
	decision = decide(one, TRACE_SAMPLED_ABSENT, FETCHED_S + 3601); /* old */
	CHECK(!decision.central && decision.sampled);
	CHECK_STR(decision.rule_name, "");
	CHECK_EQ(sampler_counters(one)->local, 2);
	sampler_free(one);
}

TEST(sampler_falls_back_when_no_rule_matches)
{
	struct sampler *one = sampler(SAMPLER_AUTO, always_high());

	fetch(one, RULES(RULE("r", 1, 1, 0, "elsewhere")));
	CHECK_EQ(decide(one, TRACE_SAMPLED_ABSENT, FETCHED_S).why, SAMPLING_BY_RESERVOIR);
	CHECK_EQ(sampler_counters(one)->local, 1);
	sampler_free(one);
}

TEST(sampler_owns_its_local_rules)
{
	struct sampling_local *local = NULL;
	struct random_source random = always_low();
	char error[SAMPLING_ERROR_CAP];
	struct sampler *one = NULL;

	CHECK_EQ(sampling_local_parse(
			 LITERAL("{\"version\":2,\"default\":{\"fixed_target\":0,\"rate\":0}}"),
			 &local, error),
		 0);
	CHECK_EQ(sampler_new(SAMPLER_LOCAL, local, &random, &one), 0);
	CHECK(!decide(one, TRACE_SAMPLED_ABSENT, 1).sampled);
	sampler_free(one);
}

#define DECISIONS  1000000
#define PER_SECOND 1000

/* How many of DECISIONS requests, PER_SECOND of them in each second, are sampled. */
static uint64_t sampled_of_many(struct sampler *one)
{
	uint64_t sampled = 0;

	for (uint64_t i = 0; i < DECISIONS; i++)
		sampled += decide(one, TRACE_SAMPLED_ABSENT, FETCHED_S + i / PER_SECOND).sampled;
	return sampled;
}

/* @fixed of them for sure, of the others each with probability @rate: within three sigma. */
static void check_share(uint64_t sampled, double fixed, double rate)
{
	double others = DECISIONS - fixed, variance = others * rate * (1 - rate);
	double off = (double)sampled - fixed - others * rate;

	unit_context("%ju sampled, %.0f + %.0f expected, variance %.0f", (uintmax_t)sampled, fixed,
		     others * rate, variance);
	CHECK(off * off <= 9 * variance);
}

TEST(sampler_statistics_of_local_rules)
{
	uint64_t seed = 20260101;
	struct sampler *one = sampler(SAMPLER_LOCAL, dice(&seed));

	check_share(sampled_of_many(one), (double)DECISIONS / PER_SECOND, 0.05);
	sampler_free(one);
}

TEST(sampler_statistics_of_centralized_rules)
{
	static const struct {
		const char *json;
		double fixed;
		double rate;
	} rules[] = {
		{ RULES(RULE("r", 1, 0.37, 0, "*")), 0, 0.37 },
		{ RULES(RULE("r", 1, 0.01, 5, "*")), (double)DECISIONS / PER_SECOND, 0.01 },
		{ RULES(RULE("r", 1, 0, 0, "*")), 0, 0 },
		{ RULES(RULE("r", 1, 1, 0, "*")), 0, 1 },
	};
	uint64_t seed = 42;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct sampler *one = sampler(SAMPLER_AUTO, dice(&seed));

		fetch(one, rules[i].json);
		check_share(sampled_of_many(one), rules[i].fixed, rules[i].rate);
		CHECK_EQ(sampler_counters(one)->central, DECISIONS);
		sampler_free(one);
	}
}

/* With a quota of 7 a second all seven are taken in each second, then the assigned rate. */
TEST(sampler_statistics_of_a_quota)
{
	uint64_t seed = 99;
	struct sampler *one = sampler(SAMPLER_AUTO, dice(&seed));
	struct sampling_clock later = { 20000, FETCHED_S + 20 };
	struct sampling_question question;

	fetch(one, RULES(RULE("r", 1, 0.5, 5, "*")));
	decide(one, TRACE_SAMPLED_ABSENT, FETCHED_S - 1);
	if (!CHECK_EQ(sampler_next(one, later, &question), 1))
		return;
	free(question.body);
	sampler_answer(one, later, 200,
		       bytes_str(TARGETS(TARGET("r", 0.02, 7, 1700009999, 10), 0)));
	check_share(sampled_of_many(one), 7.0 * DECISIONS / PER_SECOND, 0.02);
	sampler_free(one);
}
