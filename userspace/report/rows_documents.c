// SPDX-License-Identifier: Apache-2.0
/*
 * rows_documents.c - raw documents for the page's timelines, see rows.h. They are read again from
 * their files, parsed and printed anew, so that one line that only cJSON takes for JSON cannot make
 * the whole page unreadable.
 */
#include "report/rows.h"

#include <errno.h>
#include <string.h>

#include "report/script.h"
#include "util/cleanup.h"
#include "xray/json_read.h"

/* The slowest traces come first, then some of each URL, method and status. */
#define SLOWEST_FIRST 100
#define OF_EACH_KIND  3
/* Traces in a row that did not fit any more: the rest is not tried. */
#define MISSES_MAX 200

enum rank { RANK_SLOWEST, RANK_OF_A_KIND, RANK_OTHER };

struct choice {
	enum rank rank;
	uint64_t hash;
	uint32_t row;
};

/* Documents by trace: those of trace t are items[first[t + 1]] up to items[first[t + 2]]. */
struct by_trace {
	uint32_t *first;
	uint32_t *items;
};

static int by_choice(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static const struct span *root_of(const struct report *report, uint32_t trace)
{
	return &report->store->spans[report->store->traces[trace].root];
}

/* Counts @root with its kind in @kinds. Whether it is one of the first of them. */
static int is_first_of_kind(struct table *kinds, const struct span *root, bool *ret)
{
	struct table_key key =
		table_key2(root->url, (uint64_t)root->method << 16 | (uint16_t)root->status);
	uintptr_t count = (uintptr_t)table_remove(kinds, key);

	*ret = count < OF_EACH_KIND;
	return table_insert(kinds, key, (void *)(count + 1));
}

/* Sorts the rows by hash first, so that the few of each kind are fair as well. */
static int choose(const struct report *report, const struct rows *rows, struct choice *ret)
{
	const struct tally *all = &report->traces;
	uint64_t slow = 0;
	struct table kinds = { 0 };
	int r = 0;

	if (all->time_count > SLOWEST_FIRST)
		slow = all->times_us[all->time_count - SLOWEST_FIRST];
	for (size_t i = 0; i < rows->count; i++)
		ret[i] = (struct choice){ RANK_OTHER, rows_hash(report, rows->traces[i]),
					  (uint32_t)i };
	qsort(ret, rows->count, sizeof(*ret), by_choice);
	for (size_t i = 0; i < rows->count && r >= 0; i++) {
		const struct span *root = root_of(report, rows->traces[ret[i].row]);
		bool is_first;

		r = is_first_of_kind(&kinds, root, &is_first);
		if (span_us(root) >= slow)
			ret[i].rank = RANK_SLOWEST;
		else if (is_first)
			ret[i].rank = RANK_OF_A_KIND;
	}
	table_clear(&kinds);
	qsort(ret, rows->count, sizeof(*ret), by_choice);
	return r;
}

static uint32_t trace_of(const struct store *store, size_t document)
{
	return store->spans[store->documents[document].span].trace;
}

/* A counting sort, so that @ret's arrays hold one item for each trace and each document. */
static void sort_documents(const struct store *store, struct by_trace *ret)
{
	for (size_t i = 0; i < store->document_count; i++)
		ret->first[trace_of(store, i) + 1]++;
	for (size_t i = 0; i < store->trace_count; i++)
		ret->first[i + 1] += ret->first[i];
	ret->first[store->trace_count + 1] = (uint32_t)store->document_count;
	/* From the end, so that those of a trace keep their order; first[] moves to its start. */
	for (size_t i = store->document_count; i-- > 0;)
		ret->items[--ret->first[trace_of(store, i) + 1]] = (uint32_t)i;
}

/* Another document with the same id took its place. */
static bool is_replaced(const struct store *store, uint32_t document)
{
	return store->spans[store->documents[document].span].document != document;
}

static int write_document(const struct inputs *inputs, const struct document *document, FILE *out)
{
	_cleanup_(cleanup_json) cJSON *json = NULL;
	_cleanup_free_ char *text = NULL;
	int r = inputs_document(inputs, document, &text);

	if (r < 0)
		return r;
	json = cJSON_ParseWithLength(text, document->len);
	/* The file was changed since it was read. */
	if (!json)
		return -ESTALE;
	return script_write_json(json, out);
}

static int write_trace(const struct store *store, const struct inputs *inputs,
		       const uint32_t *documents, size_t count, FILE *out)
{
	bool any = false;

	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		int r;

		if (is_replaced(store, documents[i]))
			continue;
		if (any)
			fputc(',', out);
		any = true;
		r = write_document(inputs, &store->documents[documents[i]], out);
		if (r < 0)
			return r;
	}
	fputc(']', out);
	return 0;
}

static size_t bytes_of_trace(const struct store *store, const uint32_t *documents, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += store->documents[documents[i]].len;
	return len;
}

/* What stays the same while one row after the other is written. */
struct writing {
	const struct report *report;
	const struct inputs *inputs;
	const struct rows *rows;
	struct by_trace documents;
	size_t left;  /* bytes */
	size_t count; /* rows written */
	FILE *out;
};

/* The member `"row":[..]` as a string to free. Returns 0 or a negative errno. */
static int print_row(const struct writing *writing, uint32_t row, const uint32_t *documents,
		     size_t count, char **ret, size_t *ret_len)
{
	FILE *memory = open_memstream(ret, ret_len);
	int r;

	if (!memory)
		return -errno;
	fprintf(memory, "%s\"%u\":", writing->count ? "," : "", row);
	r = write_trace(writing->report->store, writing->inputs, documents, count, memory);
	if (fclose(memory) && r >= 0)
		r = -ENOMEM;
	return r;
}

/* Writes the row if it fits. Returns 1 if so, 0 if not, or a negative errno. */
static int write_row(struct writing *writing, uint32_t row)
{
	uint32_t trace = writing->rows->traces[row];
	const uint32_t *first = writing->documents.first;
	const uint32_t *own = &writing->documents.items[first[trace + 1]];
	size_t count = first[trace + 2] - first[trace + 1], len = 0;
	_cleanup_free_ char *text = NULL;
	int r;

	if (bytes_of_trace(writing->report->store, own, count) > writing->left)
		return 0;
	r = print_row(writing, row, own, count, &text, &len);
	if (r < 0 || len > writing->left)
		return r;
	fwrite(text, 1, len, writing->out);
	writing->left -= len;
	writing->count++;
	return 1;
}

static int write_rows(struct writing *writing, const struct choice *order)
{
	size_t misses = 0;

	for (size_t i = 0; i < writing->rows->count && misses < MISSES_MAX; i++) {
		int r = write_row(writing, order[i].row);

		if (r < 0)
			return r;
		misses = r ? 0 : misses + 1;
	}
	return 0;
}

int rows_write_documents(const struct report *report, const struct inputs *inputs,
			 const struct rows *rows, FILE *out, size_t *ret_count)
{
	const struct store *store = report->store;
	_cleanup_free_ struct choice *order = calloc(rows->count + 1, sizeof(*order));
	_cleanup_free_ uint32_t *first = calloc(store->trace_count + 2, sizeof(*first));
	_cleanup_free_ uint32_t *items = calloc(store->document_count + 1, sizeof(*items));
	struct writing writing = { report, inputs, rows, { first, items }, 0, 0, out };
	int r;

	if (!order || !first || !items)
		return -ENOMEM;
	r = choose(report, rows, order);
	if (r < 0)
		return r;
	sort_documents(store, &writing.documents);
	writing.left = DOCUMENTS_BYTES_MAX;
	fputc('{', out);
	r = write_rows(&writing, order);
	fputc('}', out);
	*ret_count = writing.count;
	return r;
}
