// SPDX-License-Identifier: Apache-2.0
/*
 * others.c - see field.h: what the SDK tells and no field is about. Without it a member that nobody
 * thought of would pass for equal.
 */
#include <stdio.h>
#include <string.h>

#include "compare/field.h"
#include "util/array.h"

#define PATH_CAP 128
/* Objects inside each other that are looked into; a member that is deeper is one as a whole. */
#define DEPTH_MAX 4

/* What a document has for itself, or is compared as something else (times, parts, parents). */
static const char *const own[] = {
	"id",
	"trace_id",
	"parent_id",
	"type",
	"start_time",
	"end_time",
	"in_progress",
	"subsegments",
	"aws.xray.sdk_version",
	"aws.xray.auto_instrumentation",
};

/* Is @inner @outer itself, or a member of it? */
static bool is_part(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return !strncmp(inner, outer, len) && (!inner[len] || inner[len] == '.');
}

/* What is known of a member: it is one, it has some in it, or neither. */
enum known { UNKNOWN, HAS_KNOWN, KNOWN };

static enum known known_as(const char *path, const char *name)
{
	if (is_part(path, name))
		return KNOWN;
	return is_part(name, path) ? HAS_KNOWN : UNKNOWN;
}

static enum known look(const char *path, const struct field *fields, size_t count)
{
	enum known found = UNKNOWN, one;

	for (size_t i = 0; i < ARRAY_LEN(own) + count && found != KNOWN; i++) {
		one = known_as(path, i < ARRAY_LEN(own) ? own[i] : fields[i - ARRAY_LEN(own)].name);
		found = one > found ? one : found;
	}
	return found;
}

static const cJSON *first_in(const cJSON *json, const char *around, unsigned int depth,
			     const struct field *fields, size_t count)
{
	const cJSON *item, *found = NULL;

	cJSON_ArrayForEach(item, json)
	{
		char path[PATH_CAP];
		enum known known;

		if (!item->string || cJSON_IsFalse(item) || cJSON_IsNull(item))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", around, *around ? "." : "", item->string);
		known = look(path, fields, count);
		if (known == HAS_KNOWN && cJSON_IsObject(item) && depth < DEPTH_MAX)
			found = first_in(item, path, depth + 1, fields, count);
		else if (known == UNKNOWN)
			found = item;
		if (found)
			return found;
	}
	return NULL;
}

const cJSON *others_first(const cJSON *json, const struct field *fields, size_t count)
{
	return first_in(json, "", 0, fields, count);
}
