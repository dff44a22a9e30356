// SPDX-License-Identifier: Apache-2.0
/*
 * truncate.c - see truncate.h. A byte of a text takes at least one byte of the document, so that
 * cutting as many bytes as there are too many always does.
 */
#include "emit/truncate.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util/array.h"

/* ,"metadata":{"bpfxray":{"truncated":true}} */
#define MARK_LEN 42
/* Statements and segments are flat; what is deeper is left alone. */
#define DEPTH_MAX 8

static bool is_kept(const cJSON *item)
{
	static const char *const kept[] = { "id", "trace_id", "parent_id", "name", "type" };

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (item->string && !strcmp(item->string, kept[i]))
			return true;
	return false;
}

static void look_for_longest(cJSON *item, int depth, cJSON **longest, size_t *len)
{
	cJSON *child;

	if (cJSON_IsString(item) && !is_kept(item) && strlen(item->valuestring) > *len) {
		*longest = item;
		*len = strlen(item->valuestring);
	}
	if (!cJSON_IsObject(item) && !cJSON_IsArray(item))
		return;
	cJSON_ArrayForEach(child, item)
	{
		if (depth < DEPTH_MAX)
			look_for_longest(child, depth + 1, longest, len);
	}
}

/* Not in the middle of a code point. */
static size_t boundary(const char *text, size_t at)
{
	while (at && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* The object @name in @parent, made where it is missing. */
static cJSON *child_of(cJSON *parent, const char *name)
{
	cJSON *child = parent ? cJSON_GetObjectItemCaseSensitive(parent, name) : NULL;

	return child || !parent ? child : cJSON_AddObjectToObject(parent, name);
}

static int mark(cJSON *document)
{
	cJSON *own = child_of(child_of(document, "metadata"), "bpfxray");

	if (!own)
		return -ENOMEM;
	if (cJSON_GetObjectItemCaseSensitive(own, "truncated"))
		return 0;
	return cJSON_AddTrueToObject(own, "truncated") ? 0 : -ENOMEM;
}

int truncate_texts(cJSON *document, size_t len, size_t max)
{
	size_t over = len + MARK_LEN > max ? len + MARK_LEN - max : 0;
	int r = mark(document);

	while (!r && over) {
		cJSON *text = NULL;
		size_t text_len = 0, left;

		look_for_longest(document, 0, &text, &text_len);
		if (!text)
			break;
		left = boundary(text->valuestring, text_len > over ? text_len - over : 0);
		text->valuestring[left] = '\0';
		over -= text_len - left < over ? text_len - left : over;
	}
	return r;
}
