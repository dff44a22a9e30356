/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.h - JSON written straight to a buffer that is used again for the next document: no
 * tree and, once the buffer has grown to what documents need, no allocation.
 *
 * Members come in the order of the calls, without blanks; numbers and strings are as in json.h. A
 * failed allocation is remembered instead of returned: write the whole document, then look at
 * `failed`. @key must be a string constant, without anything to escape; NULL for an array's item.
 */
#ifndef BPFXRAY_XRAY_JSON_WRITER_H
#define BPFXRAY_XRAY_JSON_WRITER_H

#include "util/bytes.h"

struct json_writer {
	char *at; /* owned; the document so far, NUL-terminated after json_finish() */
	size_t len, cap;
	bool failed; /* no memory: what is written is of no use */
};

/* Empties it for a new document; memory of usual size stays. A zeroed writer needs no other
 * beginning. */
void json_reset(struct json_writer *w);
/* Frees the memory. */
void json_clear(struct json_writer *w);
/* The document is complete. 0, or -ENOMEM when any of its members could not be written. */
int json_finish(struct json_writer *w);

void json_open(struct json_writer *w, const char *key);
void json_close(struct json_writer *w);
void json_open_array(struct json_writer *w, const char *key);
void json_close_array(struct json_writer *w);

/* Strings: at most @cap bytes, bytes that are no UTF-8 as U+FFFD. An empty string adds nothing. */
void json_put_bytes(struct json_writer *w, const char *key, struct bytes text, size_t cap);
void json_put_string(struct json_writer *w, const char *key, const char *text, size_t cap);
/* An ASCII text that needs no escape, written even when it is empty. */
void json_put_word(struct json_writer *w, const char *key, const char *word);

void json_put_int(struct json_writer *w, const char *key, int64_t value);
/* The same, but a negative value, which means unknown, adds nothing. */
void json_put_known(struct json_writer *w, const char *key, int64_t value);
/* Microseconds as seconds with 6 decimals. */
void json_put_seconds(struct json_writer *w, const char *key, uint64_t us);
/* Nanoseconds as milliseconds with up to 3 decimals. */
void json_put_ms(struct json_writer *w, const char *key, uint64_t ns);
void json_put_bool(struct json_writer *w, const char *key, bool value);
/* `true` when @value, nothing otherwise. */
void json_put_true(struct json_writer *w, const char *key, bool value);

#endif
