// SPDX-License-Identifier: Apache-2.0
/* test_name_pattern.c - wildcards, and names that follow the Host header. */
#include "unit.h"
#include "util/array.h"

#include "xray/name_pattern.h"
#include "xray/wildcard.h"

struct row {
	const char *pattern;
	const char *text;
	bool match;
};

static const struct row rows[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "*", "", true },
	{ "*", "anything", true },
	{ "**", "", true },
	{ "?", "", false },
	{ "?", "a", true },
	{ "?", "ab", false },
	{ "?", "\xc3\xa9", true }, /* one character of two bytes */
	{ "??", "\xc3\xa9", false },
	{ "?", "\xff", true }, /* a byte that is part of none */
	{ "GET", "get", true },
	{ "/Todos/*", "/todos/17", true },
	{ "/todos/*", "/todos", false },
	{ "*.example.com", "www.example.com", true },
	{ "*.example.com", "example.com", false },
	{ "*.example.com", "www.example.com:8000", false },
	{ "*.example.com*", "www.example.com:8000", true },
	{ "*ab*ab", "xxabyyabzzab", true },
	{ "*ab*ab", "xxabyyabzz", false },
	{ "a*?c", "ac", false },
	{ "a*?c", "abc", true },
	{ "a*b*c*d", "a1b2b3c4c5d", true },
	{ "[a]", "[a]", true },
	{ "*a",
	  "\xc3\xa9"
	  "a",
	  true },
};

TEST(wildcard_rows)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes pattern = bytes_str(rows[i].pattern), text = bytes_str(rows[i].text);

		unit_context("pattern %s, text %s", rows[i].pattern, rows[i].text);
		CHECK_EQ(wildcard_match(bytes_of(guard_copy(pattern), pattern.len),
					bytes_of(guard_copy(text), text.len)),
			 rows[i].match);
	}
}

/* Backtracking over every `*` would take 2^30 steps here. */
TEST(wildcard_is_not_exponential)
{
	char text[4096];

	memset(text, 'a', sizeof(text));
	CHECK(!wildcard_match(bytes_str("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"),
			      bytes_of(text, sizeof(text))));
}

TEST(name_pattern_applies_to_hosts_that_match)
{
	char name[NAME_CAP];

	name_pattern_apply("*.example.com", bytes_str("www.example.com"), "todo", name);
	CHECK_STR(name, "www.example.com");
	name_pattern_apply("*.EXAMPLE.com", bytes_str("Www.example.COM"), "todo", name);
	CHECK_STR(name, "Www.example.COM");
	name_pattern_apply("*.example.com", bytes_str("example.org"), "todo", name);
	CHECK_STR(name, "todo");
	name_pattern_apply("*.example.com*", bytes_str("a.example.com:8123"), "todo", name);
	CHECK_STR(name, "a.example.com:8123");
	name_pattern_apply("*", BYTES_NONE, "todo", name);
	CHECK_STR(name, "todo");
	name_pattern_apply(NULL, bytes_str("www.example.com"), "todo", name);
	CHECK_STR(name, "todo");
}

TEST(name_pattern_keeps_to_the_character_set)
{
	char name[NAME_CAP], host[600];

	name_pattern_apply("*.example.com", bytes_str("a<b>\"$.example.com"), "todo", name);
	CHECK_STR(name, "ab.example.com");
	memset(host, 'x', sizeof(host));
	name_pattern_apply("x*", bytes_of(host, sizeof(host)), "todo", name);
	CHECK_EQ(strlen(name), NAME_CHARS_MAX);
	name_pattern_apply("*", bytes_str("host"), "to*do!", name);
	CHECK_STR(name, "host");
	name_pattern_apply("other", bytes_str("host"), "to*do!", name);
	CHECK_STR(name, "todo");
}

TEST(name_pattern_refuses_what_is_none)
{
	char lots[NAME_CAP + 1];

	memset(lots, 'a', sizeof(lots));
	CHECK_STR(name_pattern_refused(bytes_str("*.example.com")), NULL);
	CHECK_STR(name_pattern_refused(bytes_str("shop-?.example.com:*")), NULL);
	CHECK(name_pattern_refused(bytes_str("")));
	CHECK(name_pattern_refused(bytes_str("*")));
	CHECK(name_pattern_refused(bytes_str("?*")));
	CHECK(name_pattern_refused(bytes_str("a b")));
	CHECK(name_pattern_refused(bytes_str("a\n")));
	CHECK(name_pattern_refused(bytes_of(lots, sizeof(lots))));
}
