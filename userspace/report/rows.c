// SPDX-License-Identifier: Apache-2.0
/* rows.c - the columns, see rows.h. The documents are in rows_documents.c. */
#include "report/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/script.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Bytes of a row's numbers with their commas, at most in practice. */
#define ROW_BYTES 90

/* Bits of the column `flags`; the outcome is in the lowest two. */
#define ROW_HEALTH  (1u << 2)
#define ROW_PENDING (1u << 3)

/* The texts of the page, numbered anew in order of their first use. */
struct page_strings {
	uint32_t *numbers; /* text -> its number in the page, 0: none yet */
	uint32_t *texts;   /* number - 1 -> text */
	uint32_t count;
};

struct hashed {
	uint64_t hash;
	uint32_t trace;
};

uint64_t rows_hash(const struct report *report, uint32_t trace)
{
	const char *id = store_text(report->store, report->store->traces[trace].id);
	uint64_t hash = 0x9e3779b97f4a7c15ULL;

	for (; *id; id++) {
		hash = (hash ^ (uint8_t)*id) * 0xbf58476d1ce4e5b9ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

static int by_hash(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->trace > y->trace) - (x->trace < y->trace);
}

static int by_time(const void *a, const void *b, void *context)
{
	const struct store *store = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint64_t at_x = store->spans[store->traces[x].root].start_us;
	uint64_t at_y = store->spans[store->traces[y].root].start_us;

	if (at_x != at_y)
		return at_x < at_y ? -1 : 1;
	return (x > y) - (x < y);
}

/* Bytes that the row of @root takes, with those of its texts that no row before had. */
static size_t row_bytes(const struct report *report, const struct span *root, bool *seen)
{
	const uint32_t texts[] = { root->url, root->method, root->agent, root->client };
	size_t len = ROW_BYTES;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (seen[texts[i]])
			continue;
		seen[texts[i]] = true;
		/* A quote or a control character takes up to 6 bytes; most take one. */
		len += script_length(store_text(report->store, texts[i])) * 2 + 3;
	}
	return len;
}

/* All traces with a root, in the order of their hashes. */
static size_t hash_traces(const struct report *report, struct hashed *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < report->store->trace_count; i++)
		if (report->store->traces[i].root != SPAN_NONE)
			ret[count++] =
				(struct hashed){ rows_hash(report, (uint32_t)i), (uint32_t)i };
	qsort(ret, count, sizeof(*ret), by_hash);
	return count;
}

int rows_choose(const struct report *report, struct rows *ret)
{
	struct store *store = (struct store *)report->store;
	_cleanup_free_ struct hashed *order = calloc(store->trace_count + 1, sizeof(*order));
	_cleanup_free_ bool *seen = calloc(store->strings.count + 1, sizeof(*seen));
	_cleanup_free_ uint32_t *traces = calloc(store->trace_count + 1, sizeof(*traces));
	size_t count, kept = 0, bytes = 0;

	if (!order || !seen || !traces)
		return -ENOMEM;
	count = hash_traces(report, order);
	for (; kept < count && kept < ROWS_MAX; kept++) {
		const struct span *root = &store->spans[store->traces[order[kept].trace].root];

		bytes += row_bytes(report, root, seen);
		if (bytes > ROWS_BYTES_MAX)
			break;
		traces[kept] = order[kept].trace;
	}
	qsort_r(traces, kept, sizeof(*traces), by_time, store);
	ret->traces = TAKE_PTR(traces);
	ret->count = kept;
	return 0;
}

static uint32_t page_string(struct page_strings *strings, uint32_t text)
{
	if (text != STRING_NONE && !strings->numbers[text]) {
		strings->texts[strings->count++] = text;
		strings->numbers[text] = strings->count;
	}
	return strings->numbers[text];
}

static const struct span *root_of(const struct report *report, uint32_t trace)
{
	return &report->store->spans[report->store->traces[trace].root];
}

static int64_t row_number(const struct report *report, const struct span *root, unsigned int column)
{
	bool pending = root->flags & SPAN_PENDING;

	switch (column) {
	case 0:
		return (int64_t)(root->start_us - report->start_us);
	case 1:
		return pending ? -1 : (int64_t)span_us(root);
	case 2:
		return root->status;
	default:
		return (int64_t)outcome_of(root) | (root->flags & SPAN_HEALTH ? ROW_HEALTH : 0) |
		       (pending ? ROW_PENDING : 0);
	}
}

static void write_numbers(const struct report *report, const struct rows *rows, FILE *out)
{
	static const char *const names[] = { "start_us", "us", "status", "flags" };

	for (unsigned int column = 0; column < ARRAY_LEN(names); column++) {
		fprintf(out, ",\"%s\":[", names[column]);
		for (size_t i = 0; i < rows->count; i++)
			fprintf(out, "%s%" PRId64, i ? "," : "",
				row_number(report, root_of(report, rows->traces[i]), column));
		fputc(']', out);
	}
}

static void write_texts(const struct report *report, const struct rows *rows,
			struct page_strings *strings, FILE *out)
{
	static const enum group_key keys[] = { GROUP_URL, GROUP_METHOD, GROUP_AGENT, GROUP_CLIENT };

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		fprintf(out, ",\"%s\":[", group_key_word(keys[k]));
		for (size_t i = 0; i < rows->count; i++) {
			const struct span *root = root_of(report, rows->traces[i]);

			fprintf(out, "%s%" PRIu32, i ? "," : "",
				page_string(strings, group_key_of(keys[k], root)));
		}
		fputc(']', out);
	}
}

static int write_strings(const struct report *report, const struct page_strings *strings, FILE *out)
{
	fputs(",\"strings\":[\"\"", out);
	for (uint32_t i = 0; i < strings->count; i++) {
		fputc(',', out);
		if (script_write_text(store_text(report->store, strings->texts[i]), out) < 0)
			return -ENOMEM;
	}
	fputc(']', out);
	return 0;
}

int rows_write(const struct report *report, const struct rows *rows, FILE *out)
{
	const struct store *store = report->store;
	_cleanup_free_ uint32_t *numbers = calloc(store->strings.count + 1, sizeof(*numbers));
	_cleanup_free_ uint32_t *texts = calloc(store->strings.count + 1, sizeof(*texts));
	struct page_strings strings = { numbers, texts, 0 };

	if (!numbers || !texts)
		return -ENOMEM;
	fputs("{\"trace\":[", out);
	/* Ids have letters, digits and dashes only. */
	for (size_t i = 0; i < rows->count; i++)
		fprintf(out, "%s\"%s\"", i ? "," : "",
			store_text(store, store->traces[rows->traces[i]].id));
	fputc(']', out);
	write_numbers(report, rows, out);
	write_texts(report, rows, &strings, out);
	if (write_strings(report, &strings, out) < 0)
		return -ENOMEM;
	fputc('}', out);
	return 0;
}
