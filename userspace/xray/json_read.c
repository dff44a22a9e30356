// SPDX-License-Identifier: Apache-2.0
/* json_read.c - see json_read.h. */
#include "xray/json_read.h"

const char *json_get_string(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

bool json_get_number(const cJSON *object, const char *key, double min, double max, double *ret)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	/* written so that a NaN is refused too */
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= min && item->valuedouble <= max))
		return false;
	*ret = item->valuedouble;
	return true;
}

bool json_get_whole(const cJSON *object, const char *key, double min, double max, uint64_t *ret)
{
	double number;

	if (!json_get_number(object, key, min, max, &number))
		return false;
	if (number != (double)(uint64_t)number)
		return false;
	*ret = (uint64_t)number;
	return true;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

cJSON *json_parse(struct bytes text, size_t *ret_at)
{
	const char *end = NULL;
	cJSON *root = cJSON_ParseWithLengthOpts((const char *)text.at, text.len, &end, false);
	size_t at = end ? (size_t)(end - (const char *)text.at) : 0;

	while (root && at < text.len && is_space(text.at[at]))
		at++;
	*ret_at = at;
	if (root && at == text.len)
		return root;
	cJSON_Delete(root);
	return NULL;
}
