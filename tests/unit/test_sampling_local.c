// SPDX-License-Identifier: Apache-2.0
/* test_sampling_local.c - rule files of both versions: what is refused and why, and what is
 * decided.
 */
#include "unit.h"

#include <errno.h>

#include "sampling_fixture.h"
#include "util/array.h"

#define DEFAULT	  "\"default\":{\"fixed_target\":1,\"rate\":0.05}"
#define V2(rules) "{\"version\":2," DEFAULT ",\"rules\":[" rules "]}"

static struct sampling_local *parsed(const char *json)
{
	char error[SAMPLING_ERROR_CAP];
	struct sampling_local *local = NULL;

	CHECK_EQ(sampling_local_parse(bytes_str(json), &local, error), 0);
	CHECK_STR(error, "");
	return local;
}

struct refusal {
	const char *json;
	const char *error;
};

static const struct refusal refusals[] = {
	{ "", "line 1: this is not JSON" },
	{ "{\"version\":2,\n  nonsense}", "line 2: this is not JSON" },
	{ "[]", "the document must be an object with \"version\" and \"default\"" },
	{ "{\"version\":3," DEFAULT "}", "\"version\" must be 1 or 2" },
	{ "{\"version\":\"2\"," DEFAULT "}", "\"version\" must be 1 or 2" },
	{ "{" DEFAULT "}", "\"version\" must be 1 or 2" },
	{ "{\"version\":2}", "\"default\" is missing: the rule for what no other takes" },
	{ "{\"version\":2,\"default\":{\"fixed_target\":1,\"rate\":0.05,\"host\":\"*\"}}",
	  "default: \"host\" does not belong here: the default rule takes every request" },
	{ "{\"version\":1,\"default\":{\"fixed_target\":1,\"rate\":0,\"service_name\":\"*\"}}",
	  "default: \"service_name\" does not belong here: the default rule takes every request" },
	{ "{\"version\":2,\"default\":{\"rate\":0.05}}",
	  "default: \"fixed_target\" must be a whole number, 0 or more" },
	{ "{\"version\":2,\"default\":{\"fixed_target\":1.5,\"rate\":0.05}}",
	  "default: \"fixed_target\" must be a whole number, 0 or more" },
	{ "{\"version\":2,\"default\":{\"fixed_target\":-1,\"rate\":0.05}}",
	  "default: \"fixed_target\" must be a whole number, 0 or more" },
	{ "{\"version\":2,\"default\":{\"fixed_target\":1,\"rate\":1.1}}",
	  "default: \"rate\" must be a number from 0 to 1" },
	{ "{\"version\":2,\"default\":{\"fixed_target\":1,\"rate\":-0.1}}",
	  "default: \"rate\" must be a number from 0 to 1" },
	{ "{\"version\":2,\"default\":{\"fixed_target\":1,\"rate\":\"all\"}}",
	  "default: \"rate\" must be a number from 0 to 1" },
	{ "{\"version\":2," DEFAULT ",\"rules\":{}}", "\"rules\" must be a list" },
	{ V2("7"), "rules[0]: a rule must be an object" },
	{ V2("{\"http_method\":\"*\",\"url_path\":\"*\",\"fixed_target\":0,\"rate\":0}"),
	  "rules[0]: \"host\" must be a text that is not empty" },
	{ V2("{\"service_name\":\"*\",\"http_method\":\"*\",\"url_path\":\"*\",\"fixed_target\":0,"
	     "\"rate\":0}"),
	  "rules[0]: \"host\" must be a text that is not empty" },
	{ V2("{\"host\":\"*\",\"http_method\":\"\",\"url_path\":\"*\",\"fixed_target\":0,\"rate\":"
	     "0}"),
	  "rules[0]: \"http_method\" must be a text that is not empty" },
	{ V2("{\"host\":\"*\",\"http_method\":\"*\",\"url_path\":\"*\",\"fixed_target\":0,\"rate\":"
	     "0},"
	     "{\"host\":\"*\",\"http_method\":\"*\",\"fixed_target\":0,\"rate\":0}"),
	  "rules[1]: \"url_path\" must be a text that is not empty" },
	{ V2("{\"host\":\"*\",\"http_method\":\"*\",\"url_path\":\"*\",\"rate\":0}"),
	  "rules[0]: \"fixed_target\" must be a whole number, 0 or more" },
	{ "{\"version\":2," DEFAULT "} trailing", "line 1: this is not JSON" },
};

TEST(sampling_local_refusals)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct bytes json = bytes_str(refusals[i].json);
		struct sampling_local *local = NULL;
		char error[SAMPLING_ERROR_CAP];

		unit_context("%s", refusals[i].json);
		CHECK_EQ(sampling_local_parse(bytes_of(guard_copy(json), json.len), &local, error),
			 -EINVAL);
		CHECK_STR(error, refusals[i].error);
		CHECK(!local);
	}
}

static bool decide(struct sampling_local *local, const struct sampling_request *request,
		   struct random_source random)
{
	struct sampling_decision decision;

	sampling_local_decide(local, request, &random, &decision);
	CHECK(!decision.central);
	CHECK_STR(decision.rule_name, "");
	return decision.sampled;
}

/* The reservoir belongs to the second in which a request began, in whatever order they come. */
TEST(sampling_local_reservoir_counts_by_start_second)
{
	struct sampling_local *local = sampling_local_default();
	struct sampling_request first = request_at(1000), second = request_at(1001);

	CHECK(decide(local, &first, always_high()));
	CHECK(decide(local, &second, always_high()));
	CHECK(!decide(local, &first, always_high()));
	CHECK(!decide(local, &second, always_high()));
	CHECK(decide(local, &second, always_low()));
	sampling_local_free(local);
}

/* So late that its second's place has gone to a later one: nothing is given out twice. */
TEST(sampling_local_reservoir_forgets_old_seconds)
{
	struct sampling_local *local = sampling_local_default();
	struct sampling_request late = request_at(1000), now = request_at(1000 + SAMPLING_SECONDS);

	CHECK(decide(local, &now, always_high()));
	CHECK(!decide(local, &late, always_high()));
	CHECK(!decide(local, &now, always_high()));
	sampling_local_free(local);
}

#define TWO_RULES                                                                                  \
	"{\"host\":\"*.example.com\",\"http_method\":\"G?T\",\"url_path\":\"/health*\","           \
	"\"fixed_target\":0,\"rate\":0,\"description\":\"health checks\"},"                        \
	"{\"host\":\"*\",\"http_method\":\"*\",\"url_path\":\"/"                                   \
	"todos*\",\"fixed_target\":2,\"rate\":1}"

TEST(sampling_local_first_match_in_file_order)
{
	struct sampling_local *local = parsed(V2(TWO_RULES));
	struct sampling_request request = request_at(5);

	request.path = bytes_str("/health/live");
	request.host = bytes_str("WWW.example.com");
	CHECK(!decide(local, &request, always_low()));
	request.method = bytes_str("POST");
	CHECK(decide(local, &request, always_low())); /* the default's reservoir */
	CHECK(!decide(local, &request, always_high()));
	request.path = bytes_str("/todos/7");
	CHECK(decide(local, &request, always_high()));
	CHECK(decide(local, &request, always_high()));
	CHECK(decide(local, &request, always_high())); /* rate 1 behind the reservoir */
	sampling_local_free(local);
}

/* An attribute that a request lacks matches, as in the SDK. */
TEST(sampling_local_missing_attributes_match)
{
	struct sampling_local *local = parsed(V2(TWO_RULES));
	struct sampling_request request = request_at(5);

	request.host = BYTES_NONE;
	request.method = BYTES_NONE;
	request.path = bytes_str("/health");
	CHECK(!decide(local, &request, always_low()));
	request.path = BYTES_NONE;
	CHECK(!decide(local, &request, always_low()));
	sampling_local_free(local);
}

TEST(sampling_local_version_1_calls_the_host_service_name)
{
	struct sampling_local *local =
		parsed("{\"version\":1,\"default\":{\"fixed_target\":0,\"rate\":0},\"rules\":["
		       "{\"service_name\":\"h\",\"http_method\":\"*\",\"url_path\":\"*\","
		       "\"fixed_target\":1,\"rate\":0}]} \n");
	struct sampling_request request = request_at(5), other = request_at(5);

	other.host = bytes_str("elsewhere");
	CHECK(!decide(local, &other, always_high()));
	CHECK(decide(local, &request, always_high()));
	CHECK(!decide(local, &request, always_high()));
	sampling_local_free(local);
}

struct path_row {
	const char *target;
	const char *path;
};

static const struct path_row paths[] = {
	{ "/todos?x=/1", "/todos" }, { "/caf%C3%A9/%2F", "/caf\xc3\xa9//" },
	{ "/100%", "/100%" },	     { "/%4", "/%4" },
	{ "/%zz", "/%zz" },	     { "http://h:8000/a/b?c", "/a/b" },
	{ "http://h", "/" },	     { "*", "*" },
	{ "h:443", "h:443" },	     { "", "" },
};

TEST(sampling_path_is_what_django_has)
{
	char path[SAMPLING_PATH_CAP];

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct bytes in = bytes_str(paths[i].target);

		unit_context("%s", paths[i].target);
		CHECK_VIEW(sampling_path(bytes_of(guard_copy(in), in.len), path), paths[i].path);
	}
}

TEST(sampling_path_is_bounded)
{
	char path[SAMPLING_PATH_CAP], target[2 * SAMPLING_PATH_CAP];

	memset(target, '/', sizeof(target));
	CHECK_EQ(sampling_path(bytes_of(target, sizeof(target)), path).len, SAMPLING_PATH_CAP - 1);
}
