// SPDX-License-Identifier: Apache-2.0
/* test_segment_flags.c - error, fault and throttle by a request's status. */
#include "unit.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "segment_fixture.h"
#include "util/array.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

static cJSON *encode(struct segment_fixture *f)
{
	_cleanup_free_ char *json = segment_fixture_encode(f);

	return json ? cJSON_Parse(json) : NULL;
}

static bool is_set(const cJSON *doc, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(doc, key);

	CHECK(!item || cJSON_IsTrue(item)); /* flags appear only when true */
	return item;
}

TEST(segment_flags_by_status)
{
	static const struct {
		int status;
		bool error, throttle, fault;
	} rows[] = {
		{ 101, false, false, false }, { 200, false, false, false },
		{ 399, false, false, false }, { 400, true, false, false },
		{ 404, true, false, false },  { 429, true, true, false },
		{ 499, true, false, false },  { 500, false, false, true },
		{ 504, false, false, true },  { 999, false, false, true },
	};
	struct segment_fixture f;

	segment_fixture_init(&f);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(cleanup_json) cJSON *doc = NULL;

		f.request.status = rows[i].status;
		doc = encode(&f);
		unit_context("status %d", rows[i].status);
		CHECK_EQ(is_set(doc, "error"), rows[i].error);
		CHECK_EQ(is_set(doc, "throttle"), rows[i].throttle);
		CHECK_EQ(is_set(doc, "fault"), rows[i].fault);
	}
}

/* A fault when there was none, or not a whole one; not when it was only not captured. */
TEST(segment_flags_without_a_status)
{
	static const uint32_t faults[] = { REQUEST_NO_RESPONSE, REQUEST_ABORTED };
	struct segment_fixture f;

	segment_fixture_init(&f);
	f.request.status = 0;
	for (size_t i = 0; i <= ARRAY_LEN(faults); i++) {
		_cleanup_(cleanup_json) cJSON *doc = NULL;

		f.request.flags = i < ARRAY_LEN(faults) ? faults[i] : 0;
		doc = encode(&f);
		unit_context("row %zu", i);
		CHECK_EQ(is_set(doc, "fault"), i < ARRAY_LEN(faults));
	}
}
