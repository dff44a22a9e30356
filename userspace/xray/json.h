/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - adding members to cJSON objects so that the result is valid JSON and the same on every
 * machine: strings as clean UTF-8, numbers written by us (cJSON would use the locale's decimal
 * point and a double's precision).
 *
 * Every function returns false (or NULL) only for want of memory, and false for a NULL object, so
 * that members are chained with && and the first failure ends the document. @key must be a string
 * constant.
 */
#ifndef BPFXRAY_XRAY_JSON_H
#define BPFXRAY_XRAY_JSON_H

#include <cjson/cJSON.h>

#include "util/bytes.h"

/* Strings: at most @cap bytes, bytes that are no UTF-8 as U+FFFD. An empty string adds nothing. */
bool json_add_bytes(cJSON *object, const char *key, struct bytes text, size_t cap);
bool json_add_string(cJSON *object, const char *key, const char *text, size_t cap);

bool json_add_int(cJSON *object, const char *key, int64_t value);
/* Microseconds as seconds with 6 decimals. */
bool json_add_seconds(cJSON *object, const char *key, uint64_t us);
/* Nanoseconds as milliseconds with up to 3 decimals. */
bool json_add_ms(cJSON *object, const char *key, uint64_t ns);
bool json_add_bool(cJSON *object, const char *key, bool value);

/* A new member object or array, which @object owns. */
cJSON *json_add_object(cJSON *object, const char *key);
cJSON *json_add_array(cJSON *object, const char *key);
/* A new object at the end of @array, which owns it. */
cJSON *json_append_object(cJSON *array);

#endif
