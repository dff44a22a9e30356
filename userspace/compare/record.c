// SPDX-License-Identifier: Apache-2.0
/*
 * record.c - see record.h. Subsegments come inside their segment or alone, in whatever order; so
 * all documents are read first, then each subsegment is put under its segment by ids.
 */
#include "compare/record.h"

#include <stdio.h>
#include <string.h>

#include "compare/tree.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "xray/json_read.h"

/* Bytes of a member's path. */
#define PATH_CAP 64

const cJSON *record_member(const cJSON *json, const char *path)
{
	char word[PATH_CAP];

	while (json && *path) {
		size_t len = strcspn(path, ".");

		snprintf(word, sizeof(word), "%.*s", (int)len, path);
		json = cJSON_GetObjectItemCaseSensitive(json, word);
		path += len + (path[len] == '.');
	}
	return json;
}

const cJSON *record_call_member(const struct call *call, const char *path)
{
	const cJSON *found = record_member(call->inner, path);

	return found ? found : record_member(call->outer, path);
}

const char *record_text(const cJSON *json, const char *path)
{
	const char *text = cJSON_GetStringValue(record_member(json, path));

	return text ? text : "";
}

double record_seconds(const cJSON *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* Takes one line. Documents in progress are left out: the finished one follows. */
static int take_line(struct record *record, struct bytes line)
{
	_cleanup_(cleanup_json) cJSON *document = NULL;
	size_t at;

	document = json_parse(line, &at);
	if (!document || !*record_text(document, "id") || !*record_text(document, "name")) {
		record->invalid++;
		return 0;
	}
	if (cJSON_IsTrue(record_member(document, "in_progress")))
		return 0;
	if (ARRAY_ROOM(record->documents, record->document_count, record->document_cap) < 0)
		return -ENOMEM;
	record->documents[record->document_count++] = TAKE_PTR(document);
	return 0;
}

static int read_lines(struct record *record, FILE *file)
{
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int r = 0;

	while (!r && (len = getline(&line, &cap, file)) >= 0)
		if (len > 1)
			r = take_line(record, bytes_of(line, (size_t)len));
	return r < 0 ? r : ferror(file) ? -EIO : 0;
}

/* The tracers may write the same URL with other escapes. */
static void percent_decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		int high = *from == '%' ? bytes_hex_digit(from[1]) : -1;
		int low = high >= 0 ? bytes_hex_digit(from[2]) : -1;

		if (low >= 0 && (high || low)) {
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static char *key_of(const cJSON *document)
{
	const char *method = record_text(document, "http.request.method");
	const char *url = record_text(document, "http.request.url");
	char *key = NULL;

	if (asprintf(&key, "%s %s", method, url) < 0)
		return NULL;
	percent_decode(key);
	return key;
}

static int add_segment(struct record *record, const cJSON *document)
{
	struct segment *segment;

	if (ARRAY_ROOM(record->segments, record->count, record->cap) < 0)
		return -ENOMEM;
	segment = &record->segments[record->count];
	*segment = (struct segment){
		.document = document,
		.key = key_of(document),
		.trace_id = record_text(document, "trace_id"),
		.start_s = record_seconds(document, "start_time"),
		.end_s = record_seconds(document, "end_time"),
		.partner = NOBODY,
	};
	if (!segment->key)
		return -ENOMEM;
	if (!record->count || segment->start_s < record->first_s)
		record->first_s = segment->start_s;
	if (!record->count || segment->end_s > record->last_s)
		record->last_s = segment->end_s;
	record->count++;
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct call *a = left, *b = right;

	return (a->start_s > b->start_s) - (a->start_s < b->start_s);
}

int record_read(const char *path, struct record *ret)
{
	_cleanup_fclose_ FILE *file = NULL;
	int r;

	*ret = (struct record){ 0 };
	file = fopen(path, "re");
	if (!file)
		return -errno;
	r = read_lines(ret, file);
	for (size_t i = 0; !r && i < ret->document_count; i++)
		if (strcmp(record_text(ret->documents[i], "type"), "subsegment"))
			r = add_segment(ret, ret->documents[i]);
	if (!r)
		r = tree_find_calls(ret);
	for (size_t i = 0; i < ret->count; i++)
		if (ret->segments[i].call_count)
			qsort(ret->segments[i].calls, ret->segments[i].call_count,
			      sizeof(struct call), by_start);
	return r;
}

void record_clear(struct record *record)
{
	for (size_t i = 0; i < record->document_count; i++)
		cJSON_Delete(record->documents[i]);
	for (size_t i = 0; i < record->count; i++) {
		free(record->segments[i].key);
		free(record->segments[i].calls);
	}
	free(record->documents);
	free(record->segments);
	*record = (struct record){ 0 };
}
