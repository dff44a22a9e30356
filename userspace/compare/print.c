// SPDX-License-Identifier: Apache-2.0
/* print.c - see print.h: the tables. */
#include "compare/print.h"

#include <inttypes.h>
#include <string.h>

/* Rows of texts and of differences shown; --json has all of them. */
#define TEXTS_SHOWN    40
#define FINDINGS_SHOWN 20
#define TEXT_WIDTH     70

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

static void print_coverage(const char *what, const struct coverage *coverage, FILE *out)
{
	fprintf(out,
		"%-9s %8" PRIu64 " of the SDK, %5.1f %% paired   %8" PRIu64
		" of bpfxray, %5.1f %% paired   only SDK %" PRIu64 ", only bpfxray %" PRIu64 "\n",
		what, coverage->sdk, percent(coverage->paired, coverage->sdk), coverage->ours,
		percent(coverage->ours_paired, coverage->ours), coverage->only_sdk,
		coverage->only_ours);
}

static void print_longer(const char *what, struct samples *longer_s, FILE *out)
{
	double median_s = samples_percentile(longer_s, 50),
	       p95_s = samples_percentile(longer_s, 95);

	if (longer_s->count)
		fprintf(out,
			"%-9s duration of ours less theirs: median %.3f ms, p95 %.3f ms, min %.3f "
			"ms, max %.3f ms\n",
			what, 1e3 * median_s, 1e3 * p95_s, 1e3 * longer_s->at[0],
			1e3 * longer_s->at[longer_s->count - 1]);
}

static void print_fields(const char *title, const struct field *fields, size_t count,
			 const struct field_tally *tallies, FILE *out)
{
	fprintf(out, "\n%-32s %9s %9s %9s %9s %13s\n", title, "equal", "differs", "only SDK",
		"only ours", "undocumented");
	for (size_t i = 0; i < count; i++) {
		const struct field_tally *t = &tallies[i];

		if (t->equal + t->differs + t->only_sdk + t->only_ours)
			fprintf(out,
				"%-32s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
				" %13" PRIu64 "\n",
				fields[i].name, t->equal, t->differs, t->only_sdk, t->only_ours,
				t->undocumented);
	}
}

/* A text on one line, cut; bytes that move a terminal's cursor become `?`. */
static void print_text(const char *text, FILE *out)
{
	size_t width = 0;

	if (!*text)
		text = "(no text)";
	for (; *text && width < TEXT_WIDTH; text++, width++) {
		unsigned char c = (unsigned char)*text;

		fputc(c == '\n' || c == '\t' ? ' ' : c < ' ' || c == 0x7f ? '?' : c, out);
	}
	if (*text)
		fputs("...", out);
}

static void print_texts(const struct comparison *comparison, FILE *out)
{
	if (comparison->text_count)
		fputs("\nstatements side by side (times, SDK, bpfxray)\n", out);
	for (size_t i = 0; i < comparison->text_count && i < TEXTS_SHOWN; i++) {
		const struct text_pair *pair = &comparison->texts[i];

		fprintf(out, "%6" PRIu64 " %s ", pair->count,
			pair->equal		      ? " "
			: pair->reason == REASON_NONE ? "!"
						      : "~");
		print_text(pair->sdk, out);
		fputs("\n         ", out);
		print_text(pair->ours, out);
		fputc('\n', out);
	}
	if (comparison->text_count > TEXTS_SHOWN)
		fprintf(out, "       %zu more with --json\n", comparison->text_count - TEXTS_SHOWN);
}

static void print_reasons(const struct comparison *comparison, FILE *out)
{
	fputs("\ndocumented differences\n", out);
	for (unsigned int i = REASON_NONE + 1; i < REASON_COUNT; i++)
		if (comparison->reasons[i])
			fprintf(out, "%8" PRIu64 "  %s\n", comparison->reasons[i], reason_text(i));
}

static void print_findings(const struct comparison *comparison, FILE *out)
{
	fprintf(out, "\n%" PRIu64 " undocumented differences\n",
		comparison_undocumented(comparison));
	for (size_t i = 0; i < comparison->finding_count && i < FINDINGS_SHOWN; i++) {
		const struct finding *finding = &comparison->findings[i];

		fprintf(out, "  %s of ", finding->field);
		print_text(finding->request, out);
		fputs("\n    SDK     ", out);
		print_text(finding->sdk ? finding->sdk : "(absent)", out);
		fputs("\n    bpfxray ", out);
		print_text(finding->ours ? finding->ours : "(absent)", out);
		fputc('\n', out);
	}
}

void comparison_print(struct comparison *comparison, FILE *out)
{
	print_coverage("segments", &comparison->segments, out);
	print_coverage("calls", &comparison->calls, out);
	fprintf(out,
		"pairs by trace id %" PRIu64 ", by method, URL and time %" PRIu64
		"; statements that share an executemany or callproc %" PRIu64 "\n",
		comparison->paired_by_trace,
		comparison->segments.paired - comparison->paired_by_trace, comparison->in_groups);
	if (comparison->sdk.local)
		fprintf(out,
			"blocks inside the process, which the SDK alone tells of: %" PRIu64 "\n",
			comparison->sdk.local);
	print_longer("segments", &comparison->segments.longer_s, out);
	print_longer("calls", &comparison->calls.longer_s, out);
	print_fields("segment", segment_fields, segment_field_count, comparison->segment_tallies,
		     out);
	print_fields("call", call_fields, call_field_count, comparison->call_tallies, out);
	print_texts(comparison, out);
	print_reasons(comparison, out);
	print_findings(comparison, out);
}
