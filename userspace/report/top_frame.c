// SPDX-License-Identifier: Apache-2.0
/* top_frame.c - see top_frame.h. */
#include "report/top_frame.h"

#include <inttypes.h>

#include "report/text.h"

/* Lines but for the rows of both tables: four of sums, and a blank and a heading for each. */
#define FIXED_LINES 8
#define ROWS_MAX    100
/* Columns in front of the text of a row. */
#define NUMBERS_WIDTH  51
#define TEXT_WIDTH_MAX HEAVY_TEXT_MAX
#define TEXT_CAP       (4 * TEXT_WIDTH_MAX + 4)
/* Of each list in the plain lines, and characters of each text. */
#define PLAIN_ROWS  5
#define PLAIN_WIDTH 100

struct frame {
	FILE *out;
	unsigned int columns, lines, used;
};

static double ms(uint64_t us)
{
	return (double)us / 1000;
}

/* Begins a line. False when the screen is full. */
static bool next_line(struct frame *frame)
{
	if (frame->used >= frame->lines)
		return false;
	if (frame->used++)
		fputc('\n', frame->out);
	return true;
}

static void put_safe(FILE *out, const char *text, unsigned int width)
{
	char safe[TEXT_CAP];

	text_safe(text, width < TEXT_WIDTH_MAX ? width : TEXT_WIDTH_MAX, safe);
	fputs(safe, out);
}

static void put_head(struct frame *frame, const struct top_facts *facts)
{
	if (!next_line(frame))
		return;
	put_safe(frame->out, facts->services, frame->columns / 2);
	fprintf(frame->out, "  %zu processes  backend %s  %" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
		facts->processes, facts->backend, facts->running_s / 3600,
		facts->running_s / 60 % 60, facts->running_s % 60);
}

static void put_sums(struct frame *frame, const struct top_sums *sums)
{
	if (next_line(frame))
		fprintf(frame->out,
			"requests   %8.1f/s  median %9.2f ms  p95 %9.2f ms  max %9.2f ms  %" PRIu64
			" fault, %" PRIu64 " error, %" PRIu64 " throttle",
			(double)sums->requests / sums->seconds, ms(sums->median_us),
			ms(sums->p95_us), ms(sums->max_us), sums->faults, sums->errors,
			sums->throttles);
	if (next_line(frame))
		fprintf(frame->out, "statements %8.1f/s  median %9.2f ms  p95 %9.2f ms",
			(double)sums->statements / sums->seconds, ms(sums->statements_median_us),
			ms(sums->statements_p95_us));
}

static void put_losses(struct frame *frame, const struct top_sums *sums,
		       const struct top_facts *facts)
{
	if (!next_line(frame))
		return;
	fprintf(frame->out,
		"last %.0f s; in all %" PRIu64 " requests, %" PRIu64 " documents, %" PRIu64
		" sent; ",
		sums->seconds, sums->requests_in_all, facts->documents, facts->sent);
	if (!facts->lost) {
		fputs("nothing lost", frame->out);
		return;
	}
	fprintf(frame->out, "LOST %" PRIu64 ": ", facts->lost);
	put_safe(frame->out, facts->losses, frame->columns);
}

static void put_table(struct frame *frame, const char *title, const struct top_row *rows,
		      size_t count, double seconds)
{
	unsigned int width =
		frame->columns > NUMBERS_WIDTH + 8 ? frame->columns - NUMBERS_WIDTH : 8;

	if (!next_line(frame) || !next_line(frame))
		return;
	fprintf(frame->out, "      /s    times  med. ms   p95 ms   all ms failed  %s", title);
	for (size_t i = 0; i < count && next_line(frame); i++) {
		const struct top_row *row = &rows[i];

		fprintf(frame->out, "%8.1f%s%8" PRIu64 " %8.2f %8.2f %8.1f %6" PRIu64 "  ",
			(double)row->count / seconds, row->at_least ? ">" : " ", row->count,
			ms(row->median_us), ms(row->p95_us), ms(row->sum_us), row->failed);
		put_safe(frame->out, row->text, width);
	}
}

/* How many rows each list gets: half, and what the other one leaves. */
static void share_rows(unsigned int lines, size_t counts[TOP_LIST_COUNT])
{
	size_t room = lines > FIXED_LINES ? lines - FIXED_LINES : 0, half = room / 2;
	size_t urls = counts[TOP_URLS], statements = counts[TOP_STATEMENTS];

	if (urls + statements <= room)
		return;
	if (statements < half)
		counts[TOP_URLS] = room - statements;
	else if (urls < room - half)
		counts[TOP_STATEMENTS] = room - urls;
	else
		counts[TOP_URLS] = room - half, counts[TOP_STATEMENTS] = half;
}

void top_frame(const struct top *top, const struct top_facts *facts, unsigned int columns,
	       unsigned int lines, FILE *out)
{
	struct frame frame = { out, columns, lines, 0 };
	struct top_sums sums = top_sums(top, facts->now_ns);
	struct top_row urls[ROWS_MAX], statements[ROWS_MAX];
	size_t counts[TOP_LIST_COUNT] = {
		[TOP_URLS] = top_rows(top, TOP_URLS, urls, ROWS_MAX),
		[TOP_STATEMENTS] = top_rows(top, TOP_STATEMENTS, statements, ROWS_MAX),
	};

	share_rows(lines - !!*facts->message, counts);
	put_head(&frame, facts);
	put_sums(&frame, &sums);
	put_losses(&frame, &sums, facts);
	put_table(&frame, "URL, by requests", urls, counts[TOP_URLS], sums.seconds);
	put_table(&frame, "STATEMENT, by time", statements, counts[TOP_STATEMENTS], sums.seconds);
	if (*facts->message && next_line(&frame))
		put_safe(out, facts->message, columns);
}

static void plain_rows(const struct top *top, enum top_list list, const char *time, double seconds,
		       FILE *out)
{
	struct top_row rows[PLAIN_ROWS];
	size_t count = top_rows(top, list, rows, PLAIN_ROWS);

	for (size_t i = 0; i < count; i++) {
		fprintf(out,
			"%s %s %.1f/s median %.2f ms p95 %.2f ms all %.1f ms failed %" PRIu64 " ",
			time, list == TOP_URLS ? "url" : "sql", (double)rows[i].count / seconds,
			ms(rows[i].median_us), ms(rows[i].p95_us), ms(rows[i].sum_us),
			rows[i].failed);
		put_safe(out, rows[i].text, PLAIN_WIDTH);
		fputc('\n', out);
	}
}

void top_lines(const struct top *top, const struct top_facts *facts, const char *time, FILE *out)
{
	struct top_sums sums = top_sums(top, facts->now_ns);

	fprintf(out,
		"%s all %.1f/s median %.2f ms p95 %.2f ms fault %" PRIu64 " error %" PRIu64
		" throttle %" PRIu64 " statements %.1f/s sent %" PRIu64 " lost %" PRIu64
		" processes %zu backend %s ",
		time, (double)sums.requests / sums.seconds, ms(sums.median_us), ms(sums.p95_us),
		sums.faults, sums.errors, sums.throttles, (double)sums.statements / sums.seconds,
		facts->sent, facts->lost, facts->processes, facts->backend);
	put_safe(out, facts->services, PLAIN_WIDTH);
	fputc('\n', out);
	plain_rows(top, TOP_URLS, time, sums.seconds, out);
	plain_rows(top, TOP_STATEMENTS, time, sums.seconds, out);
}
