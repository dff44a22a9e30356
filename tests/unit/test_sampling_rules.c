// SPDX-License-Identifier: Apache-2.0
/* test_sampling_rules.c - centralized rules: which are usable, which one matches, what it decides.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sampling_fixture.h"
#include "util/array.h"

static int read_rules(const char *json, struct sampling_rules *rules)
{
	struct sampling_rules fetched = { 0 };
	char *token = NULL;
	int r = sampling_rules_read(bytes_str(json), &fetched, &token);

	CHECK(!token);
	if (r >= 0)
		sampling_rules_replace(rules, &fetched);
	sampling_rules_clear(&fetched);
	return r;
}

static const char *match(const struct sampling_rules *rules, const struct sampling_request *request)
{
	const struct sampling_rule *rule = sampling_rules_match(rules, request);

	return rule ? rule->name : NULL;
}

#define LAST_RULES  RULE("Default", 10000, 0.05, 1, "*") "," RULE("b", 5, 1, 0, "h")
#define FIRST_RULES RULE("a", 5, 1, 0, "h") "," RULE("first", 1, 1, 0, "elsewhere")
#define FOUR_RULES  RULES(LAST_RULES "," FIRST_RULES)

TEST(sampling_rules_are_sorted_by_priority_then_name)
{
	struct sampling_request request = request_at(1);
	struct sampling_rules rules = { 0 };

	CHECK_EQ(read_rules(FOUR_RULES, &rules), 0);
	CHECK_EQ(rules.count, 4);
	CHECK_STR(match(&rules, &request), "a");
	request.host = bytes_str("elsewhere");
	CHECK_STR(match(&rules, &request), "first");
	request.host = bytes_str("third");
	CHECK_STR(match(&rules, &request), "Default");
	request.host = BYTES_NONE; /* an attribute that is missing matches */
	CHECK_STR(match(&rules, &request), "first");
	sampling_rules_clear(&rules);
}

#define BODY(name, version, resource, type, attributes)                                            \
	"{\"SamplingRule\":{\"RuleName\":\"" name "\",\"ResourceARN\":\"" resource                 \
	"\",\"Priority\":1,\"FixedRate\":1,\"ReservoirSize\":0,\"ServiceName\":\"todo\","          \
	"\"ServiceType\":\"" type "\",\"Host\":\"*\",\"HTTPMethod\":\"GET\",\"URLPath\":\"/x*\","  \
	"\"Version\":" #version ",\"Attributes\":" attributes "}}"

static const char *const unusable[] = {
	BODY("version", 2, "*", "*", "{}"),
	BODY("resource", 1, "arn:one", "*", "{}"),
	BODY("type", 1, "*", "", "{}"),
	BODY("attributes", 1, "*", "*", "{\"k\":\"v\"}"),
	BODY("", 1, "*", "*", "{}"),
	BODY("a name of more than 128 bytes: 0123456789012345678901234567890123456789012345678901"
	     "234567890123456789012345678901234567890123456789",
	     1, "*", "*", "{}"),
	RULE("rate", 1, 1.5, 0, "*"),
	RULE("reservoir", 1, 1, -1, "*"),
	RULE("priority", 1.5, 1, 0, "*"),
	"{}",
	"7",
	"null",
	"{\"SamplingRule\":{\"RuleName\":\"bare\"}}",
};

TEST(sampling_rules_not_meant_for_us_are_left_out)
{
	struct sampling_rules rules = { 0 };
	char json[2048];

	for (size_t i = 0; i < ARRAY_LEN(unusable); i++) {
		unit_context("%s", unusable[i]);
		snprintf(json, sizeof(json), RULES("%s"), unusable[i]);
		CHECK_EQ(read_rules(json, &rules), 1);
		CHECK_EQ(rules.count, 0);
	}
	snprintf(json, sizeof(json), RULES("%s"), BODY("null is none", 1, "*", "*", "null"));
	CHECK_EQ(read_rules(json, &rules), 0);
	CHECK_EQ(rules.count, 1);
	sampling_rules_clear(&rules);
}

TEST(sampling_rules_every_matcher_counts)
{
	struct sampling_request good = request_at(1), bad;
	struct sampling_rules rules = { 0 };

	CHECK_EQ(read_rules(RULES(BODY("one", 1, "*", "AWS::ECS::*", "{}")), &rules), 0);
	good.path = bytes_str("/xyz");
	good.service_type = bytes_str("AWS::ECS::Container");
	CHECK_STR(match(&rules, &good), "one");
	bad = good;
	bad.path = bytes_str("/yz");
	CHECK_STR(match(&rules, &bad), NULL);
	bad = good;
	bad.method = bytes_str("POST");
	CHECK_STR(match(&rules, &bad), NULL);
	bad = good;
	bad.service = bytes_str("shop");
	CHECK_STR(match(&rules, &bad), NULL);
	bad = good;
	bad.service_type = bytes_str("AWS::EC2::Instance");
	CHECK_STR(match(&rules, &bad), NULL);
	good.service_type = BYTES_NONE;
	CHECK_STR(match(&rules, &good), "one");
	sampling_rules_clear(&rules);
}

TEST(sampling_rules_refuse_what_is_no_answer)
{
	static const char *const broken[] = { "",
					      "{",
					      "[]",
					      "{}",
					      "{\"SamplingRuleRecords\":{}}",
					      "{\"SamplingRuleRecords\":[]} x",
					      "\xff\xfe" };
	struct sampling_rules rules = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		unit_context("%s", broken[i]);
		CHECK_EQ(read_rules(broken[i], &rules), -EBADMSG);
	}
	sampling_rules_clear(&rules);
}

static struct sampling_decision decide(struct sampling_rule *rule, uint64_t start_s,
				       struct random_source random)
{
	struct sampling_request request = request_at(start_s);
	struct sampling_decision decision;

	sampling_rule_decide(rule, &request, &random, &decision);
	CHECK(decision.central);
	CHECK_STR(decision.rule_name, decision.sampled ? rule->name : "");
	return decision;
}

static void check_counts(const struct sampling_rule *rule, uint64_t requests, uint64_t sampled,
			 uint64_t borrowed)
{
	CHECK_EQ(rule->state.counts.requests, requests);
	CHECK_EQ(rule->state.counts.sampled, sampled);
	CHECK_EQ(rule->state.counts.borrowed, borrowed);
}

TEST(sampling_rule_borrows_one_a_second_without_a_quota)
{
	struct sampling_rules rules = { 0 };
	struct sampling_rule *rule;

	read_rules(RULES(RULE("r", 1, 0.5, 3, "*")), &rules);
	rule = &rules.at[0];
	CHECK_EQ(decide(rule, 100, always_high()).why, SAMPLING_BY_BORROWING);
	CHECK(!decide(rule, 100, always_high()).sampled);
	CHECK_EQ(decide(rule, 100, always_low()).why, SAMPLING_BY_RATE);
	CHECK_EQ(decide(rule, 101, always_high()).why, SAMPLING_BY_BORROWING);
	check_counts(rule, 4, 1, 2); /* what is borrowed is not counted as sampled */
	sampling_rules_clear(&rules);
}

TEST(sampling_rule_without_reservoir_goes_by_rate_alone)
{
	struct sampling_rules rules = { 0 };

	read_rules(RULES(RULE("r", 1, 0.5, 0, "*")), &rules);
	CHECK(!decide(&rules.at[0], 100, always_high()).sampled);
	CHECK(decide(&rules.at[0], 100, always_low()).sampled);
	check_counts(&rules.at[0], 2, 1, 0);
	sampling_rules_clear(&rules);
}

static void take_targets(struct sampling_rules *rules, const char *json)
{
	struct sampling_targets targets;

	CHECK_EQ(sampling_targets_read(bytes_str(json), rules, &targets), 0);
}

TEST(sampling_rule_uses_its_quota_until_it_expires)
{
	struct sampling_rules rules = { 0 };
	struct sampling_rule *rule;

	read_rules(RULES(RULE("r", 1, 0.5, 3, "*")), &rules);
	rule = &rules.at[0];
	take_targets(&rules, TARGETS(TARGET("r", 0.25, 2, 200, 10), 0));
	CHECK(rule->rate == 0.25);
	CHECK_EQ(decide(rule, 200, always_high()).why, SAMPLING_BY_RESERVOIR);
	CHECK_EQ(decide(rule, 200, always_high()).why, SAMPLING_BY_RESERVOIR);
	CHECK(!decide(rule, 200, always_high()).sampled); /* no borrowing beside a fresh quota */
	CHECK_EQ(decide(rule, 199, always_high()).why, SAMPLING_BY_RESERVOIR);
	check_counts(rule, 4, 3, 0);
	CHECK_EQ(decide(rule, 201, always_high()).why, SAMPLING_BY_BORROWING); /* expired */
	CHECK(!decide(rule, 201, always_high()).sampled);
	sampling_rules_clear(&rules);
}

/* A quota of 0 is a quota: nothing from the reservoir, nothing borrowed. */
TEST(sampling_rule_quota_of_zero)
{
	struct sampling_rules rules = { 0 };

	read_rules(RULES(RULE("r", 1, 0.5, 3, "*")), &rules);
	take_targets(&rules, TARGETS(TARGET("r", 0, 0, 200, 10), 0));
	CHECK(!decide(&rules.at[0], 150, always_low()).sampled);
	check_counts(&rules.at[0], 1, 0, 0);
	sampling_rules_clear(&rules);
}

TEST(sampling_targets_say_only_what_changes)
{
	struct sampling_rules rules = { 0 };
	struct sampling_targets targets;
	const struct sampling_rule *rule;

	read_rules(RULES(RULE("r", 1, 0.5, 3, "*")), &rules);
	rule = &rules.at[0];
	take_targets(&rules, TARGETS(TARGET("r", 0.25, 2, 200, 30), 0));
	CHECK_EQ(sampling_targets_read(
			 LITERAL("{\"SamplingTargetDocuments\":[{\"RuleName\":\"r\",\"FixedRate\":"
				 "0.1,"
				 "\"ReservoirQuota\":null},{\"RuleName\":\"other\"},{},5],"
				 "\"LastRuleModification\":1700000000.5,"
				 "\"UnprocessedStatistics\":[{\"RuleName\":\"r\"}]}"),
			 &rules, &targets),
		 0);
	CHECK_EQ(targets.assigned, 1);
	CHECK_EQ(targets.unprocessed, 1);
	CHECK_EQ(targets.modification_s, 1700000000);
	CHECK(rule->rate == 0.1);
	CHECK_EQ(rule->state.quota, 2);
	CHECK_EQ(rule->state.quota_until_s, 200);
	CHECK_EQ(rule->state.interval_s, 30);
	CHECK_EQ(sampling_targets_read(LITERAL("{}"), &rules, &targets), -EBADMSG);
	sampling_rules_clear(&rules);
}

TEST(sampling_rules_keep_their_state_by_name)
{
	struct sampling_rules rules = { 0 };

	read_rules(RULES(RULE("kept", 1, 0.5, 3, "*") "," RULE("gone", 2, 0.5, 3, "*")), &rules);
	take_targets(&rules, TARGETS(TARGET("kept", 0.25, 1, 200, 10), 0));
	CHECK(decide(&rules.at[0], 100, always_high()).sampled);
	read_rules(RULES(RULE("new", 1, 0.5, 3, "*") "," RULE("kept", 2, 0.75, 3, "*")), &rules);
	CHECK_EQ(rules.count, 2);
	CHECK_STR(rules.at[1].name, "kept");
	CHECK(rules.at[1].rate == 0.75); /* the rate is the document's until the next target */
	check_counts(&rules.at[1], 1, 1, 0);
	CHECK(!decide(&rules.at[1], 100, always_high()).sampled); /* its quota is used up */
	check_counts(&rules.at[0], 0, 0, 0);
	CHECK(!sampling_rules_find(&rules, "gone"));
	sampling_rules_clear(&rules);
}

TEST(sampling_targets_question_as_the_service_wants_it)
{
	struct sampling_rules rules = { 0 };
	struct sampling_rule *due[1];
	char *body;

	read_rules(RULES(RULE("a \\\"b", 1, 0.5, 3, "*")), &rules);
	due[0] = &rules.at[0];
	due[0]->state.reported = (struct sampling_counts){ 12, 3, 1 };
	body = sampling_targets_question(due, 1, "0123456789abcdef01234567", 1700000000);
	CHECK_STR(body, "{\"SamplingStatisticsDocuments\":[{\"RuleName\":\"a \\\"b\","
			"\"ClientID\":\"0123456789abcdef01234567\",\"Timestamp\":1700000000,"
			"\"RequestCount\":12,\"SampledCount\":3,\"BorrowCount\":1}]}");
	free(body);
	sampling_rules_clear(&rules);
}
