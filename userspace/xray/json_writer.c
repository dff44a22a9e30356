// SPDX-License-Identifier: Apache-2.0
/* json_writer.c - see json_writer.h. */
#include "xray/json_writer.h"

#include <errno.h>
#include <stdlib.h>

#include "util/decimal.h"
#include "util/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
/* Room for any number with its sign or point. */
#define NUMBER_CAP (DECIMAL_MAX + 1)
/* What one byte of a string becomes at most: \u0000. */
#define ESCAPE_MAX 6
#define FIRST_CAP  4096
/* A document of thousands of statements does not hold its memory for ever. */
#define KEPT_MAX (1024 * 1024)

void json_reset(struct json_writer *w)
{
	if (w->cap > KEPT_MAX)
		json_clear(w);
	w->len = 0;
	w->failed = false;
}

void json_clear(struct json_writer *w)
{
	free(w->at);
	*w = (struct json_writer){ 0 };
}

/* Makes room for @more bytes. False without memory. */
static bool grow(struct json_writer *w, size_t more)
{
	size_t cap = w->cap ? w->cap : FIRST_CAP;
	char *at;

	while (cap - w->len < more)
		cap *= 2;
	at = w->failed ? NULL : realloc(w->at, cap);
	if (!at) {
		w->failed = true;
		return false;
	}
	w->at = at;
	w->cap = cap;
	return true;
}

static inline bool reserve(struct json_writer *w, size_t more)
{
	return (w->cap - w->len >= more && !w->failed) || grow(w, more);
}

/* @text is short, and there is room for it. */
static inline void put(struct json_writer *w, const char *text, size_t len)
{
	memcpy(w->at + w->len, text, len);
	w->len += len;
}

int json_finish(struct json_writer *w)
{
	if (!reserve(w, 1))
		return -ENOMEM;
	w->at[w->len] = '\0';
	return 0;
}

/* Writes @key, with room for @more bytes behind it. The first of its kind has no comma before it.
 */
static bool begin(struct json_writer *w, struct json_key key, size_t more)
{
	size_t comma = 0;

	if (!reserve(w, key.len + more))
		return false;
	if (!w->len || w->at[w->len - 1] == '{' || w->at[w->len - 1] == '[')
		comma = 1;
	put(w, key.text + comma, key.len - comma);
	return true;
}

static void put_sign(struct json_writer *w, char sign)
{
	if (reserve(w, 1))
		w->at[w->len++] = sign;
}

void json_write_object(struct json_writer *w, struct json_key key)
{
	if (begin(w, key, 1))
		w->at[w->len++] = '{';
}

void json_close(struct json_writer *w)
{
	put_sign(w, '}');
}

void json_write_array(struct json_writer *w, struct json_key key)
{
	if (begin(w, key, 1))
		w->at[w->len++] = '[';
}

void json_close_array(struct json_writer *w)
{
	put_sign(w, ']');
}

/* The escape of an ASCII byte that needs one. */
static void put_escape(struct json_writer *w, uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
					['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\' };
	char escape[] = { '\\', c < sizeof(letters) ? letters[c] : 0, '0', '0', 0, 0 };

	if (escape[1]) {
		put(w, escape, 2);
		return;
	}
	escape[1] = 'u';
	escape[4] = digits[c >> 4];
	escape[5] = digits[c & 15];
	put(w, escape, sizeof(escape));
}

/* Bytes that are written as they are. */
static const bool plain[256] = {
	[0x20 ... '"' - 1] = true,
	['"' + 1 ... '\\' - 1] = true,
	['\\' + 1 ... 0x7f] = true,
};

/*
 * What stands at the start of @in and is not plain: an escaped byte, a code point, or the
 * replacement of a byte that is none. Returns the bytes that it is long unescaped, 0 when that is
 * more than @room, and in @ret_taken the bytes of @in.
 */
static size_t put_special(struct json_writer *w, struct bytes in, size_t room, size_t *ret_taken)
{
	uint32_t c = 0;
	size_t n = utf8_decode(in, &c);
	bool valid = n && c;
	size_t add = valid ? n : strlen(REPLACEMENT);

	*ret_taken = n ? n : 1;
	if (add > room)
		return 0;
	if (valid && n == 1)
		put_escape(w, in.at[0]);
	else
		put(w, valid ? (const char *)in.at : REPLACEMENT, add);
	return add;
}

/* As utf8_clean() would cut and mend @in, escaped. There is room for it. */
static void put_text(struct json_writer *w, struct bytes in, size_t room)
{
	while (in.len && room) {
		size_t n = 0, most = in.len < room ? in.len : room, taken, add;

		while (n < most && plain[in.at[n]])
			n++;
		put(w, (const char *)in.at, n);
		in = bytes_skip(in, n);
		room -= n;
		if (n == most)
			continue;
		add = put_special(w, in, room, &taken);
		if (!add)
			return;
		room -= add;
		in = bytes_skip(in, taken);
	}
}

/* The key is written, with room for the text at its longest. */
static void put_quoted(struct json_writer *w, struct bytes text, size_t room)
{
	w->at[w->len++] = '"';
	put_text(w, text, room);
	w->at[w->len++] = '"';
}

static size_t text_room(struct bytes text, size_t cap)
{
	return text.len < cap / 3 ? text.len * 3 : cap;
}

void json_write_text(struct json_writer *w, struct json_key key, struct bytes text, size_t cap)
{
	size_t room = text_room(text, cap);

	if (text.len && begin(w, key, room * ESCAPE_MAX + 2))
		put_quoted(w, text, room);
}

void json_put_named(struct json_writer *w, const char *name, const char *text, size_t cap)
{
	size_t name_len = strlen(name), room = text_room(bytes_str(text), cap);

	if (!room || !begin(w, JSON_ITEM, name_len + strlen("\"\":") + room * ESCAPE_MAX + 2))
		return;
	w->at[w->len++] = '"';
	put(w, name, name_len);
	put(w, "\":", 2);
	put_quoted(w, bytes_str(text), room);
}

void json_write_word(struct json_writer *w, struct json_key key, const char *text)
{
	size_t len = strlen(text);

	if (!begin(w, key, len + 2))
		return;
	w->at[w->len++] = '"';
	put(w, text, len);
	w->at[w->len++] = '"';
}

/* There is room for it. */
static void put_digits(struct json_writer *w, uint64_t value, size_t width)
{
	w->len += decimal_digits(value, width, w->at + w->len);
}

void json_write_int(struct json_writer *w, struct json_key key, int64_t value)
{
	if (!begin(w, key, NUMBER_CAP))
		return;
	if (value < 0)
		w->at[w->len++] = '-';
	put_digits(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}

void json_write_known(struct json_writer *w, struct json_key key, int64_t value)
{
	if (value >= 0)
		json_write_int(w, key, value);
}

void json_write_seconds(struct json_writer *w, struct json_key key, uint64_t us)
{
	if (!begin(w, key, 2 * NUMBER_CAP))
		return;
	put_digits(w, us / 1000000, 1);
	w->at[w->len++] = '.';
	put_digits(w, us % 1000000, 6);
}

void json_write_ms(struct json_writer *w, struct json_key key, uint64_t ns)
{
	uint64_t rest = ns / 1000 % 1000;
	size_t width = 3;

	if (!begin(w, key, 2 * NUMBER_CAP))
		return;
	put_digits(w, ns / 1000000, 1);
	if (!rest)
		return;
	for (; rest % 10 == 0; rest /= 10)
		width--;
	w->at[w->len++] = '.';
	put_digits(w, rest, width);
}

void json_write_bool(struct json_writer *w, struct json_key key, bool value)
{
	if (begin(w, key, sizeof("false")))
		put(w, value ? "true" : "false", value ? 4 : 5);
}

void json_write_true(struct json_writer *w, struct json_key key, bool value)
{
	if (value)
		json_write_bool(w, key, true);
}
