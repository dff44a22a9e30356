// SPDX-License-Identifier: Apache-2.0
/* test_utf8.c - what is UTF-8 and what becomes U+FFFD. */
#include "unit.h"
#include "util/array.h"

#include "util/cleanup.h"
#include "util/utf8.h"

#define BAD "\xef\xbf\xbd"

TEST(utf8_clean_table)
{
	static const struct {
		struct bytes in;
		size_t cap;
		const char *out;
	} rows[] = {
		{ LITERAL(""), 10, "" },
		{ LITERAL("plain"), 10, "plain" },
		{ LITERAL("plain"), 3, "pla" },
		{ LITERAL("plain"), 0, "" },
		{ LITERAL("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), 20,
		  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ LITERAL("a\xc3\xa9"), 2, "a" },     /* no half of a code point */
		{ LITERAL("a\0b"), 10, "a" BAD "b" }, /* NUL */
		{ LITERAL("\xff\xfe"), 10, BAD BAD }, /* never in UTF-8 */
		{ LITERAL("\xc3"), 10, BAD },	      /* cut */
		{ LITERAL("\xc3z"), 10, BAD "z" },
		{ LITERAL("\xe2\x82"), 10, BAD BAD },
		{ LITERAL("\x80"), 10, BAD },
		{ LITERAL("\xc0\xaf"), 10, BAD BAD }, /* overlong */
		{ LITERAL("\xe0\x80\xaf"), 10, BAD BAD BAD },
		{ LITERAL("\xf0\x80\x80\xaf"), 20, BAD BAD BAD BAD },
		{ LITERAL("\xed\xa0\x80"), 10, BAD BAD BAD },	      /* surrogate */
		{ LITERAL("\xf4\x90\x80\x80"), 20, BAD BAD BAD BAD }, /* above U+10FFFF */
		{ LITERAL("\xf4\x8f\xbf\xbf"), 20, "\xf4\x8f\xbf\xbf" },
		{ LITERAL("\xff"), 2, "" }, /* no half of U+FFFD */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes in = bytes_of(guard_copy(rows[i].in), rows[i].in.len);
		_cleanup_free_ char *out = utf8_clean(in, rows[i].cap);

		unit_context("row %zu", i);
		CHECK_STR(out, rows[i].out);
	}
}
