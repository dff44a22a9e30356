// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_report.c - any bytes as a file of documents, through every form of the report. The first
 * byte chooses: the rest is the file as it is, or instructions for documents of few ids, so that
 * parents form chains and rings, segments come twice and subsegments before their segments; and
 * whether the page is made, which takes far longer than the other forms.
 */
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report/aggregates.h"
#include "report/input.h"
#include "report/page.h"
#include "report/text.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/utf8.h"
#include "xray/json_read.h"

/* Bytes of one document's instructions. */
#define INSTRUCTION_LEN 8

static const char *const texts[] = {
	"shop",
	"",
	"</script><script>",
	"\\u001b[2J\\u202e",
	"\xff\xc3",
	"ELB-HealthChecker/2.0",
	"@DATA@",
	"\\ud83d\\ude00\\u0000\\ud800",
};

static const char *text_of(uint8_t byte)
{
	return texts[byte % ARRAY_LEN(texts)];
}

/*
 * One document, or a subsegment inside of one: ids, times and flags from @at, texts by number.
 * @deep: how many more may follow inside.
 */
static void write_span(FILE *out, struct bytes at, unsigned int deep)
{
	const uint8_t *b = at.at;

	fprintf(out,
		"{\"id\":\"%016x\",\"parent_id\":\"%016x\",\"trace_id\":\"1-%u\",\"name\":\"%s\"",
		b[0] % 8, b[1] % 8, b[2] % 2, text_of(b[3]));
	fprintf(out, ",\"start_time\":%u.%u,\"end_time\":%u%s%s%s", b[4] % 4, b[5], b[5] % 8,
		b[6] & 1 ? ",\"type\":\"subsegment\"" : "", b[6] & 2 ? ",\"in_progress\":true" : "",
		b[6] & 4 ? ",\"namespace\":\"remote\"" : ",\"namespace\":\"aws\"");
	fprintf(out, ",\"fault\":%s,\"http\":{\"request\":{\"url\":\"%s\",\"user_agent\":\"%s\"},",
		b[6] & 8 ? "true" : "1", text_of(b[7]), text_of(b[6] >> 4));
	fprintf(out, "\"response\":{\"status\":%d}},\"origin\":\"%s\"", b[7] * 4 - 100,
		text_of(b[7] >> 4));
	if (b[6] & 16)
		fprintf(out, ",\"sql\":{\"sanitized_query\":\"%s\"}", text_of(b[5]));
	at = bytes_skip(at, INSTRUCTION_LEN);
	if (deep && at.len >= INSTRUCTION_LEN) {
		fputs(",\"subsegments\":[", out);
		write_span(out, at, deep - 1);
		fputs("]", out);
	}
	fputs("}", out);
}

static void write_documents(FILE *out, struct bytes in)
{
	while (in.len > INSTRUCTION_LEN) {
		unsigned int deep = in.at[0] % 4;

		in = bytes_skip(in, 1);
		write_span(out, in, deep);
		fputc('\n', out);
		in = bytes_skip(in, INSTRUCTION_LEN);
	}
}

/* The input as a file that can be read twice. */
static FILE *file_of(struct bytes in)
{
	FILE *file = fdopen(memfd_create("fuzz", MFD_CLOEXEC), "w+");

	INVARIANT(file);
	if (in.at[0] & 1)
		write_documents(file, bytes_skip(in, 1));
	else
		fwrite(in.at + 1, 1, in.len - 1, file);
	rewind(file);
	return file;
}

static size_t count_of(struct bytes in, char c)
{
	size_t count = 0;

	for (const uint8_t *at; in.len && (at = memchr(in.at, c, in.len)); count++)
		in = bytes_skip(in, (size_t)(at - in.at) + 1);
	return count;
}

/* Valid UTF-8 without control characters but line feeds. */
static void is_clean(struct bytes text)
{
	while (text.len) {
		uint32_t c;
		size_t n = utf8_decode(text, &c);

		INVARIANT(n && (c >= 0x20 || c == '\n') && (c < 0x7f || c >= 0xa0));
		text = bytes_skip(text, n);
	}
}

static void check_text(const struct report *report)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	INVARIANT(out && !report_text(report, NULL, out));
	fclose(out);
	is_clean(bytes_of(text, len));
}

/* What the element @id holds is JSON to the end. */
static void is_json(const char *page, const char *id)
{
	_cleanup_(cleanup_json) cJSON *json = NULL;
	const char *at = strstr(page, id), *end = at ? strstr(at, "</script>") : NULL, *rest;

	INVARIANT(at && end);
	at += strlen(id);
	json = cJSON_ParseWithLengthOpts(at, (size_t)(end - at), &rest, 0);
	INVARIANT(json && rest == end);
}

/* No byte of a document opens or closes an element: the page has as many as its template. */
static void check_page(const struct report *report, const struct inputs *inputs)
{
	struct bytes template = page_template();
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	INVARIANT(out && !page_write(report, inputs, out));
	fclose(out);
	INVARIANT(strlen(text) == len);
	INVARIANT(count_of(bytes_of(text, len), '<') == count_of(template, '<'));
	is_json(text, "id=\"data\">");
	is_json(text, "id=\"documents\">");
}

/* Sums over the lists are the sums of all. */
static void check_sums(const struct report *report)
{
	const struct store *store = report->store;
	uint64_t traces = 0;

	for (size_t i = 0; i < report->groups[GROUP_URL].count; i++)
		traces += report->groups[GROUP_URL].items[i].tally.count;
	INVARIANT(traces == report->traces.count);
	INVARIANT(report->traces.count <= store->trace_count);
	INVARIANT(report->traces.time_count + report->traces.pending == report->traces.count);
	for (size_t i = 0; i < report->graph.edge_count; i++) {
		INVARIANT(report->graph.edges[i].from < report->graph.node_count);
		INVARIANT(report->graph.edges[i].to < report->graph.node_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_json) cJSON *json = NULL;
	struct inputs inputs = { 0 };
	struct store store = { 0 };
	struct report report;

	if (!size)
		return 0;
	INVARIANT(!inputs_take(&inputs, file_of(bytes_of(data, size)), &store));
	INVARIANT(!report_build(&report, &store));
	check_sums(&report);
	check_text(&report);
	if (data[0] >= 0xe0)
		check_page(&report, &inputs);
	json = aggregates_json(&report, 10);
	INVARIANT(json);
	report_clear(&report);
	store_clear(&store);
	inputs_close(&inputs);
	return 0;
}
