// SPDX-License-Identifier: Apache-2.0
/* test_top.c - the live view's numbers and frames: exact where they must be, bounded whatever
 * comes. */
#include "unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/top_frame.h"
#include "util/array.h"
#include "util/cleanup.h"

#define SECOND_NS 1000000000ULL

TEST(sketch_percentiles_are_near)
{
	static const uint64_t times_us[] = { 0,	   1,	   15,	       16,	 17,	     999,
					     1000, 123456, 1ULL << 35, 59999999, 1ULL << 36, 77 };

	for (size_t i = 0; i < ARRAY_LEN(times_us); i++) {
		struct sketch sketch = { 0 };
		int64_t us = (int64_t)times_us[i], off;

		unit_context("%lld us", (long long)us);
		sketch_add(&sketch, times_us[i]);
		sketch_add(&sketch, UINT32_MAX); /* so that no maximum helps */
		off = (int64_t)sketch_percentile(&sketch, us < UINT32_MAX ? 50 : 100) - us;
		CHECK(llabs(off) <= us / 32);
	}
}

TEST(sketch_ranks)
{
	struct sketch sketch = { 0 }, other = { 0 };

	CHECK_EQ(sketch_percentile(&sketch, 50), 0);
	for (unsigned int i = 1; i <= 50; i++)
		sketch_add(&sketch, 10);
	for (unsigned int i = 1; i <= 50; i++)
		sketch_add(&other, i <= 45 ? 12 : 14);
	sketch_merge(&sketch, &other);
	CHECK_EQ(sketch.count, 100);
	CHECK_EQ(sketch.sum_us, 50 * 10 + 45 * 12 + 5 * 14);
	CHECK_EQ(sketch_percentile(&sketch, 0), 10);
	CHECK_EQ(sketch_percentile(&sketch, 50), 10);
	CHECK_EQ(sketch_percentile(&sketch, 51), 12);
	CHECK_EQ(sketch_percentile(&sketch, 95), 12);
	CHECK_EQ(sketch_percentile(&sketch, 96), 14);
	CHECK_EQ(sketch_percentile(&sketch, 100), 14);
	sketch_add(&sketch, UINT64_MAX / 2);
	CHECK_EQ(sketch.max_us, UINT64_MAX / 2);
	CHECK_EQ(sketch_percentile(&sketch, 100) > 1ULL << 35, true);
}

static void add(struct heavy *heavy, const char *text, uint64_t us)
{
	const struct heavy_event event = { bytes_str(text), us, 1, false };

	heavy_add(heavy, &event);
}

/* One text in twenty requests, among 100,000 that never come twice. */
TEST(heavy_keeps_the_frequent_one)
{
	struct heavy *heavy = calloc(1, sizeof(*heavy));
	const struct heavy_item *found = NULL;
	char text[32];

	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "/%u", i);
		add(heavy, text, 1);
		if (i % 20 == 0)
			add(heavy, "/frequent", 5);
	}
	CHECK_EQ(heavy->count, HEAVY_ITEMS);
	for (size_t i = 0; i < heavy->count; i++)
		if (!strcmp(heavy->items[i].text, "/frequent"))
			found = &heavy->items[i];
	if (CHECK(found)) {
		/* Its weight is at least the truth, what it counted itself at most. */
		CHECK(found->weight >= 5000);
		CHECK(found->times.count <= 5000);
		CHECK(found->times.count > 4000);
		CHECK_EQ(found->times.sum_us, 5 * found->times.count);
	}
	free(heavy);
}

TEST(heavy_texts_longer_than_it_keeps)
{
	struct heavy *heavy = calloc(1, sizeof(*heavy));
	char text[HEAVY_TEXT_MAX + 3];

	memset(text, 'a', sizeof(text));
	text[HEAVY_TEXT_MAX] = '\0';
	add(heavy, text, 1);
	text[HEAVY_TEXT_MAX] = 'b';
	text[HEAVY_TEXT_MAX + 1] = '\0';
	add(heavy, text, 1);
	add(heavy, text, 1);
	text[HEAVY_TEXT_MAX] = 'c';
	add(heavy, text, 1);
	CHECK_EQ(heavy->count, 3);
	CHECK_EQ(heavy->items[1].times.count, 2);
	CHECK_EQ(strlen(heavy->items[1].text), HEAVY_TEXT_MAX);
	add(heavy, "", 1);
	CHECK_EQ(heavy->count, 4);
	free(heavy);
}

/* A request for @target at @start_ns that took @us, with @count statements of a tenth of that. */
static void serve(struct top *top, const char *target, int status, uint64_t us, size_t count)
{
	struct statement statements[4] = { 0 };
	struct request request = {
		.start_ns = 5 * SECOND_NS,
		.end_ns = 5 * SECOND_NS + us * 1000,
		.method = (char *)"GET",
		.host = (char *)"shop.example",
		.target = (char *)target,
		.status = status,
		.flags = status ? 0 : REQUEST_NO_RESPONSE,
		.statements = statements,
		.statement_count = count,
	};

	for (size_t i = 0; i < count; i++)
		statements[i] = (struct statement){
			.command = "query",
			.sql = i ? (char *)"SELECT name FROM item WHERE id = 7" : NULL,
			.sql_len = i ? strlen("SELECT name FROM item WHERE id = 7") : 0,
			.start_ns = request.start_ns,
			.end_ns = request.start_ns + us * 100,
			.failed = i == 2,
		};
	top_request(top, &request);
}

TEST(top_counts)
{
	struct top *top = top_new(SEGMENT_SQL_SANITIZED, SECOND_NS);
	struct top_row rows[8];
	struct top_sums sums;

	serve(top, "/a", 200, 1000, 3);
	serve(top, "/a", 500, 1000, 0);
	serve(top, "/b", 404, 3000, 0);
	serve(top, "/b", 429, 3000, 0);
	serve(top, "/b", 0, 3000, 0);
	sums = top_sums(top, 3 * SECOND_NS);
	CHECK_EQ(sums.seconds, 2);
	CHECK_EQ(sums.requests, 5);
	CHECK_EQ(sums.faults, 2);
	CHECK_EQ(sums.errors, 1);
	CHECK_EQ(sums.throttles, 1);
	CHECK_EQ(sums.max_us, 3000);
	CHECK_EQ(sums.statements, 3);
	CHECK_EQ(top_rows(top, TOP_URLS, rows, 8), 2);
	CHECK_STR(rows[0].text, "GET http://shop.example/b");
	CHECK_EQ(rows[0].count, 3);
	CHECK_EQ(rows[0].failed, 3);
	CHECK_EQ(rows[0].sum_us, 9000);
	CHECK_EQ(rows[1].failed, 1);
	CHECK_EQ(top_rows(top, TOP_STATEMENTS, rows, 8), 2);
	CHECK_STR(rows[0].text, "SELECT name FROM item WHERE id = ?");
	CHECK_EQ(rows[0].count, 2);
	CHECK_EQ(rows[0].failed, 1);
	CHECK_STR(rows[1].text, "(query)");
	CHECK_EQ(top_rows(top, TOP_STATEMENTS, rows, 1), 1);
	top_free(top);
}

TEST(top_sql_off_shows_no_text)
{
	struct top *top = top_new(SEGMENT_SQL_OFF, SECOND_NS);
	struct top_row rows[8];

	serve(top, "/a", 200, 1000, 3);
	CHECK_EQ(top_rows(top, TOP_STATEMENTS, rows, 8), 1);
	CHECK_STR(rows[0].text, "(query)");
	CHECK_EQ(rows[0].count, 3);
	top_free(top);
}

/* What came counts for a pane or two, then it is gone; the sum of all stays. */
TEST(top_forgets)
{
	struct top *top = top_new(SEGMENT_SQL_SANITIZED, 0);
	uint64_t now_ns = 0;
	struct top_row row;

	serve(top, "/old", 200, 1000, 1);
	top_turn(top, now_ns += TOP_PANE_NS);
	serve(top, "/new", 200, 1000, 0);
	serve(top, "/new", 200, 1000, 0);
	serve(top, "/old", 200, 1000, 0);
	CHECK_EQ(top_sums(top, now_ns).requests, 4);
	CHECK_EQ(top_rows(top, TOP_URLS, &row, 1), 1);
	CHECK_EQ(row.count, 2);
	top_turn(top, now_ns += TOP_PANE_NS);
	CHECK_EQ(top_sums(top, now_ns).requests, 3);
	CHECK_EQ(top_sums(top, now_ns).statements, 0);
	top_turn(top, now_ns += TOP_PANE_NS - 1);
	CHECK_EQ(top_sums(top, now_ns).requests, 3);
	top_turn(top, now_ns += 1);
	CHECK_EQ(top_sums(top, now_ns).requests, 0);
	CHECK_EQ(top_rows(top, TOP_URLS, &row, 1), 0);
	CHECK_EQ(top_sums(top, now_ns).requests_in_all, 4);
	top_free(top);
}

static char *frame_of(struct top *top, const char *message, unsigned int columns,
		      unsigned int lines)
{
	const struct top_facts facts = {
		.services = "shop\x1b[2J (pid 1)",
		.processes = 3,
		.backend = "sock",
		.running_s = 3725,
		.lost = 7,
		.losses = "udp failed_full 7\r\n",
		.message = message,
		.now_ns = 2 * SECOND_NS,
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	top_frame(top, &facts, columns, lines, out);
	if (!columns)
		top_lines(top, &facts, "now", out);
	fclose(out);
	return text;
}

static unsigned int line_count(const char *text)
{
	unsigned int count = 1;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* Full lists on screens of every size. */
TEST(top_frame_fits_every_screen)
{
	struct top *top = top_new(SEGMENT_SQL_SANITIZED, SECOND_NS);
	char target[32];

	for (unsigned int i = 0; i < 300; i++) {
		snprintf(target, sizeof(target), "/item/%u", i % 150);
		serve(top, target, 200, i, 3);
	}
	for (unsigned int lines = 1; lines < 120; lines++) {
		_cleanup_free_ char *text =
			frame_of(top, lines % 2 ? "" : "a message", lines * 3, lines);

		unit_context("%u lines", lines);
		/* Two kinds of statements: the rest of the rows are URLs. */
		CHECK_EQ(line_count(text), lines < 8 + 102 + 1 ? lines : 8 + 102 + !(lines % 2));
	}
	top_free(top);
}

TEST(top_frame_is_safe_and_tells_losses)
{
	struct top *top = top_new(SEGMENT_SQL_RAW, SECOND_NS);
	_cleanup_free_ char *text = NULL, *lines = NULL;

	serve(top, "/\x1b[2J\x07\xc2\x9b\xff<b>", 200, 1000, 1);
	text = frame_of(top, "bpfxray: \x1b]0;title\x07", 200, 40);
	lines = frame_of(top, "", 0, 0);
	for (const char *at = text; *at; at++)
		CHECK(!iscntrl((unsigned char)*at) || *at == '\n');
	for (const char *at = lines; *at; at++)
		CHECK(!iscntrl((unsigned char)*at) || *at == '\n');
	CHECK(strstr(text, "LOST 7: udp failed_full 7"));
	CHECK(strstr(text, "3 processes  backend sock  1:02:05"));
	CHECK(strstr(text, "1.0        1     1.00"));
	CHECK(strstr(lines, " lost 7 processes 3 backend sock shop"));
	CHECK(strstr(lines, "now url 1.0/s median 1.00 ms"));
	top_free(top);
}
