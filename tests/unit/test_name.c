// SPDX-License-Identifier: Apache-2.0
/* test_name.c - X-Ray's alphabet of names, and URLs put together from a request's parts. */
#include "unit.h"

#include <stdio.h>

#include "util/array.h"
#include "xray/name.h"
#include "xray/url.h"

TEST(name_table)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "todobackend", "todobackend" },
		{ "a_.:/%&#=+\\-@9 Z", "a_.:/%&#=+\\-@9 Z" },
		{ "a?b;c*d(e)f!g$h~i^j<k>l\"m'n{o}p", "abcdefghijklmnop" },
		{ "  two \t\n words ", "two words" },
		{ "d\xc3\xa9j\xc3\xa0 \xe6\x97\xa5\xe6\x9c\xac \xd0\xb6",
		  "d\xc3\xa9j\xc3\xa0 \xe6\x97\xa5\xe6\x9c\xac \xd0\xb6" },
		{ "a\xe2\x86\x92"
		  "b\xf0\x9f\x98\x80"
		  "c\xc2\xa9",
		  "abc" }, /* signs are no letters */
		{ "a\xff"
		  "b\xc3",
		  "ab" }, /* not UTF-8 */
		{ "x\x01y\x7fz", "xyz" },
		{ "", "unknown" },
		{ "?!", "unknown" },
		{ "10.0.0.1", "10.0.0.1" },
		{ "2001:db8::1", "2001:db8::1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes in = bytes_str(rows[i].in);
		char out[NAME_CAP];

		unit_context("%s", rows[i].in);
		name_clean(bytes_of(guard_copy(in), in.len), out);
		CHECK_STR(out, rows[i].out);
	}
}

TEST(name_is_cut_at_200_characters)
{
	char in[4 * 300], out[NAME_CAP];

	memset(in, 'x', sizeof(in));
	name_clean(bytes_of(in, sizeof(in)), out);
	CHECK_EQ(strlen(out), 200);
	for (size_t i = 0; i < sizeof(in); i += 4)
		memcpy(in + i, "\xf0\xa0\x80\x80", 4); /* U+20000, an ideograph */
	name_clean(bytes_of(in, sizeof(in)), out);
	CHECK_EQ(strlen(out), 800);
	memset(in, 'x', 199);
	memcpy(in + 199, " yz", 3);
	name_clean(bytes_of(in, 202), out);
	CHECK_EQ(strlen(out), 199); /* no blank at the end */
}

TEST(url_table)
{
	static const struct {
		const char *scheme, *host, *method, *target, *url;
	} rows[] = {
		{ "http", "ex.com:8123", "GET", "/ok/?q=1&b=%C3%A9",
		  "http://ex.com:8123/ok/?q=1&b=%C3%A9" },
		{ "https", "ex.com", "GET", "/", "https://ex.com/" },
		{ "http", "[::1]:80", "GET", "/a#b", "http://[::1]:80/a#b" },
		{ "http", "ex.com", "GET", "/\xc3\xa9 \x01\"\\<>^`{|}\x7f\xff",
		  "http://ex.com/%C3%A9%20%01%22%5C%3C%3E%5E%60%7B%7C%7D%7F%FF" },
		{ "http", "ex.com", "GET", "http://other.org/x?y", "http://other.org/x?y" },
		{ "http", "ex.com", "GET", "HTTPS://other.org", "HTTPS://other.org" },
		{ "http", "ex.com", "GET", "http://user:secret@other.org/x@y",
		  "http://other.org/x@y" },
		{ "http", "ex.com", "GET", "http://u:p@q@other.org", "http://other.org" },
		{ "http", "u:p@ex.com", "GET", "/", "http://ex.com/" },
		{ "http", "ex.com", "GET", "/http://x", "http://ex.com/http://x" },
		{ "http", "ex.com", "GET", "/r?to=http://a:b@c/",
		  "http://ex.com/r?to=http://a:b@c/" },
		{ "http", "ex.com", "OPTIONS", "*", "http://ex.com" },
		{ "http", "ex.com", "CONNECT", "db.org:443", "http://db.org:443" },
		{ "http", "ex.com", "GET", "junk", "http://ex.com/junk" },
		{ "http", "ex.com", "GET", "://x", "http://ex.com/://x" },
		{ "http", "ex.com", "GET", "", "http://ex.com" },
		{ "http", "", "GET", "/path", "/path" },
		{ "http", "", "OPTIONS", "*", "*" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes target = bytes_str(rows[i].target);
		struct url_parts parts = {
			bytes_str(rows[i].scheme),
			bytes_str(rows[i].host),
			bytes_str(rows[i].method),
			bytes_of(guard_copy(target), target.len),
		};
		char url[URL_CAP];

		unit_context("%s %s", rows[i].host, rows[i].target);
		CHECK(url_build(&parts, url));
		CHECK_STR(url, rows[i].url);
	}
}

/* At every length around the cap, and never inside a %XX. */
TEST(url_is_cut_at_its_cap)
{
	static char target[URL_CAP];
	struct url_parts parts = { LITERAL("http"), LITERAL("h"), LITERAL("GET"), BYTES_NONE };
	char url[URL_CAP];

	target[0] = '/';
	memset(target + 1, 'x', sizeof(target) - 1);
	for (size_t len = URL_CAP - 20; len < URL_CAP; len++) {
		target[len - 1] = '\xff';
		parts.target = bytes_of(target, len);
		unit_context("%zu", len);
		CHECK_EQ(url_build(&parts, url), len + 10 < URL_CAP);
		CHECK_EQ(strlen(url), len + 10 < URL_CAP  ? len + 10
				      : len + 7 < URL_CAP ? len + 7
							  : URL_CAP - 1);
		target[len - 1] = 'x';
	}
}
