/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.h - JSON written straight to a buffer that is used again for the next document: no
 * tree and, once the buffer has grown to what documents need, no allocation.
 *
 * Members come in the order of the calls, without blanks; numbers and strings are as in json.h. A
 * failed allocation is remembered instead of returned: write the whole document, then look at
 * `failed`. Each json_put_X(w, "key", ..) is json_write_X(w, JSON_KEY("key"), ..): keys are made
 * ready when this is compiled, since a document has about a hundred of them.
 */
#ifndef BPFXRAY_XRAY_JSON_WRITER_H
#define BPFXRAY_XRAY_JSON_WRITER_H

#include "util/bytes.h"

struct json_writer {
	char *at; /* owned; the document so far, NUL-terminated after json_finish() */
	size_t len, cap;
	bool failed; /* no memory: what is written is of no use */
};

/* What stands before a value: the comma, which the first of its kind leaves out, and the key. */
struct json_key {
	const char *text;
	size_t len;
};

/* @word: a string constant without anything to escape. */
#define JSON_KEY(word) ((struct json_key){ ",\"" word "\":", sizeof(",\"" word "\":") - 1 })
/* Of an array's item, or of the document itself. */
#define JSON_ITEM ((struct json_key){ ",", 1 })

/* Empties it for a new document; memory of usual size stays. A zeroed writer needs no other
 * beginning. */
void json_reset(struct json_writer *w);
/* Frees the memory. */
void json_clear(struct json_writer *w);
/* The document is complete. 0, or -ENOMEM when any of its members could not be written. */
int json_finish(struct json_writer *w);

void json_write_object(struct json_writer *w, struct json_key key);
void json_close(struct json_writer *w);
void json_write_array(struct json_writer *w, struct json_key key);
void json_close_array(struct json_writer *w);
#define json_open(w, word)	 json_write_object(w, JSON_KEY(word))
#define json_open_item(w)	 json_write_object(w, JSON_ITEM)
#define json_open_array(w, word) json_write_array(w, JSON_KEY(word))

/* Strings: at most @cap bytes, bytes that are no UTF-8 as U+FFFD. An empty string adds nothing. */
void json_write_text(struct json_writer *w, struct json_key key, struct bytes text, size_t cap);
#define json_put_bytes(w, word, text, cap)  json_write_text(w, JSON_KEY(word), text, cap)
#define json_put_string(w, word, text, cap) json_write_text(w, JSON_KEY(word), bytes_str(text), cap)
/* The same under a key that comes at run time, which needs no escape either. */
void json_put_named(struct json_writer *w, const char *name, const char *text, size_t cap);
/* An ASCII text that needs no escape, written even when it is empty. */
void json_write_word(struct json_writer *w, struct json_key key, const char *text);
#define json_put_word(w, word, text) json_write_word(w, JSON_KEY(word), text)

void json_write_int(struct json_writer *w, struct json_key key, int64_t value);
#define json_put_int(w, word, value) json_write_int(w, JSON_KEY(word), value)
/* The same, but a negative value, which means unknown, adds nothing. */
void json_write_known(struct json_writer *w, struct json_key key, int64_t value);
#define json_put_known(w, word, value) json_write_known(w, JSON_KEY(word), value)
/* Microseconds as seconds with 6 decimals. */
void json_write_seconds(struct json_writer *w, struct json_key key, uint64_t us);
#define json_put_seconds(w, word, us) json_write_seconds(w, JSON_KEY(word), us)
/* Nanoseconds as milliseconds with up to 3 decimals. */
void json_write_ms(struct json_writer *w, struct json_key key, uint64_t ns);
#define json_put_ms(w, word, ns) json_write_ms(w, JSON_KEY(word), ns)
void json_write_bool(struct json_writer *w, struct json_key key, bool value);
#define json_put_bool(w, word, value) json_write_bool(w, JSON_KEY(word), value)
/* `true` when @value, nothing otherwise. */
void json_write_true(struct json_writer *w, struct json_key key, bool value);
#define json_put_true(w, word, value) json_write_true(w, JSON_KEY(word), value)

#endif
