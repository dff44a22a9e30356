// SPDX-License-Identifier: Apache-2.0
/*
 * split.c - see split.h. Works on the parsed document. cJSON reads times as doubles and would print
 * them with 17 digits; they get their 6 decimals back.
 */
#include "emit/split.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "emit/truncate.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

/* A time as whole and fractional digits: printf's %f would use the locale's decimal point. */
static int restore_time(cJSON *object, const char *key)
{
	const cJSON *time = cJSON_GetObjectItemCaseSensitive(object, key);
	unsigned long long us;
	char text[32];
	cJSON *raw;

	if (!cJSON_IsNumber(time) || time->valuedouble < 0 || time->valuedouble > 1e12)
		return 0;
	us = (unsigned long long)(time->valuedouble * 1e6 + 0.5);
	snprintf(text, sizeof(text), "%llu.%06llu", us / 1000000, us % 1000000);
	raw = cJSON_CreateRaw(text);
	if (raw && cJSON_ReplaceItemInObjectCaseSensitive(object, key, raw))
		return 0;
	cJSON_Delete(raw);
	return -ENOMEM;
}

static int print(cJSON *document, char **ret)
{
	if (restore_time(document, "start_time") < 0 || restore_time(document, "end_time") < 0)
		return -ENOMEM;
	*ret = cJSON_PrintUnformatted(document);
	return *ret ? 0 : -ENOMEM;
}

/* One document out, cut where it is too large even alone. Returns the bytes it had before. */
static int send(cJSON *document, size_t max, struct document_sink *sink)
{
	_cleanup_free_ char *json = NULL;
	int r = print(document, &json), len;

	if (r < 0)
		return r;
	len = (int)strlen(json);
	if ((size_t)len > max) {
		free(TAKE_PTR(json));
		r = truncate_texts(document, (size_t)len, max);
		r = r ?: print(document, &json);
		sink->truncated++;
	}
	if (r < 0)
		return r;
	sink->document(sink->ctx, json, strlen(json));
	return len;
}

/*
 * Takes the first subsegment out of @list and hands it on. Returns the bytes that the segment lost.
 */
static int send_first(cJSON *list, size_t max, struct document_sink *sink)
{
	_cleanup_(cleanup_json) cJSON *first = cJSON_DetachItemFromArray(list, 0);
	int len = send(first, max, sink);

	return len < 0 ? len : len + (list->child ? 1 : 0); /* its comma */
}

static int restore_times(cJSON *list)
{
	cJSON *child;

	cJSON_ArrayForEach(child, list)
	{
		if (restore_time(child, "start_time") < 0 || restore_time(child, "end_time") < 0)
			return -ENOMEM;
	}
	return 0;
}

static int send_rest(cJSON *segment, cJSON *list, size_t max, struct document_sink *sink)
{
	int r = restore_times(list);

	if (list && !list->child)
		cJSON_Delete(cJSON_DetachItemViaPointer(segment, list));
	if (!r)
		r = send(segment, max, sink);
	return r < 0 ? r : 0;
}

int document_split(const char *json, size_t len, size_t max, struct document_sink *sink)
{
	_cleanup_(cleanup_json) cJSON *segment = NULL;
	cJSON *list;
	int documents = 1, r;

	if (len <= max) {
		sink->document(sink->ctx, json, len);
		return documents;
	}
	segment = cJSON_ParseWithLength(json, len);
	if (!cJSON_IsObject(segment))
		return -EBADMSG;
	list = cJSON_GetObjectItemCaseSensitive(segment, "subsegments");
	for (; list && list->child && len > max; documents++) {
		r = send_first(list, max, sink);
		if (r < 0)
			return r;
		len -= (size_t)r < len ? (size_t)r : len;
	}
	r = send_rest(segment, list, max, sink);
	return r < 0 ? r : documents;
}
