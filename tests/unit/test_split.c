// SPDX-License-Identifier: Apache-2.0
/* test_split.c - one large segment as several documents that add up to it. */
#include "unit.h"

#include <errno.h>

#include <cjson/cJSON.h>

#include "emit/document.h"
#include "emit/split.h"
#include "emit/truncate.h"
#include "segment_fixture.h"
#include "util/array.h"
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
	struct document_sink sink = { .document = keep, .ctx = parts };

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

/* One subsegment that no datagram takes: its longest text is cut, and it says so. */
TEST(split_truncates_what_is_too_large_alone)
{
	static const struct {
		size_t count, len, max;
		unsigned int truncated;
	} rows[] = {
		{ 1, 5000, 2500, 1 }, /* the statement alone is too large */
		{ 3, 5000, 2500, 3 }, /* each of them */
		{ 3, 1000, 2500, 0 }, /* none of them */
		{ 1, 5000, 5600, 0 }, /* just not */
		{ 1, 5000, 1200, 1 }, /* the smallest that the segment has room in */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_free_ char *json = segment_with(rows[i].count, rows[i].len);
		struct parts parts = { 0 };
		struct document_sink sink = { .document = keep, .ctx = &parts };
		unsigned int marked = 0;
		int documents;

		unit_context("row %zu", i);
		documents = document_split(json, strlen(json), rows[i].max, &sink);
		CHECK_EQ(documents, parts.count);
		CHECK_EQ(sink.truncated, rows[i].truncated);
		CHECK(parts.count > rows[i].count || !sink.truncated);
		for (size_t j = 0; j < parts.count; j++) {
			CHECK(strlen(parts.json[j]) <= rows[i].max);
			if (!strstr(parts.json[j], "\"truncated\":true"))
				continue;
			marked++;
			/* not a byte shorter than it must be, but for the mark */
			CHECK(strlen(parts.json[j]) + 50 > rows[i].max);
			CHECK(strstr(parts.json[j], "\"sanitized_query\":\"xxx"));
		}
		CHECK_EQ(marked, rows[i].truncated);
		parts_clear(&parts);
	}
}

/* Cut between code points; ids and the mark of before stay. */
TEST(truncate_keeps_what_a_document_is_known_by)
{
	_cleanup_(cleanup_json) cJSON *document = cJSON_Parse(
		"{\"id\":\"0123456789abcdef\",\"name\":\"shop\",\"a\":\"\xc3\xa4\xc3\xa4\xc3\xa4"
		"\xc3\xa4\",\"list\":[\"bb\"],\"metadata\":{\"bpfxray\":{\"pid\":7}}}");
	_cleanup_free_ char *cut = NULL, *bare = NULL;

	CHECK_EQ(truncate_texts(document, 142, 181), 0); /* 3 bytes too many with the mark */
	cut = cJSON_PrintUnformatted(document);
	CHECK_STR(cut,
		  "{\"id\":\"0123456789abcdef\",\"name\":\"shop\",\"a\":\"\xc3\xa4\xc3\xa4\","
		  "\"list\":[\"bb\"],\"metadata\":{\"bpfxray\":{\"pid\":7,\"truncated\":true}}}");
	CHECK_EQ(truncate_texts(document, 142, 0), 0);
	bare = cJSON_PrintUnformatted(document);
	CHECK_STR(bare, "{\"id\":\"0123456789abcdef\",\"name\":\"shop\",\"a\":\"\",\"list\":[\"\"],"
			"\"metadata\":{\"bpfxray\":{\"pid\":7,\"truncated\":true}}}");
}
