// SPDX-License-Identifier: Apache-2.0
/*
 * test_sql_literals.c - no byte of a literal is ever written, wherever the text is cut; and the
 * bounds of the output.
 */
#include "sql_specified.h"
#include "unit.h"

#include <ctype.h>
#include <stdlib.h>

#include "util/array.h"

/*
 * Statements with a literal in each position; every literal is made of the digit 7 and the letters
 * Q and Z, which are nowhere else.
 */
static const char *const SENTINELS[] = {
	"select 'QZ', \"QZ\", 77, -77, 7.7, .77, 7e7, 7e-7, 0x77, 0b77, x'77', b'77', n'QZ' from t",
	"select 'Q''Z', 'Q\\'Z', \"Q\"\"Z\", \"Q\\\"Z\", 'Q\\\\', 'Z'",
	"select * from t where a='QZ' and b in ('QZ',77,'ZQ') and c between 77 and 777",
	"insert into t (a,b) values ('QZ',77),('Q\\'Z',-77),(_utf8mb4'QZ',7.7e+7)",
	"update t set a = 'QZ', b=b+77, c=c-77 where id=77 limit 77",
	"select _binary 'QZ', _latin1 \"QZ\", date '7777-77-77', {d '7777-77-77'}",
	"call p(77,'QZ',@x,NULL); select 77; set @s='QZ', @t := 77",
	"select /* 'QZ 77 */ a -- QZ 77\n, b # 'QZ 77\n, /*! 'QZ' 77 */ c, /*+ QZ(77) */ d",
	"select a.b-77,a--77,a - -77,(77),f('QZ'),c->'$.QZ',c->>'$.QZ[77]'",
	"select 'QZ' 'QZ', 'Q\nZ', '', 'QZ'/77, 77%7, 77*77, 7.7.7, 7..7",
	"create user u identified by 'QZ'",
	"set password = 'QZ'",
	"select 1; grant all on d to u identified by 'QZ'",
	"select * from `t1` where `a`='QZ' and `b``c`=77 or and.77<a or t. 77 or `a`77",
	"load data local infile 'QZ' into table t fields terminated by 'Q' lines starting by 'Z'",
	"select case when a=77 then 'QZ' else -77 end, if(a>77,'QZ','ZQ'), a like 'QZ%' escape 'Q'",
	"select \xc3\xa9 = 'QZ\xc3\xa9', 'QZ\xe9' , '\xff' , 77",
};

static bool shows_literal(const char *out)
{
	return strpbrk(out, "7QZ") != NULL;
}

TEST(sql_sanitize_never_writes_a_literal)
{
	char out[SQL_SANITIZED_CAP];

	for (size_t i = 0; i < ARRAY_LEN(SENTINELS); i++) {
		struct bytes in = bytes_str(SENTINELS[i]);

		for (size_t n = 0; n <= in.len; n++) {
			struct bytes part = bytes_take(in, n);
			struct sql_mode mode = { .truncated = n < in.len };

			unit_context("statement %zu, %zu bytes", i, n);
			sql_sanitize(bytes_of(guard_copy(part), n), mode, out, sizeof(out));
			CHECK(!shows_literal(out));
			guard_release();
		}
	}
}

/* Each row's literals, replaced by sentinels of the same kind, at every truncation. */
static void sentinels_of(const char *in, char *out)
{
	char quote = 0;

	for (; *in; in++, out++) {
		*out = *in;
		if (quote && *in == '\\' && in[1]) {
			*++out = *++in;
			continue;
		}
		if (*in == quote)
			quote = 0;
		else if (!quote && (*in == '\'' || *in == '"'))
			quote = *in;
		else if (quote && (isalnum((unsigned char)*in)))
			*out = 'Q';
	}
	*out = '\0';
}

TEST(sql_sanitize_table_at_every_truncation)
{
	char text[256], out[SQL_SANITIZED_CAP];
	struct sql_mode mode = { .truncated = true };

	for (size_t i = 0; i < ARRAY_LEN(SPECIFIED); i++) {
		sentinels_of(SPECIFIED[i].in, text);
		for (size_t n = 0; n <= strlen(text); n++) {
			unit_context("row %zu, %zu bytes: %s", i, n, text);
			sql_sanitize(bytes_of(text, n), mode, out, sizeof(out));
			CHECK(!strchr(out, 'Q'));
			CHECK(strlen(out) >= 3 && !strcmp(out + strlen(out) - 3, "..."));
		}
	}
}

TEST(sql_sanitize_respects_every_cap)
{
	static const char in[] =
		"select caf\xc3\xa9, '\xf0\x9f\x98\x80', `\xf0\x9f\x98\x80` from t";
	char out[64];

	CHECK_EQ(sql_sanitize(bytes_str(in), (struct sql_mode){ 0 }, NULL, 0), 0);
	for (size_t cap = 1; cap < sizeof(out); cap++) {
		size_t len;

		unit_context("cap %zu", cap);
		memset(out, 0x55, sizeof(out));
		len = sql_sanitize(bytes_str(in), (struct sql_mode){ 0 }, out, cap);
		CHECK(len < cap);
		CHECK_EQ(strlen(out), len);
		CHECK_EQ(out[cap], 0x55);
		/* Never a part of a character: each lead byte has all of its followers. */
		CHECK(len < 11 || out[10] != '\xc3' || out[11] == '\xa9');
	}
}

/* A statement of a megabyte: the fold happens on the way, so that what follows is still seen. */
TEST(sql_sanitize_folds_long_lists)
{
	static const char head[] = "insert into t values ", row[] = "(1,'abc',-2),";
	static const char tail[] = "(3,'d',4) on duplicate key update a=5";
	size_t rows = 80000, len = strlen(head);
	char *text = malloc(len + rows * strlen(row) + sizeof(tail));
	char out[SQL_SANITIZED_CAP];

	if (!CHECK(text != NULL))
		return;
	memcpy(text, head, len);
	for (size_t i = 0; i < rows; i++, len += strlen(row))
		memcpy(text + len, row, strlen(row));
	memcpy(text + len, tail, sizeof(tail));
	sql_sanitize(bytes_str(text), (struct sql_mode){ 0 }, out, sizeof(out));
	CHECK_STR(out, "insert into t values (?) on duplicate key update a=?");
	free(text);
}

TEST(sql_sanitize_deep_parentheses)
{
	char in[512], out[SQL_SANITIZED_CAP];

	memset(in, '(', 100);
	memcpy(in + 100, "a in (1,2)", 10);
	memset(in + 110, ')', 110);
	sql_sanitize(bytes_of(in, 220), (struct sql_mode){ 0 }, out, sizeof(out));
	/* Too deep to fold, and not lost. */
	CHECK_EQ(strlen(out), 221);
	CHECK(strstr(out, "((a in (?, ?)))") != NULL);
}
