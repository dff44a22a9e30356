// SPDX-License-Identifier: Apache-2.0
/* test_segment_hostile.c - documents from the worst of strings, and without memory. */
#include "unit.h"

#include <cjson/cJSON.h>

#include "emit/document.h"
#include "emit/split.h"
#include "segment_fixture.h"
#include "util/cleanup.h"
#include "util/utf8.h"

#define LONG 20000

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

/* @len bytes of @fill and then a NUL; freed by the caller. */
static char *string_of(uint8_t fill, size_t len)
{
	char *s = malloc(len + 1);

	if (!s)
		abort();
	memset(s, fill, len);
	s[len] = '\0';
	return s;
}

/* Puts the byte into every string that comes from outside. */
static void make_hostile(struct segment_fixture *f, char *text, uint8_t fill)
{
	struct request *r = &f->request;
	struct statement *s;

	r->method = r->scheme = r->host = r->target = text;
	r->user_agent = r->x_forwarded_for = r->trace_header = text;
	memset(r->client_ip, fill, sizeof(r->client_ip) - 1);
	r->flags = ~0u;
	r->bytes_in = UINT64_MAX;
	f->context.service_name = text;
	s = segment_fixture_add(f, text);
	memset(&s->peer, 0, sizeof(s->peer));
	memset(s->peer.address, fill, sizeof(s->peer.address) - 1);
	memset(s->peer.name, fill, sizeof(s->peer.name) - 1);
	memset(s->peer.user, fill, sizeof(s->peer.user) - 1);
	memset(s->peer.database, fill, sizeof(s->peer.database) - 1);
	memset(s->peer.version, fill, sizeof(s->peer.version) - 1);
	memset(s->peer.driver, fill, sizeof(s->peer.driver) - 1);
	memset(s->command, fill, sizeof(s->command) - 1);
	memset(s->err_sqlstate, fill, sizeof(s->err_sqlstate) - 1);
	s->peer.port = 65535;
	s->failed = true;
	s->err_code = 65535;
	s->err_message = text;
}

/* A document is one line of valid UTF-8 and parses, whatever it was made of. */
static void check_document(const char *json)
{
	_cleanup_(cleanup_json) cJSON *doc = cJSON_Parse(json);
	_cleanup_free_ char *clean = utf8_clean(bytes_str(json), strlen(json) * 3);

	CHECK(cJSON_IsObject(doc));
	CHECK_STR(clean, json);
	for (const char *p = json; *p; p++) {
		if (!CHECK((uint8_t)*p >= 0x20))
			break;
	}
}

static void check_part(void *ctx, const char *json, size_t len)
{
	size_t *parts = ctx;

	++*parts;
	CHECK_EQ(len, strlen(json));
	CHECK(len <= DOCUMENT_MAX);
	check_document(json);
}

/* Every byte value everywhere: valid JSON, and parts that fit a datagram. */
TEST(segment_of_hostile_bytes)
{
	for (int fill = 1; fill < 256; fill++) {
		_cleanup_free_ char *text = string_of(fill, LONG), *json = NULL;
		struct segment_fixture f;
		size_t parts = 0;
		struct document_sink sink = { .document = check_part, .ctx = &parts };

		segment_fixture_init(&f);
		f.context.sql = fill % 2 ? SEGMENT_SQL_RAW : SEGMENT_SQL_SANITIZED;
		make_hostile(&f, text, fill);
		unit_context("byte 0x%02x", fill);
		json = segment_fixture_encode(&f);
		if (!json)
			return;
		check_document(json);
		CHECK(document_split(json, strlen(json), DOCUMENT_MAX, &sink) >= 1);
		CHECK(parts >= 1 && parts <= 2);
	}
}

/* The worst that escaping can do: control characters at their caps, in all texts at once. */
TEST(segment_of_escapes_splits_into_parts_that_fit)
{
	_cleanup_free_ char *text = string_of(1, LONG), *json = NULL;
	struct segment_fixture f;
	size_t parts = 0;
	struct document_sink sink = { .document = check_part, .ctx = &parts };

	segment_fixture_init(&f);
	f.context.sql = SEGMENT_SQL_RAW;
	make_hostile(&f, text, 1);
	make_hostile(&f, text, 1);
	json = segment_fixture_encode(&f);
	if (!json)
		return;
	CHECK(strlen(json) > DOCUMENT_MAX);
	CHECK_EQ(document_split(json, strlen(json), DOCUMENT_MAX, &sink), 3);
	CHECK_EQ(parts, 3);
}

TEST(segment_of_random_bytes)
{
	uint32_t random = 1;

	for (int round = 0; round < 300; round++) {
		_cleanup_free_ char *text = string_of('x', 600), *json = NULL;
		struct segment_fixture f;

		for (int i = 0; i < 600; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = (random >> 24) % 255 + 1;
		}
		segment_fixture_init(&f);
		f.context.sql = round % 3;
		make_hostile(&f, text, text[0]);
		json = segment_fixture_encode(&f);
		unit_context("round %d", round);
		if (json)
			check_document(json);
	}
}

/* A request of which nothing is known is still a segment. */
TEST(segment_of_nothing)
{
	struct segment_fixture f;
	_cleanup_free_ char *json = NULL;

	segment_fixture_init(&f);
	f.request = (struct request){ .queue_ns = -1, .response_length = -1 };
	f.context.service_name = NULL;
	f.context.realtime_offset_ns = -5;
	json = segment_fixture_encode(&f);
	if (json) {
		check_document(json);
		CHECK(strstr(json, "\"name\":\"unknown\",\"start_time\":0.000000,"));
		CHECK(strstr(json, "\"end_time\":0.000000}"));
	}
}
