// SPDX-License-Identifier: Apache-2.0
/* json.c - see json.h. */
#include "xray/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "util/cleanup.h"
#include "util/utf8.h"

/* Gives @member to @object, or frees it. */
static cJSON *attach(cJSON *object, const char *key, cJSON *member)
{
	if (member && cJSON_AddItemToObjectCS(object, key, member))
		return member;
	cJSON_Delete(member);
	return NULL;
}

bool json_add_bytes(cJSON *object, const char *key, struct bytes text, size_t cap)
{
	_cleanup_free_ char *clean = NULL;

	if (!text.len)
		return object;
	clean = utf8_clean(text, cap);
	return clean && attach(object, key, cJSON_CreateString(clean));
}

bool json_add_string(cJSON *object, const char *key, const char *text, size_t cap)
{
	return json_add_bytes(object, key, bytes_str(text), cap);
}

bool json_add_int(cJSON *object, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return attach(object, key, cJSON_CreateRaw(text));
}

bool json_add_seconds(cJSON *object, const char *key, uint64_t us)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	return attach(object, key, cJSON_CreateRaw(text));
}

bool json_add_ms(cJSON *object, const char *key, uint64_t ns)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64, ns / 1000000,
			   ns / 1000 % 1000);

	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	text[len] = '\0';
	return attach(object, key, cJSON_CreateRaw(text));
}

bool json_add_bool(cJSON *object, const char *key, bool value)
{
	return attach(object, key, cJSON_CreateBool(value));
}

cJSON *json_add_object(cJSON *object, const char *key)
{
	return attach(object, key, cJSON_CreateObject());
}

cJSON *json_add_array(cJSON *object, const char *key)
{
	return attach(object, key, cJSON_CreateArray());
}

cJSON *json_append_object(cJSON *array)
{
	cJSON *object = cJSON_CreateObject();

	if (object && cJSON_AddItemToArray(array, object))
		return object;
	cJSON_Delete(object);
	return NULL;
}
