// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_sql.c - any bytes as a statement. The input's first byte chooses the mode, the second the
 * output's room.
 */
#include "fuzz.h"
#include "proto/sql.h"
#include "util/utf8.h"

static void is_clean_text(const char *out, size_t len)
{
	struct bytes text = bytes_of(out, len);

	INVARIANT(strlen(out) == len);
	while (text.len) {
		uint32_t c;
		size_t n = utf8_decode(text, &c);

		INVARIANT(n && c >= 0x20 && c != 0x7f);
		text = bytes_skip(text, n);
	}
}

/*
 * The first pass leaves nothing for a second one. Where the text ended inside something, or the
 * output's end was cut off, what is left may read differently; and two minus signs at the very end,
 * in front of a comment or a semicolon, are then a comment themselves.
 */
static void is_final(struct sql_mode mode, const char *once, size_t len)
{
	char again[SQL_SANITIZED_CAP];

	if (mode.odd_charset || (len >= 3 && !strcmp(once + len - 3, "...")) || strstr(once, "--"))
		return;
	INVARIANT(sql_sanitize(bytes_of(once, len), mode, again, sizeof(again)) == len);
	INVARIANT(!strcmp(again, once));
}

/* No digit is written that does not belong to a name: none behind a space, comma or parenthesis. */
static void has_no_number(const char *out, bool names)
{
	for (const char *p = out; names && *p; p++) {
		if (*p < '0' || *p > '9')
			continue;
		INVARIANT(p > out && !strchr(" ,()+*/=<>!;?'-", p[-1]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in;
	struct sql_mode mode;
	char out[SQL_SANITIZED_CAP], small[256];
	size_t len, small_len;

	if (size < 2)
		return 0;
	in = bytes_skip(bytes_of(data, size), 2);
	mode = (struct sql_mode){ data[0] & 1, data[0] & 2, (data[0] & 12) == 12, data[0] & 16 };
	len = sql_sanitize(in, mode, out, sizeof(out));
	INVARIANT(len < sizeof(out));
	is_clean_text(out, len);
	has_no_number(out, !strpbrk(out, "`\""));
	is_final(mode, out, len);
	small_len = sql_sanitize(in, mode, small, data[1]);
	INVARIANT(small_len < data[1] || (!data[1] && !small_len));
	if (data[1])
		is_clean_text(small, small_len);
	(void)sql_kind(in);
	(void)sql_looks_like_statement(in);
	return 0;
}
