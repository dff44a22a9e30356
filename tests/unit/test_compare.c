// SPDX-License-Identifier: Apache-2.0
/*
 * test_compare.c - which segments `bpfxray compare` pairs, what of them it takes for documented,
 * and above all what it does not: each row changes one thing and says under which reason it is
 * counted.
 */
#include "unit.h"

#include <stdio.h>

#include "compare_fixture.h"
#include "util/array.h"

/* One segment on each side, of one trace, with @sdk and @ours added. */
struct difference_row {
	const char *sdk, *ours;
	enum reason reason;
	unsigned int count;
};

static const struct difference_row segment_rows[] = {
	{ "", "", REASON_NONE, 0 },
	{ ",\"error\":true", ",\"error\":true", REASON_NONE, 0 },
	{ ",\"error\":false", "", REASON_NONE, 0 },
	{ ",\"error\":true", "", REASON_NONE, 1 },
	{ "", ",\"throttle\":true", REASON_NONE, 1 },
	{ ",\"fault\":true", "", REASON_NONE, 1 },
	{ ",\"parent_id\":\"aaaaaaaaaaaaaaaa\"", "", REASON_NONE, 1 },
	{ ",\"parent_id\":\"aaaaaaaaaaaaaaaa\"", ",\"parent_id\":\"bbbbbbbbbbbbbbbb\"", REASON_NONE,
	  1 },
	{ ",\"origin\":\"AWS::EC2::Instance\"", "", REASON_NONE, 1 },
	{ "", ",\"origin\":\"AWS::EC2::Instance\"", REASON_PLUGINS, 1 },
	{ ",\"origin\":\"AWS::EC2::Instance\"", ",\"origin\":\"AWS::ECS::Container\"",
	  REASON_PLUGINS, 1 },
	{ "", ",\"aws\":{\"ecs\":{\"container\":\"a\",\"container_id\":\"b\"}}", REASON_PLUGINS,
	  1 },
	{ ",\"aws\":{\"ecs\":{\"container\":\"a\"}}", "", REASON_NONE, 1 },
	{ ",\"aws\":{\"ec2\":{\"instance_id\":\"i\",\"instance_type\":\"t3.nano\"}}",
	  ",\"aws\":{\"ec2\":{\"instance_id\":\"i\",\"instance_size\":\"t3.nano\"}}",
	  REASON_PLUGINS, 1 },
	{ ",\"aws\":{\"ec2\":{\"instance_type\":\"t3.nano\"}}",
	  ",\"aws\":{\"ec2\":{\"instance_size\":\"t3.tiny\"}}", REASON_NONE, 1 },
	{ ",\"user\":\"mary\"", "", REASON_GIVEN, 1 },
	{ "", ",\"annotations\":{\"stage\":\"dev\"}", REASON_GIVEN, 1 },
	{ ",\"metadata\":{\"default\":{\"x\":1}}", ",\"metadata\":{\"bpfxray\":{\"pid\":1}}",
	  REASON_GIVEN, 1 },
	{ ",\"new\":{}", "", REASON_NONE, 1 },
	{ ",\"aws\":{\"account_id\":\"1\"}", "", REASON_NONE, 1 },
	{ ",\"aws\":{\"xray\":{\"sdk_version\":\"1\"}}", "", REASON_NONE, 0 },
	{ ",\"service\":{\"runtime\":\"CPython\"}", "", REASON_INSIDE, 1 },
	{ ",\"cause\":\"aaaaaaaaaaaaaaaa\"", "", REASON_INSIDE, 1 },
	{ "", ",\"metadata\":{\"bpfxray\":{\"pid\":1}}", REASON_TRACER, 1 },
	{ ",\"aws\":{\"xray\":{\"sdk\":\"a\"}}", ",\"aws\":{\"xray\":{\"sdk\":\"b\"}}",
	  REASON_TRACER, 1 },
	{ ",\"aws\":{\"xray\":{\"sampling_rule_name\":\"a\"}}", "", REASON_NONE, 1 },
};

TEST(compare_segment_fields)
{
	for (size_t i = 0; i < ARRAY_LEN(segment_rows); i++) {
		const struct difference_row *row = &segment_rows[i];
		char sdk[1024], ours[1024];
		struct comparison one;

		unit_context("row %zu: %s | %s", i, row->sdk, row->ours);
		snprintf(sdk, sizeof(sdk), SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11, "%s"),
			 row->sdk);
		snprintf(ours, sizeof(ours), SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11, "%s"),
			 row->ours);
		compare(&one, sdk, ours);
		CHECK_EQ(one.segments.paired, 1);
		CHECK_EQ(one.reasons[row->reason], row->count);
		CHECK_EQ(documented(&one) + one.reasons[REASON_NONE], row->count);
		comparison_clear(&one);
	}
}

/* A member that no field is about is told by its own name. */
TEST(compare_member_that_nobody_thought_of)
{
	struct comparison one;

	compare(&one,
		SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11, ",\"resource_arn\":\"arn:x\""),
		SEGMENT("o", TRACE_A, "http://h/", 200, 10, 11, ""));
	CHECK_EQ(comparison_undocumented(&one), 1);
	CHECK_STR(one.findings[0].field, "resource_arn");
	CHECK_STR(one.findings[0].sdk, "\"arn:x\"");
	comparison_clear(&one);
}

TEST(compare_raised_4xx)
{
	struct comparison one;

	compare(&one,
		SEGMENT("s", TRACE_A, "http://h/", 404, 10, 11,
			",\"error\":true,\"fault\":true,\"cause\":{\"exceptions\":[]}"),
		SEGMENT("o", TRACE_A, "http://h/", 404, 10, 11, ",\"error\":true"));
	CHECK_EQ(one.reasons[REASON_RAISED], 1);
	CHECK_EQ(one.reasons[REASON_INSIDE], 1);
	CHECK_EQ(comparison_undocumented(&one), 0);
	comparison_clear(&one);
	/* a 500 that lacks its fault is none */
	compare(&one,
		SEGMENT("s", TRACE_A, "http://h/", 500, 10, 11,
			",\"fault\":true,\"cause\":{\"exceptions\":[]}"),
		SEGMENT("o", TRACE_A, "http://h/", 500, 10, 11, ""));
	CHECK_EQ(comparison_undocumented(&one), 1);
	CHECK_STR(one.findings[0].field, "fault");
	CHECK_STR(one.findings[0].request, "GET http://h/");
	comparison_clear(&one);
}

TEST(compare_status_and_times)
{
	struct comparison one;

	compare(&one, SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11, ""),
		SEGMENT("o", TRACE_A, "http://h/", 503, 10, 11, ""));
	CHECK_EQ(comparison_undocumented(&one), 1);
	comparison_clear(&one);
	compare(&one, SEGMENT("s", TRACE_A, "http://h/", 200, 10.0000, 11, ""),
		SEGMENT("o", TRACE_A, "http://h/", 200, 10.0009, 11, ""));
	CHECK_EQ(comparison_undocumented(&one), 0);
	comparison_clear(&one);
	compare(&one, SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11, ""),
		SEGMENT("o", TRACE_A, "http://h/", 200, 10, 10.99, ""));
	CHECK_EQ(comparison_undocumented(&one), 1);
	CHECK_STR(one.findings[0].field, "times (ours around theirs)");
	comparison_clear(&one);
}

#define AGENT(text)                                                                                \
	"{\"id\":\"x\",\"name\":\"todo\",\"trace_id\":\"" TRACE_A                                  \
	"\",\"start_time\":1,\"end_time\":2,"                                                      \
	"\"http\":{\"request\":{\"method\":\"GET\",\"url\":\"http://h/\",\"user_agent\":\"" text   \
	"\"}}}\n"

TEST(compare_header_bytes)
{
	struct comparison one;

	compare(&one, AGENT("\\u00c3\\u00a9"), AGENT("\\u00e9"));
	CHECK_EQ(one.reasons[REASON_HEADER_BYTES], 1);
	comparison_clear(&one);
	compare(&one, AGENT("\\u00c3\\u00a9"), AGENT("\\u00e8"));
	CHECK_EQ(comparison_undocumented(&one), 1);
	comparison_clear(&one);
}

/* By trace id first; then each to the one whose times are nearest; URLs as decoded. */
TEST(compare_pairs)
{
	struct comparison one;

	compare(&one,
		SEGMENT("s1", TRACE_A, "http://h/x", 200, 10, 11, "")
			SEGMENT("s2", "1-00000001-cccccccccccccccccccccccc", "http://h/x", 200,
				10.2, 10.8, "") SEGMENT("s3", "1-00000001-dddddddddddddddddddddddd",
							"http://h/%c3%a9", 200, 10, 11, ""),
		SEGMENT("o3", TRACE_B, "http://h/%C3%A9", 200, 10, 11, "")
			SEGMENT("o2", TRACE_B, "http://h/x", 200, 10.1, 10.9, "")
				SEGMENT("o1", TRACE_A, "http://h/x", 200, 9, 12, ""));
	CHECK_EQ(one.segments.paired, 3);
	CHECK_EQ(one.paired_by_trace, 1);
	CHECK_EQ(one.sdk.segments[0].partner, 2);
	CHECK_EQ(one.sdk.segments[1].partner, 1);
	CHECK_EQ(one.sdk.segments[2].partner, 0);
	CHECK_EQ(one.reasons[REASON_ESCAPES], 1);
	CHECK_EQ(one.reasons[REASON_OWN_TRACE], 2);
	CHECK_EQ(comparison_undocumented(&one), 0);
	comparison_clear(&one);
}

TEST(compare_coverage_both_ways)
{
	struct comparison one;

	compare(&one,
		SEGMENT("s1", TRACE_A, "http://h/a", 200, 10, 20, "")
			SEGMENT("s2", TRACE_A, "http://h/b", 200, 14, 15, ""),
		SEGMENT("o1", TRACE_A, "http://h/a", 200, 10, 20, "")
			SEGMENT("o2", TRACE_A, "http://h/c", 200, 14, 15, "")
				SEGMENT("o3", TRACE_A, "http://h/c", 400, 14, 15, "")
					SEGMENT("o4", TRACE_A, "http://h/c", 200, 30, 31, ""));
	CHECK_EQ(one.segments.only_sdk, 1);
	CHECK_EQ(one.segments.only_ours, 3);
	CHECK_EQ(one.reasons[REASON_NO_MIDDLEWARE], 1);
	CHECK_EQ(one.reasons[REASON_OTHER_TIME], 1);
	CHECK_EQ(comparison_undocumented(&one), 2);
	comparison_clear(&one);
}

/* A second segment for the same request is a difference, not something that only we saw. */
TEST(compare_segment_twice)
{
	struct comparison one;

	compare(&one, SEGMENT("s", TRACE_A, "http://h/", 200, 10, 11, ""),
		SEGMENT("o1", TRACE_A, "http://h/", 200, 10, 11, "")
			SEGMENT("o2", TRACE_A, "http://h/", 200, 10, 11, ""));
	CHECK_EQ(comparison_undocumented(&one), 1);
	CHECK_STR(one.findings[0].field, "segment only ours");
	comparison_clear(&one);
}

/* What a file may hold besides segments never ends the comparison. */
TEST(compare_hostile_files)
{
	struct record record;

	read_text("\nnonsense\n{}\n[1]\n{\"id\":7,\"name\":8}\n"
		  "{\"id\":\"a\",\"name\":\"n\",\"in_progress\":true}\n"
		  "{\"id\":\"b\",\"name\":\"n\",\"subsegments\":{\"x\":7}}\n"
		  "{\"id\":\"c\",\"name\":\"n\",\"type\":\"subsegment\",\"parent_id\":\"c\","
		  "\"sql\":{}}\n"
		  "{\"id\":\"d\",\"name\":\"n\",\"type\":\"subsegment\",\"namespace\":\"local\"}\n",
		  &record);
	CHECK_EQ(record.count, 1);
	CHECK_EQ(record.invalid, 4);
	CHECK_EQ(record.local, 2); /* 7, which is not even an object, and d */
	CHECK_EQ(record.segments[0].call_count, 0);
	record_clear(&record);
	CHECK(record_read("/nowhere/at/all", &record) < 0);
	record_clear(&record);
}
