/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read.h - reading members of cJSON objects that somebody else wrote: a wrong type is like
 * an absent member, and no number leaves its range.
 */
#ifndef BPFXRAY_XRAY_JSON_READ_H
#define BPFXRAY_XRAY_JSON_READ_H

#include <cjson/cJSON.h>

#include "util/bytes.h"
#include "util/cleanup.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

/* The string @key of @object, or NULL. */
const char *json_get_string(const cJSON *object, const char *key);
/* True with *@ret set when @key is a number from @min to @max (finite). */
bool json_get_number(const cJSON *object, const char *key, double min, double max, double *ret);
/* The same for a whole number. */
bool json_get_whole(const cJSON *object, const char *key, double min, double max, uint64_t *ret);

/* Parses the whole of @text, trailing white space aside. NULL: *ret_at is where it ends to be JSON.
 */
cJSON *json_parse(struct bytes text, size_t *ret_at);

#endif
