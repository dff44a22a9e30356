// SPDX-License-Identifier: Apache-2.0
/*
 * test_dns.c - answers of name servers by table: aliases, compressed names, both families, and what
 * a hostile server may send; each also cut behind each of its bytes, against a guard page.
 */
#include "proto/dns.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "util/array.h"

/* Header: id, flags (answer, no error), one question, @n answers, none further. */
#define HEAD(n)	      "\x12\x34\x81\x80\0\1\0" n "\0\0\0\0"
#define ASKED(name)   name "\0\0\1\0\1"	  /* type A, class IN */
#define ASKED_6(name) name "\0\0\x1c\0\1" /* type AAAA */
#define SAME	      "\xc0\x0c"	  /* the question's name */
#define A(ttl)	      "\0\1\0\1\0\0\0" ttl "\0\4"
#define AAAA(ttl)     "\0\x1c\0\1\0\0\0" ttl "\0\x10"
#define CNAME(ttl)    "\0\5\0\1\0\0\0" ttl
#define DB	      "\2db\7example"
#define V6	      "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7"

struct dns_case {
	const char *what;
	struct bytes in;
	int err;
	const char *name;
	const char *addresses; /* `10.0.0.7/60`, the TTL behind it */
};

#define CASE(what, bytes, name, addresses)                                                         \
	{                                                                                          \
		what, LITERAL(bytes), 0, name, addresses                                           \
	}
#define NONE(what, bytes, err)                                                                     \
	{                                                                                          \
		what, LITERAL(bytes), err, NULL, NULL                                              \
	}

static const struct dns_case cases[] = {
	CASE("one address", HEAD("\1") ASKED(DB) SAME A("\x3c") "\12\0\0\7", "db.example",
	     "10.0.0.7/60"),
	CASE("a round robin",
	     HEAD("\2") ASKED(DB) SAME A("\5") "\12\0\0\7" SAME A("\6") "\12\0\0\10", "db.example",
	     "10.0.0.7/5 10.0.0.8/6"),
	CASE("IPv6", HEAD("\1") ASKED_6(DB) SAME AAAA("\x1e") V6, "db.example",
	     "20010db8000000000000000000000007/30"),
	CASE("the name as it was asked", HEAD("\1") ASKED("\2Db\7eXample") SAME A("\1") "\12\0\0\7",
	     "Db.eXample", "10.0.0.7/1"),
	CASE("written out, in another case",
	     HEAD("\1") ASKED(DB) "\2DB\7EXAMPLE\0" A("\1") "\12\0\0\7", "db.example",
	     "10.0.0.7/1"),
	/* the alias `rds` is followed by a pointer to `example`; the least TTL counts */
	CASE("an alias",
	     HEAD("\2") ASKED(DB) SAME CNAME("\5") "\0\6\3rds\xc0\x0f"
						   "\xc0\x28" A("\x3c") "\12\0\0\7",
	     "db.example", "10.0.0.7/5"),
	CASE("an alias behind the address it leads to",
	     HEAD("\2") ASKED(DB) "\3rds\7example\0" A("\3") "\12\0\0\7" SAME CNAME(
		     "\5") "\0\15\3rds"
			   "\7example\0",
	     "db.example", "10.0.0.7/3"),
	NONE("an alias of itself", HEAD("\1") ASKED(DB) SAME CNAME("\5") "\0\2\xc0\x0c", -ENOENT),
	NONE("somebody else's address", HEAD("\1") ASKED(DB) "\2mx\xc0\x0f" A("\5") "\12\0\0\7",
	     -ENOENT),
	NONE("class CHAOS", HEAD("\1") ASKED(DB) SAME "\0\1\0\3\0\0\0\5\0\4\12\0\0\7", -ENOENT),
	NONE("an address of five bytes",
	     HEAD("\1") ASKED(DB) SAME "\0\1\0\1\0\0\0\5\0\5\12\0\0\7\1", -ENOENT),
	NONE("a record cut short", HEAD("\1") ASKED(DB) SAME A("\5") "\12\0\0", -ENOENT),
	CASE("the second record cut short",
	     HEAD("\2") ASKED(DB) SAME A("\5") "\12\0\0\7" SAME A("\5"), "db.example",
	     "10.0.0.7/5"),
	NONE("no such name", "\x12\x34\x81\x83\0\1\0\0\0\0\0\0" ASKED(DB), -ENOENT),
	NONE("a question", "\x12\x34\1\0\0\1\0\0\0\0\0\0" ASKED(DB), -EBADMSG),
	NONE("a status answer", "\x12\x34\x91\0\0\1\0\0\0\0\0\0" ASKED(DB), -EBADMSG),
	NONE("two questions", "\x12\x34\x81\x80\0\2\0\1\0\0\0\0" ASKED(DB) SAME A("\5") "\12\0\0\7",
	     -EBADMSG),
	NONE("the root", HEAD("\1") "\0\0\1\0\1\0" A("\5") "\12\0\0\7", -ENOENT),
	NONE("a label with a dot", HEAD("\1") ASKED("\4d.b1") SAME A("\5") "\12\0\0\7", -ENOENT),
	NONE("a label with an end", HEAD("\1") ASKED("\4d\0b1") SAME A("\5") "\12\0\0\7", -ENOENT),
	NONE("a label with a blank", HEAD("\1") ASKED("\4d b1") SAME A("\5") "\12\0\0\7", -ENOENT),
	NONE("a pointer to itself", HEAD("\1") "\xc0\x0c\0\1\0\1", -EBADMSG),
	NONE("a pointer to behind it", HEAD("\1") "\xc0\x10\0\1\0\1\1a\0", -EBADMSG),
	/* the question's name is `a`, the owner points to where the owner itself begins */
	NONE("an owner in a circle", HEAD("\1") ASKED("\1a") "\1b\xc0\x13" A("\5") "\12\0\0\7",
	     -ENOENT),
	NONE("a reserved kind of label", HEAD("\1") "\x40z\0\0\1\0\1", -EBADMSG),
	NONE("a label that is cut short", HEAD("\1") "\77z\0\0\1\0\1", -EBADMSG),
};

static void check_addresses(const struct dns_answer *answer, const char *expected)
{
	char text[1024] = "", *end = text;

	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_address *address = &answer->address[i];

		end += sprintf(end, "%s", i ? " " : "");
		for (size_t k = 0; address->v6 && k < 16; k++)
			end += sprintf(end, "%02x", address->at[k]);
		if (!address->v6)
			end += sprintf(end, "%u.%u.%u.%u", address->at[0], address->at[1],
				       address->at[2], address->at[3]);
		end += sprintf(end, "/%u", address->ttl_s);
	}
	CHECK_STR(text, expected);
}

TEST(dns_answers)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct dns_case *c = &cases[i];
		struct bytes in = bytes_of(guard_copy(c->in), c->in.len);
		struct dns_answer answer = { .name = "untouched" };

		unit_context("%s", c->what);
		if (!CHECK_EQ(dns_parse_answer(in, &answer), c->err))
			continue;
		CHECK_STR(answer.name, c->name ?: "untouched");
		check_addresses(&answer, c->addresses ?: "");
	}
}

/* A piece of an answer says the same as the whole, less, or nothing. */
TEST(dns_answers_cut)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct dns_case *c = &cases[i];

		for (size_t len = 0; len < c->in.len; len++) {
			struct bytes in = bytes_take(c->in, len);
			struct dns_answer answer;
			int r;

			unit_context("%s, %zu bytes", c->what, len);
			in.at = guard_copy(in);
			r = dns_parse_answer(in, &answer);
			CHECK(r == 0 || r == -ENOENT || r == -EBADMSG);
			if (!r)
				CHECK_STR(answer.name, c->name);
			guard_release();
		}
	}
}

static size_t name_of(size_t labels, uint8_t *ret)
{
	for (size_t i = 0; i < labels; i++) {
		ret[64 * i] = 63;
		memset(ret + 64 * i + 1, 'a', 63);
	}
	ret[64 * labels] = 0;
	return 64 * labels + 1;
}

/* Three labels of 63 are the longest of their kind; four are one byte more than a name may have. */
TEST(dns_names_longest)
{
	uint8_t in[512] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0";
	const struct bytes rest = LITERAL("\0\1\0\1" SAME A("\5") "\12\0\0\7");
	struct dns_answer answer;
	size_t len;

	for (size_t labels = 3; labels <= 4; labels++) {
		unit_context("%zu labels", labels);
		len = 12 + name_of(labels, in + 12);
		memcpy(in + len, rest.at, rest.len);
		CHECK_EQ(dns_parse_answer(bytes_of(in, len + rest.len), &answer),
			 labels == 3 ? 0 : -EBADMSG);
	}
	CHECK_EQ(strlen(answer.name), 3 * 64 - 1);
}

TEST(dns_many_addresses)
{
	uint8_t in[4096] = "\x12\x34\x81\x80\0\1\0\xff\0\0\0\0\2db\0\0\1\0\1";
	const struct bytes record = LITERAL(SAME A("\5") "\12\0\0\7");
	struct dns_answer answer;
	size_t len = 12 + 8;

	for (size_t i = 0; i < 200; i++, len += record.len)
		memcpy(in + len, record.at, record.len);
	if (CHECK_EQ(dns_parse_answer(bytes_of(in, len), &answer), 0))
		CHECK_EQ(answer.count, DNS_ADDRESSES_MAX);
}

TEST(dns_over_tcp)
{
	struct bytes in = LITERAL("\0\3abc\0\0\0\5late"), message;

	CHECK(dns_cut_message(&in, &message));
	CHECK_VIEW(message, "abc");
	CHECK(dns_cut_message(&in, &message));
	CHECK_EQ(message.len, 0);
	CHECK(!dns_cut_message(&in, &message));
	CHECK_EQ(in.len, 6);
	in = LITERAL("\0");
	CHECK(!dns_cut_message(&in, &message));
	in = LITERAL("\0\3abc");
	in.len--;
	CHECK(!dns_cut_message(&in, &message));
}
