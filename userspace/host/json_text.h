/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text.h - strings out of JSON that somebody else wrote: whole, of bounded length, without
 * control characters, or not at all.
 */
#ifndef BPFXRAY_HOST_JSON_TEXT_H
#define BPFXRAY_HOST_JSON_TEXT_H

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

/* The text of @object's member @key; empty when it is absent, no text, too long, or not printable.
 */
static inline void json_take_text(const cJSON *object, const char *key, char *to, size_t cap)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
	const char *text = cJSON_GetStringValue(member);

	to[0] = '\0';
	if (!text || strlen(text) >= cap)
		return;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return;
	snprintf(to, cap, "%s", text);
}

#endif
