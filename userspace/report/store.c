// SPDX-License-Identifier: Apache-2.0
/*
 * store.c - see store.h. A span is found by its trace and its id, so that the order of documents
 * does not matter.
 */
#include "report/store.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "report/parse.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "xray/json_read.h"

/* X-Ray's ids have 35 characters; others are taken as they are, within reason. */
#define TRACE_ID_MAX   64
#define TRACE_ID_CHARS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

/* Tables hold pointers that are not NULL: an index plus 1. */
static void *index_pointer(size_t index)
{
	return (void *)(uintptr_t)(index + 1);
}

static uint32_t pointer_index(const void *pointer)
{
	return (uint32_t)((uintptr_t)pointer - 1);
}

static int trace_of(struct store *store, const char *id, uint32_t *ret)
{
	uint32_t text;
	void *known;
	int r;

	if (!id || !*id || strlen(id) > TRACE_ID_MAX || id[strspn(id, TRACE_ID_CHARS)])
		return -EBADMSG;
	r = strings_add(&store->strings, id, &text);
	if (r < 0)
		return r;
	known = table_find(&store->by_trace, table_key(text));
	if (known) {
		*ret = pointer_index(known);
		return 0;
	}
	r = ARRAY_ROOM(store->traces, store->trace_count, store->trace_capacity);
	if (r < 0)
		return r;
	r = table_insert(&store->by_trace, table_key(text), index_pointer(store->trace_count));
	if (r < 0)
		return r;
	store->traces[store->trace_count] = (struct trace){ .id = text, .root = SPAN_NONE };
	*ret = (uint32_t)store->trace_count++;
	return 0;
}

/* Enters @span, or puts it in the place of the one with its id unless that one says more. */
static int place_span(struct store *store, const struct span *span, uint32_t *ret)
{
	struct table_key key = table_key2(span->trace, span->id);
	void *known = table_find(&store->by_id, key);
	int r;

	if (known) {
		*ret = pointer_index(known);
		if (!(span->flags & SPAN_PENDING) || store->spans[*ret].flags & SPAN_PENDING)
			store->spans[*ret] = *span;
		return 0;
	}
	r = ARRAY_ROOM(store->spans, store->span_count, store->span_capacity);
	if (r < 0)
		return r;
	r = table_insert(&store->by_id, key, index_pointer(store->span_count));
	if (r < 0)
		return r;
	*ret = (uint32_t)store->span_count;
	store->spans[store->span_count++] = *span;
	return 0;
}

/* The subsegments inside @json, of which the span @above was made. */
static int add_nested(struct store *store, const cJSON *json, const struct span *above)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "subsegments"), *child;
	struct span span;
	uint32_t index;
	int r;

	if (!cJSON_IsArray(list))
		return 0;
	cJSON_ArrayForEach(child, list)
	{
		r = span_parse(&store->strings, child, false, &span);
		if (r == -EBADMSG)
			continue;
		if (r < 0)
			return r;
		span.parent = above->id;
		span.trace = above->trace;
		span.document = above->document;
		r = place_span(store, &span, &index);
		if (r < 0)
			return r;
		r = add_nested(store, child, &span);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_document(struct store *store, const cJSON *json, const struct document *place)
{
	struct document *document;
	struct span span;
	uint32_t trace;
	int r;

	r = span_parse(&store->strings, json, true, &span);
	if (r < 0)
		return r;
	r = trace_of(store, json_get_string(json, "trace_id"), &trace);
	if (r < 0)
		return r;
	r = ARRAY_ROOM(store->documents, store->document_count, store->document_capacity);
	if (r < 0)
		return r;
	span.trace = trace;
	span.document = (uint32_t)store->document_count;
	document = &store->documents[store->document_count];
	*document = *place;
	r = place_span(store, &span, &document->span);
	if (r < 0)
		return r;
	store->document_count++;
	return add_nested(store, json, &span);
}

int store_add(struct store *store, const char *line, size_t len, const struct document *place)
{
	_cleanup_(cleanup_json) cJSON *json = cJSON_ParseWithLength(line, len);
	int r = -EBADMSG;

	/* A capture of the daemon's datagrams has its header between the documents. */
	if (cJSON_HasObjectItem(json, "format") && cJSON_HasObjectItem(json, "version") &&
	    !cJSON_HasObjectItem(json, "id"))
		return 0;
	if (cJSON_IsObject(json))
		r = add_document(store, json, place);
	if (r == -EBADMSG)
		store->counts.invalid++;
	else if (!r)
		store->counts.documents++;
	return r;
}

void store_clear(struct store *store)
{
	strings_clear(&store->strings);
	table_clear(&store->by_id);
	table_clear(&store->by_trace);
	free(store->spans);
	free(store->documents);
	free(store->traces);
	*store = (struct store){ 0 };
}
