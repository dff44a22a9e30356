/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h - JSON inside of a script element. In JSON `<`, `>` and `&` occur in strings only, where
 * an escape says the same, and without them no text can end the element or open another.
 */
#ifndef BPFXRAY_REPORT_SCRIPT_H
#define BPFXRAY_REPORT_SCRIPT_H

#include <stdio.h>

#include <cjson/cJSON.h>

/* Bytes that script_write() makes of @json. */
size_t script_length(const char *json);
void script_write(const char *json, FILE *out);

/* Prints @json compactly, as valid UTF-8 and escaped. Returns 0 or -ENOMEM. */
int script_write_json(const cJSON *json, FILE *out);
/* The same as a string that the caller frees; NULL without memory. Not escaped yet. */
char *script_print(const cJSON *json);

/* @text as a JSON string, escaped. Returns 0 or -ENOMEM. */
int script_write_text(const char *text, FILE *out);

#endif
