// SPDX-License-Identifier: Apache-2.0
/*
 * test_json_writer.c - what the streaming writer writes, against cJSON: byte for byte what json.h
 * builds of the same members, and read back as what went in.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "xray/json.h"
#include "xray/json_writer.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

/* Both ways of writing @text, cut at @cap. */
static void check_string(struct bytes text, size_t cap)
{
	_cleanup_(cleanup_json) cJSON *object = cJSON_CreateObject(), *parsed = NULL;
	_cleanup_free_ char *built = NULL;
	struct json_writer w = { 0 };

	json_add_bytes(object, "k", text, cap);
	built = cJSON_PrintUnformatted(object);
	json_open_item(&w);
	json_put_bytes(&w, "k", text, cap);
	json_close(&w);
	if (CHECK_EQ(json_finish(&w), 0)) {
		CHECK_STR(w.at, built);
		CHECK_EQ(w.len, strlen(w.at));
		parsed = cJSON_Parse(w.at);
		CHECK(parsed);
		CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(parsed, "k")),
			  cJSON_GetStringValue(cJSON_GetObjectItem(object, "k")));
	}
	json_clear(&w);
}

TEST(json_writer_strings)
{
	static const char *const texts[] = {
		"",
		"plain",
		"\"quoted\" \\ / back",
		"\b\f\n\r\t\x01\x1f\x7f",
		"caf\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x8d\xb0",
		"\xc3",
		"\xff\xfe broken \xe6\xbc",
		"\xed\xa0\x80 surrogate, \xc0\x80 overlong",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		unit_context("text %zu", i);
		check_string(bytes_str(texts[i]), 4096);
		for (size_t cap = 0; cap < 16; cap++)
			check_string(bytes_str(texts[i]), cap);
	}
	check_string(LITERAL("a\0b"), 64);
}

/* Every byte, and bytes at random, against a guard page. */
TEST(json_writer_any_bytes)
{
	uint8_t data[64];
	uint32_t random = 2463534242u;

	for (unsigned int c = 0; c < 256; c++) {
		data[0] = (uint8_t)c;
		unit_context("byte %u", c);
		check_string(bytes_of(guard_copy(bytes_of(data, 1)), 1), 16);
		guard_release();
	}
	for (int round = 0; round < 2000; round++) {
		size_t len = (size_t)round % sizeof(data);

		for (size_t i = 0; i < len; i++) {
			random ^= random << 13;
			random ^= random >> 17;
			random ^= random << 5;
			data[i] = (uint8_t)(random >> 9);
		}
		unit_context("round %d", round);
		check_string(bytes_of(guard_copy(bytes_of(data, len)), len), 1 + random % 80);
		guard_release();
	}
}

TEST(json_writer_members)
{
	_cleanup_(cleanup_json) cJSON *object = cJSON_CreateObject();
	_cleanup_free_ char *built = NULL;
	struct json_writer w = { 0 };
	cJSON *list;

	json_add_int(object, "a", 0);
	json_add_int(object, "b", INT64_MIN);
	json_add_int(object, "c", INT64_MAX);
	json_add_seconds(object, "e", 1795352788000007);
	json_add_seconds(object, "f", UINT64_MAX);
	json_add_ms(object, "g", 12500001);
	json_add_ms(object, "h", 7000);
	json_add_ms(object, "i", 3000000000);
	json_add_bool(object, "j", false);
	json_add_bool(object, "l", true);
	list = json_add_array(object, "m");
	json_add_int(json_append_object(list), "n", 1);
	json_add_string(json_append_object(list), "o", "p", 8);
	json_add_object(object, "q");
	built = cJSON_PrintUnformatted(object);

	json_open_item(&w);
	json_put_int(&w, "a", 0);
	json_put_int(&w, "b", INT64_MIN);
	json_put_int(&w, "c", INT64_MAX);
	json_put_known(&w, "d", -1); /* unknown: nothing is written */
	json_put_seconds(&w, "e", 1795352788000007);
	json_put_seconds(&w, "f", UINT64_MAX);
	json_put_ms(&w, "g", 12500001);
	json_put_ms(&w, "h", 7000);
	json_put_ms(&w, "i", 3000000000);
	json_put_bool(&w, "j", false);
	json_put_true(&w, "k", false);
	json_put_true(&w, "l", true);
	json_open_array(&w, "m");
	json_open_item(&w);
	json_put_int(&w, "n", 1);
	json_close(&w);
	json_open_item(&w);
	json_put_string(&w, "o", "p", 8);
	json_close(&w);
	json_close_array(&w);
	json_open(&w, "q");
	json_close(&w);
	json_close(&w);
	CHECK_EQ(json_finish(&w), 0);
	CHECK_STR(w.at, built);
	json_clear(&w);
}

/* unit.c lets the allocator say no instead of ending the program. */
TEST(json_writer_without_memory)
{
	struct json_writer w = { 0 };

	json_open_item(&w);
	json_put_int(&w, "a", 1);
	json_put_bytes(&w, "b", bytes_of("", SIZE_MAX / 64), SIZE_MAX / 64);
	json_put_string(&w, "c", "behind it", 64);
	json_close(&w);
	CHECK_EQ(json_finish(&w), -ENOMEM);
	json_reset(&w);
	json_open_item(&w);
	json_close(&w);
	CHECK_EQ(json_finish(&w), 0);
	CHECK_STR(w.at, "{}");
	json_clear(&w);
}

/* The memory serves the next document, unless there is unusually much of it. */
TEST(json_writer_reuse)
{
	struct json_writer w = { 0 };
	_cleanup_free_ char *text = calloc(1, 300001);
	const char *at;

	memset(text, 'x', 300000);
	json_put_string(&w, "a", text, 1000);
	at = w.at;
	json_reset(&w);
	json_put_string(&w, "a", text, 1000);
	CHECK(w.at == at);
	json_put_string(&w, "b", text, 300000);
	CHECK(w.len > 300000);
	json_reset(&w);
	CHECK(!w.cap);
	json_clear(&w);
}
