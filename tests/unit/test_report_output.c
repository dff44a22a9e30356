// SPDX-License-Identifier: Apache-2.0
/* test_report_output.c - hostile documents on a terminal and inside of a script element. */
#include "unit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "report/page.h"
#include "report/script.h"
#include "report/text.h"
#include "report_build.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/utf8.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

TEST(report_text_is_safe_on_a_terminal)
{
	static const struct {
		const char *in;
		size_t width;
		const char *out;
	} rows[] = {
		{ "", 10, "" },
		{ "plain", 10, "plain" },
		{ "plain", 5, "plain" },
		{ "plain text", 5, "plai…" },
		{ "a \t\n b", 10, "a b" },
		{ "\x1b[2J\x07", 10, "?[2J?" },
		{ "\xc2\x9b"
		  "31m",
		  10, "?31m" }, /* C1: CSI */
		{ "a\xe2\x80\xae"
		  "b",
		  10, "a?b" }, /* right-to-left override */
		{ "\xff\xc3", 10, "??" },
		{ "\xc3\xa4\xc3\xb6", 10, "\xc3\xa4\xc3\xb6" },
		{ "\xc3\xa4\xc3\xb6\xc3\xbc", 2, "\xc3\xa4…" },
		{ "abc", 0, "" },
	};
	char out[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unit_context("row %zu", i);
		CHECK(text_safe(rows[i].in, rows[i].width, out) <= rows[i].width);
		CHECK_STR(out, rows[i].out);
	}
}

static char *escaped(const char *json)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	script_write(json, out);
	fclose(out);
	return text;
}

TEST(report_script_escapes)
{
	static const char *const in = "\"</script><!--&\xe2\x80\xa8\xe2\x80\xa9\xe2\x82\xac\"";
	_cleanup_free_ char *text = escaped(in);
	_cleanup_(cleanup_json) cJSON *before = cJSON_Parse(in), *after = cJSON_Parse(text);

	CHECK_STR(text, "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029\xe2\x82\xac\"");
	CHECK_EQ(script_length(in), strlen(text));
	CHECK_STR(cJSON_GetStringValue(after), cJSON_GetStringValue(before));
}

/* The output of report_text() for documents whose every text is hostile. */
TEST(report_of_hostile_documents)
{
	static const char *const evil = "'\\u001b[31m<script>alert(1)</script>\\u0007\\n'";
	struct store store = { 0 };
	struct report report;
	char line[2048];
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	snprintf(line, sizeof(line),
		 "{" ID_1 ",'name':%s,'origin':%s,'trace_id':'" TRACE_A "','start_time':1,"
		 "'end_time':2,'http':{'request':{'url':%s,'method':%s,'user_agent':%s}},"
		 "'subsegments':[{" ID_2 ",'name':%s,'namespace':'remote','sql':"
		 "{'sanitized_query':%s},'start_time':1,'end_time':2,'fault':true,"
		 "'cause':{'exceptions':[{'message':%s}]}}]}",
		 evil, evil, evil, evil, evil, evil, evil, evil);
	CHECK_EQ(report_add(&store, line), 0);
	CHECK_EQ(report_build(&report, &store), 0);
	CHECK_EQ(report_text(&report, NULL, out), 0);
	CHECK_EQ(report_text(&report, "1-none", out), -ENOENT);
	fclose(out);
	CHECK(strstr(text, "alert(1)"));
	for (const char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at) && *at != '\n')
			CHECK_EQ(*at, '\n');
	report_clear(&report);
	store_clear(&store);
}

TEST(report_of_nothing)
{
	struct store store = { 0 };
	struct report report;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	CHECK_EQ(report_build(&report, &store), 0);
	CHECK_EQ(report_text(&report, NULL, out), 0);
	fclose(out);
	CHECK(strstr(text, "0 traces"));
	report_clear(&report);
	store_clear(&store);
}

static size_t occurrences(struct bytes in, const char *what)
{
	size_t count = 0;

	for (const uint8_t *at; (at = memmem(in.at, in.len, what, strlen(what))); count++)
		in = bytes_skip(in, (size_t)(at - in.at) + 1);
	return count;
}

TEST(report_page_template)
{
	struct bytes page = page_template();

	CHECK_EQ(occurrences(page, "@DATA@"), 1);
	CHECK_EQ(occurrences(page, "@DOCUMENTS@"), 1);
	CHECK_EQ(occurrences(page, "@SCRIPT"), 0);
	CHECK_EQ(occurrences(page, "@STYLE"), 0);
	CHECK_EQ(occurrences(page, "default-src 'none'"), 1);
	CHECK_EQ(occurrences(page, "unsafe-inline"), 0);
	CHECK_EQ(occurrences(page, "innerHTML"), 0);
	CHECK_EQ(occurrences(page, "https://"), 0);
}
