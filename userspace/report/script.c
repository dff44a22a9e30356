// SPDX-License-Identifier: Apache-2.0
/* script.c - see script.h. */
#include "report/script.h"

#include <errno.h>

#include "util/cleanup.h"
#include "util/utf8.h"
#include "xray/json_read.h"

/* Bytes of U+2028 and U+2029, line ends to JavaScript but not to JSON; 0 for all else. */
static size_t separator_len(const char *at)
{
	return !strncmp(at, "\xe2\x80\xa8", 3) || !strncmp(at, "\xe2\x80\xa9", 3) ? 3 : 0;
}

size_t script_length(const char *json)
{
	size_t len = 0;

	for (; *json; json++)
		len += strchr("<>&", *json) ? 6 : separator_len(json) ? 4 : 1;
	return len;
}

void script_write(const char *json, FILE *out)
{
	while (*json) {
		size_t plain = strcspn(json, "<>&\xe2");

		fwrite(json, 1, plain, out);
		json += plain;
		if (!*json)
			break;
		if (separator_len(json)) {
			fprintf(out, "\\u20%02x", (unsigned char)json[2] - 0xa8 + 0x28);
			json += 3;
		} else if (*json == '\xe2') {
			fputc(*json++, out);
		} else {
			fprintf(out, "\\u%04x", (unsigned char)*json++);
		}
	}
}

char *script_print(const cJSON *json)
{
	_cleanup_free_ char *text = cJSON_PrintUnformatted(json);

	return text ? utf8_clean(bytes_str(text), SIZE_MAX) : NULL;
}

int script_write_json(const cJSON *json, FILE *out)
{
	_cleanup_free_ char *text = script_print(json);

	if (!text)
		return -ENOMEM;
	script_write(text, out);
	return 0;
}

int script_write_text(const char *text, FILE *out)
{
	_cleanup_(cleanup_json) cJSON *json = cJSON_CreateStringReference(text);

	return json ? script_write_json(json, out) : -ENOMEM;
}
