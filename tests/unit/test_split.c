// SPDX-License-Identifier: Apache-2.0
/* test_split.c - one large segment as several documents that add up to it. */
#include "unit.h"

#include <errno.h>

#include <cjson/cJSON.h>

#include "emit/document.h"
#include "emit/split.h"
#include "segment_fixture.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

struct parts {
	char *json[50];
	size_t count;
};

static void keep(void *ctx, const char *json, size_t len)
{
	struct parts *parts = ctx;

	CHECK_EQ(strlen(json), len);
	if (CHECK(parts->count < 50))
		parts->json[parts->count++] = strdup(json);
}

static void parts_clear(struct parts *parts)
{
	while (parts->count)
		free(parts->json[--parts->count]);
}

static int split(const char *json, size_t max, struct parts *parts)
{
	struct document_sink sink = { keep, parts };

	return document_split(json, strlen(json), max, &sink);
}

/* A segment with @count statements of about @len bytes each. */
static char *segment_with(size_t count, size_t len)
{
	_cleanup_free_ char *sql = malloc(len + 1);
	struct segment_fixture f;

	if (!sql)
		abort();
	memset(sql, 'x', len);
	sql[len] = '\0';
	segment_fixture_init(&f);
	f.context.sql = SEGMENT_SQL_RAW;
	for (size_t i = 0; i < count; i++)
		segment_fixture_add(&f, sql);
	return segment_fixture_encode(&f);
}

static const char *string_at(const cJSON *doc, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, key));
}

TEST(split_leaves_a_small_document_alone)
{
	_cleanup_free_ char *json = segment_with(3, 100);
	struct parts parts = { 0 };

	CHECK_EQ(split(json, strlen(json), &parts), 1);
	CHECK_EQ(parts.count, 1);
	CHECK_STR(parts.json[0], json);
	parts_clear(&parts);
}

/* Every subsegment once, unchanged to the byte, and each part within the limit. */
TEST(split_at_every_limit)
{
	_cleanup_free_ char *json = segment_with(30, 300);

	for (size_t max = 2000; max < strlen(json); max += 997) {
		_cleanup_(cleanup_json) cJSON *rest = NULL;
		struct parts parts = { 0 };
		const cJSON *left;
		int documents;

		unit_context("limit %zu", max);
		documents = split(json, max, &parts);
		CHECK_EQ(documents, parts.count);
		CHECK(parts.count >= 2);
		for (size_t i = 0; i < parts.count; i++)
			CHECK(strlen(parts.json[i]) <= max);
		for (size_t i = 0; i + 1 < parts.count; i++)
			CHECK(strstr(json, parts.json[i]));
		rest = cJSON_Parse(parts.json[parts.count - 1]);
		left = cJSON_GetObjectItemCaseSensitive(rest, "subsegments");
		CHECK_EQ(parts.count - 1 + cJSON_GetArraySize(left), 30);
		CHECK(!left || left->child);
		parts_clear(&parts);
	}
}

/* What X-Ray needs of a subsegment that is sent alone: type, trace_id, parent_id. */
TEST(split_parts_are_documents)
{
	_cleanup_free_ char *json = segment_with(3, 300);
	_cleanup_(cleanup_json) cJSON *segment = cJSON_Parse(json);
	struct parts parts = { 0 };

	CHECK_EQ(split(json, 1, &parts), 4);
	for (size_t i = 0; i + 1 < parts.count; i++) {
		_cleanup_(cleanup_json) cJSON *part = cJSON_Parse(parts.json[i]);

		CHECK_STR(string_at(part, "type"), "subsegment");
		CHECK_STR(string_at(part, "trace_id"), string_at(segment, "trace_id"));
		CHECK_STR(string_at(part, "parent_id"), string_at(segment, "id"));
		CHECK(!strncmp(parts.json[i], "{\"id\":\"", 7));
		CHECK(strstr(parts.json[i], "\"start_time\":1795352788.12"));
	}
	if (CHECK_EQ(parts.count, 4)) {
		CHECK(!strstr(parts.json[3], "subsegments"));
		CHECK(strstr(parts.json[3], "\"start_time\":1795352788.123456,"));
		CHECK(strstr(parts.json[3], "\"end_time\":1795352788.135957}"));
	}
	parts_clear(&parts);
}

TEST(split_fits_datagrams)
{
	_cleanup_free_ char *json = segment_with(40, 8000);
	struct parts parts = { 0 };

	CHECK(strlen(json) > 40 * 8000);
	CHECK(split(json, DOCUMENT_MAX, &parts) > 30);
	for (size_t i = 0; i < parts.count; i++)
		CHECK(strlen(parts.json[i]) <= DOCUMENT_MAX);
	parts_clear(&parts);
}

TEST(split_refuses_what_is_no_object)
{
	struct parts parts = { 0 };

	CHECK_EQ(split("[1,2,3]", 1, &parts), -EBADMSG);
	CHECK_EQ(split("{\"id\":", 1, &parts), -EBADMSG);
	CHECK_EQ(parts.count, 0);
	CHECK_EQ(split("{\"id\":1}", 1, &parts), 1); /* nothing to take out */
	parts_clear(&parts);
}
