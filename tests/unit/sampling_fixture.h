/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_fixture.h - what the sampling tests share: randomness that is the same in each run, and
 * documents as the service writes them.
 */
#ifndef BPFXRAY_TESTS_SAMPLING_FIXTURE_H
#define BPFXRAY_TESTS_SAMPLING_FIXTURE_H

#include "xray/sampler.h"

/* splitmix64 from a seed: good enough for statistics. @state is the seed. */
struct random_source dice(uint64_t *state);
/* Draws that are always the lowest (a rate above 0 takes) or the highest (a rate below 1 does not).
 */
struct random_source always_low(void);
struct random_source always_high(void);

/* One SamplingRuleRecord; what is not given matches everything. NULL @host: `*`. */
#define RULE(name, priority, rate, reservoir, host)                                                \
	"{\"SamplingRule\":{\"RuleName\":\"" name                                                  \
	"\",\"RuleARN\":\"arn:x\",\"ResourceARN\":\"*\","                                          \
	"\"Priority\":" #priority ",\"FixedRate\":" #rate ",\"ReservoirSize\":" #reservoir ","     \
	"\"ServiceName\":\"*\",\"ServiceType\":\"*\",\"Host\":\"" host "\",\"HTTPMethod\":\"*\","  \
	"\"URLPath\":\"*\",\"Version\":1,\"Attributes\":{}},\"CreatedAt\":0.0,\"ModifiedAt\":1."   \
	"5e9}"
#define RULES(records) "{\"SamplingRuleRecords\":[" records "],\"NextToken\":null}"
#define RULES_PAGE(records, token)                                                                 \
	"{\"SamplingRuleRecords\":[" records "],\"NextToken\":\"" token "\"}"
#define TARGETS(targets, modification)                                                             \
	"{\"SamplingTargetDocuments\":[" targets "],\"LastRuleModification\":" #modification ","   \
	"\"UnprocessedStatistics\":[]}"
#define TARGET(name, rate, quota, ttl, interval)                                                   \
	"{\"RuleName\":\"" name "\",\"FixedRate\":" #rate ",\"ReservoirQuota\":" #quota ","        \
	"\"ReservoirQuotaTTL\":" #ttl ",\"Interval\":" #interval "}"

/* A request of GET / on host `h` that began in second @start_s. */
struct sampling_request request_at(uint64_t start_s);

#endif
