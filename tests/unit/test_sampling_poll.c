// SPDX-License-Identifier: Apache-2.0
/* test_sampling_poll.c - when rules and targets are asked for, and what comes of each answer. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "sampling_fixture.h"
#include "util/array.h"

/* One sampler with clocks that the test sets, and no jitter (the lowest draw). */
struct bench {
	struct sampling_poll poll;
	struct sampling_rules rules;
	struct random_source random;
	struct sampling_clock now;
	char *body; /* of the last question */
};

static void bench_start(struct bench *b)
{
	*b = (struct bench){ .random = always_low(), .now = { 5000, 1700000000 } };
	sampling_poll_init(&b->poll, &b->random);
}

static void bench_stop(struct bench *b)
{
	sampling_poll_clear(&b->poll);
	sampling_rules_clear(&b->rules);
	free(b->body);
}

static void pass(struct bench *b, uint64_t ms)
{
	b->now.epoch_s += (b->now.mono_ms % 1000 + ms) / 1000;
	b->now.mono_ms += ms;
}

/* The path asked for now, or NULL. */
static const char *asks(struct bench *b)
{
	struct sampling_question question;

	if (sampling_poll_next(&b->poll, &b->rules, b->now, &question) != 1)
		return NULL;
	free(b->body);
	b->body = question.body;
	return question.path;
}

static void answer(struct bench *b, int status, const char *body)
{
	sampling_poll_answer(&b->poll, &b->rules, b->now, status, bytes_str(body));
}

/* A request that rule @name takes by chance. */
static void request(struct bench *b, const char *name)
{
	struct sampling_request one = request_at(b->now.epoch_s);
	struct sampling_rule *rule = sampling_rules_find(&b->rules, name);
	struct sampling_decision decision;

	if (CHECK(rule))
		sampling_rule_decide(rule, &one, &b->random, &decision);
}

#define ONE_RULE RULES(RULE("r", 1, 0.5, 0, "*"))

/* Past the first fetch, with one rule. */
static void bench_start_with_rule(struct bench *b)
{
	bench_start(b);
	CHECK_STR(asks(b), "/GetSamplingRules");
	answer(b, 200, ONE_RULE);
	CHECK_EQ(b->rules.count, 1);
	/* nothing to report: the next look is 10 s later */
	CHECK_STR(asks(b), NULL);
}

TEST(sampling_poll_fetches_at_once_and_every_300_s)
{
	struct bench b;

	bench_start(&b);
	CHECK_STR(asks(&b), "/GetSamplingRules");
	CHECK_STR(b.body, "{}");
	CHECK_STR(asks(&b), NULL); /* one at a time */
	answer(&b, 200, ONE_RULE);
	CHECK_EQ(b.poll.fetched_s, 1700000000);
	pass(&b, 299999);
	CHECK_STR(asks(&b), NULL);
	pass(&b, 1);
	CHECK_STR(asks(&b), "/GetSamplingRules");
	bench_stop(&b);
}

TEST(sampling_poll_spreads_its_calls)
{
	struct bench b;

	bench_start(&b);
	b.poll.random = always_high();
	asks(&b);
	answer(&b, 200, ONE_RULE);
	CHECK(b.poll.rules_due_ms > b.now.mono_ms + 300000);
	CHECK(b.poll.rules_due_ms < b.now.mono_ms + 305000);
	asks(&b);
	CHECK(b.poll.targets_due_ms > b.now.mono_ms + 10000);
	CHECK(b.poll.targets_due_ms < b.now.mono_ms + 10100);
	bench_stop(&b);
}

TEST(sampling_poll_follows_pages)
{
	struct bench b;

	bench_start(&b);
	asks(&b);
	answer(&b, 200, RULES_PAGE(RULE("b", 2, 0.5, 0, "*"), "to\\\"ken"));
	CHECK_EQ(b.rules.count, 0); /* in force when all of them are there */
	CHECK_STR(asks(&b), "/GetSamplingRules");
	CHECK_STR(b.body, "{\"NextToken\":\"to\\\"ken\"}");
	answer(&b, 200, RULES(RULE("a", 1, 0.5, 0, "*")));
	CHECK_EQ(b.rules.count, 2);
	CHECK_STR(b.rules.at[0].name, "a");
	CHECK_EQ(b.poll.counters.rules_fetched, 1);
	bench_stop(&b);
}

TEST(sampling_poll_gives_endless_pages_up)
{
	unsigned int asked = 0;
	struct bench b;

	bench_start(&b);
	while (asked < 1000 && asks(&b)) {
		asked++;
		answer(&b, 200, RULES_PAGE("", "again"));
	}
	CHECK_EQ(asked, 100);
	CHECK_EQ(b.poll.counters.rules_failed, 1);
	bench_stop(&b);
}

TEST(sampling_poll_page_that_fails_fails_the_fetch)
{
	struct bench b;

	bench_start_with_rule(&b);
	pass(&b, 300000);
	asks(&b);
	answer(&b, 200, RULES_PAGE(RULE("new", 1, 0.5, 0, "*"), "next"));
	asks(&b);
	answer(&b, 500, "");
	CHECK_STR(b.rules.at[0].name, "r");
	CHECK_EQ(b.poll.fetched_s, 1700000000);
	pass(&b, 10000);
	CHECK_STR(asks(&b), "/GetSamplingRules");
	CHECK_STR(b.body, "{}"); /* from the first page */
	bench_stop(&b);
}

/* 10, 20, 40 .. 300 s; the first success returns to the ordinary pace. */
TEST(sampling_poll_retries_ever_more_slowly)
{
	static const uint64_t waits_s[] = { 10, 20, 40, 80, 160, 300, 300 };
	struct bench b;

	bench_start(&b);
	for (size_t i = 0; i < ARRAY_LEN(waits_s); i++) {
		CHECK_STR(asks(&b), "/GetSamplingRules");
		answer(&b, 0, "");
		pass(&b, waits_s[i] * 1000 - 1);
		CHECK_STR(asks(&b), NULL);
		pass(&b, 1);
	}
	CHECK_STR(asks(&b), "/GetSamplingRules");
	answer(&b, 200, "no JSON");
	CHECK_EQ(b.poll.counters.rules_failed, 8);
	pass(&b, 300000);
	CHECK_STR(asks(&b), "/GetSamplingRules");
	answer(&b, 200, ONE_RULE);
	CHECK_EQ(b.poll.rules_due_ms, b.now.mono_ms + 300000);
	bench_stop(&b);
}

/* As in the SDK: an answer without rules leaves those in force, and their age, as they are. */
TEST(sampling_poll_answer_without_rules)
{
	struct bench b;

	bench_start_with_rule(&b);
	pass(&b, 300000);
	asks(&b);
	answer(&b, 200, RULES(""));
	CHECK_EQ(b.rules.count, 1);
	CHECK_EQ(b.poll.fetched_s, 1700000000);
	CHECK_EQ(b.poll.counters.rules_failed, 0);
	bench_stop(&b);
}

TEST(sampling_poll_reports_every_10_s_what_was_used)
{
	struct bench b;

	bench_start_with_rule(&b);
	request(&b, "r");
	request(&b, "r");
	CHECK_STR(asks(&b), NULL);
	pass(&b, 10000);
	CHECK_STR(asks(&b), "/SamplingTargets");
	CHECK(strstr(b.body, "\"Timestamp\":1700000010,\"RequestCount\":2,\"SampledCount\":2"));
	request(&b, "r"); /* while the report is on its way: the next one's */
	answer(&b, 200, TARGETS(TARGET("r", 0.5, 5, 1700000099, 10), 0));
	CHECK_EQ(b.rules.at[0].state.quota, 5);
	CHECK_EQ(b.poll.counters.targets_fetched, 1);
	pass(&b, 10000);
	CHECK_STR(asks(&b), "/SamplingTargets");
	CHECK(strstr(b.body, "\"RequestCount\":1,"));
	answer(&b, 200, TARGETS("", 0));
	pass(&b, 10000);
	CHECK_STR(asks(&b), NULL); /* not used: not reported */
	bench_stop(&b);
}

TEST(sampling_poll_keeps_each_rules_interval)
{
	struct bench b;

	bench_start_with_rule(&b);
	request(&b, "r");
	pass(&b, 10000);
	asks(&b);
	answer(&b, 200, TARGETS(TARGET("r", 0.5, 5, 1700000099, 30), 0));
	request(&b, "r");
	pass(&b, 10000);
	CHECK_STR(asks(&b), NULL);
	pass(&b, 10000);
	CHECK_STR(asks(&b), NULL);
	pass(&b, 10000);
	CHECK_STR(asks(&b), "/SamplingTargets");
	bench_stop(&b);
}

TEST(sampling_poll_report_that_failed_is_reported_again)
{
	static const struct {
		int status;
		const char *body;
	} failures[] = { { 0, "" }, { 502, "" }, { 200, "{" }, { 200, "{}" } };

	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		struct bench b;

		unit_context("failure %zu", i);
		bench_start_with_rule(&b);
		request(&b, "r");
		pass(&b, 10000);
		asks(&b);
		request(&b, "r");
		answer(&b, failures[i].status, failures[i].body);
		CHECK_EQ(b.poll.counters.targets_failed, 1);
		pass(&b, 10000);
		CHECK_STR(asks(&b), "/SamplingTargets");
		CHECK(strstr(b.body, "\"RequestCount\":2,"));
		bench_stop(&b);
	}
}

TEST(sampling_poll_modified_rules_are_fetched_at_once)
{
	struct bench b;

	bench_start_with_rule(&b);
	request(&b, "r");
	pass(&b, 10000);
	asks(&b);
	answer(&b, 200, TARGETS("", 1700000000)); /* not newer than the fetch */
	CHECK_STR(asks(&b), NULL);
	request(&b, "r");
	pass(&b, 10000);
	asks(&b);
	answer(&b, 200, TARGETS("", 1700000015));
	CHECK_STR(asks(&b), "/GetSamplingRules");
	answer(&b, 200, ONE_RULE);
	CHECK_EQ(b.poll.fetched_s, 1700000020);
	bench_stop(&b);
}

/* Our clock is a day behind the service's: its change is fetched once, not with every report. */
TEST(sampling_poll_modification_ahead_of_our_clock)
{
	struct bench b;

	bench_start_with_rule(&b);
	request(&b, "r");
	pass(&b, 10000);
	asks(&b);
	answer(&b, 200, TARGETS("", 1700086400));
	CHECK_STR(asks(&b), "/GetSamplingRules");
	answer(&b, 200, ONE_RULE);
	request(&b, "r");
	pass(&b, 10000);
	CHECK_STR(asks(&b), "/SamplingTargets");
	answer(&b, 200, TARGETS("", 1700086400));
	CHECK_STR(asks(&b), NULL);
	bench_stop(&b);
}

#define REPORTED_RULES 60

/* 25 rules a call, the others at once behind it. */
TEST(sampling_poll_reports_many_rules_in_several_calls)
{
	size_t calls = 0, reported = 0;
	struct bench b;

	bench_start_with_rule(&b);
	for (size_t i = 0; i < REPORTED_RULES; i++) {
		struct sampling_rule *rule = sampling_rules_append(&b.rules);

		if (!CHECK(rule))
			return;
		snprintf(rule->name, sizeof(rule->name), "rule %zu", i);
		request(&b, rule->name);
	}
	pass(&b, 10000);
	while (calls < 10 && asks(&b)) {
		calls++;
		for (const char *at = b.body; (at = strstr(at, "\"RuleName\"")); at++)
			reported++;
		answer(&b, 200, TARGETS("", 0));
	}
	CHECK_EQ(calls, 3);
	CHECK_EQ(reported, REPORTED_RULES);
	bench_stop(&b);
}

TEST(sampling_poll_client_id)
{
	struct sampling_poll one, other;
	uint64_t seed = 7;
	struct random_source random = dice(&seed);

	sampling_poll_init(&one, &random);
	sampling_poll_init(&other, &random);
	CHECK_EQ(strlen(one.client_id), SAMPLING_CLIENT_ID_LEN);
	CHECK_EQ(strspn(one.client_id, "0123456789abcdef"), SAMPLING_CLIENT_ID_LEN);
	CHECK(strcmp(one.client_id, other.client_id));
}

TEST(sampling_poll_answer_nobody_asked_for)
{
	struct bench b;

	bench_start(&b);
	answer(&b, 200, ONE_RULE);
	CHECK_EQ(b.rules.count, 0);
	bench_stop(&b);
}
