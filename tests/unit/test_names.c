// SPDX-License-Identifier: Apache-2.0
/*
 * test_names.c - which name an address has for a connection: by who was answered, when, and for how
 * long; the hosts file behind that; and that memory is bounded.
 */
#include "trace/names.h"

#include <stdio.h>

#include "proto/hosts.h"
#include "trace/address.h"
#include "unit.h"

#define S(n) ((n)*1000000000ULL)

static struct names *fresh(void)
{
	struct names *names = NULL;

	CHECK_EQ(names_new(&names), 0);
	return names;
}

static const uint8_t *v4(uint8_t last)
{
	static uint8_t address[16] = { [10] = 0xff, 0xff, 10, 0, 0, 0 };

	address[15] = last;
	return address;
}

/* Tells that @name (four letters) is 10.0.0.@last for @ttl seconds. */
static void tell(struct names *names, struct names_who who, const char *name, uint8_t last,
		 uint8_t ttl)
{
	uint8_t message[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\4????\0\0\1\0\1"
			    "\xc0\x0c\0\1\0\1\0\0\0?\0\4\12\0\0?";

	memcpy(message + 13, name, 4);
	message[31] = ttl;
	message[37] = last;
	CHECK(names_learn(names, &who, bytes_of(message, sizeof(message) - 1)));
}

static const char *find(const struct names *names, struct names_who who, uint8_t last)
{
	return names_find(names, &who, v4(last));
}

TEST(names_answers)
{
	struct names *names = fresh();
	const struct names_who a = { 1, 10, 11, S(100) };

	tell(names, a, "main", 7, 60);
	CHECK_STR(find(names, a, 7), "main");
	CHECK_STR(find(names, a, 8), NULL);
	/* another thread, another process of the service, and long after: nobody said otherwise */
	CHECK_STR(find(names, (struct names_who){ 1, 10, 12, S(101) }, 7), "main");
	CHECK_STR(find(names, (struct names_who){ 1, 20, 20, S(101) }, 7), "main");
	CHECK_STR(find(names, (struct names_who){ 1, 10, 11, S(9999) }, 7), "main");
	/* another service; and a connection that began before the answer */
	CHECK_STR(find(names, (struct names_who){ 2, 10, 11, S(101) }, 7), NULL);
	CHECK_STR(find(names, (struct names_who){ 1, 10, 11, S(99) }, 7), NULL);
	names_free(names);
}

TEST(names_two_of_one_address)
{
	struct names *names = fresh();

	tell(names, (struct names_who){ 1, 10, 11, S(100) }, "main", 7, 60);
	tell(names, (struct names_who){ 1, 10, 12, S(101) }, "copy", 7, 5);
	/* each thread what it has asked for; who has not asked, the latest */
	CHECK_STR(find(names, (struct names_who){ 1, 10, 11, S(102) }, 7), "main");
	CHECK_STR(find(names, (struct names_who){ 1, 10, 12, S(102) }, 7), "copy");
	CHECK_STR(find(names, (struct names_who){ 1, 10, 13, S(102) }, 7), "copy");
	/* what is not valid any more stands back */
	CHECK_STR(find(names, (struct names_who){ 1, 10, 12, S(110) }, 7), "main");
	CHECK_STR(find(names, (struct names_who){ 1, 10, 12, S(500) }, 7), "copy");
	/* the process's own before another's */
	tell(names, (struct names_who){ 1, 20, 20, S(499) }, "late", 7, 60);
	CHECK_STR(find(names, (struct names_who){ 1, 20, 21, S(500) }, 7), "late");
	names_free(names);
}

/* A connection's record may come after the next answer of the same name. */
TEST(names_asked_again)
{
	struct names *names = fresh();

	tell(names, (struct names_who){ 1, 10, 11, S(100) }, "main", 7, 60);
	tell(names, (struct names_who){ 1, 10, 12, S(200) }, "main", 7, 60);
	CHECK_STR(find(names, (struct names_who){ 1, 10, 11, S(101) }, 7), "main");
	names_free(names);
}

TEST(names_bounded)
{
	struct names *names = fresh();
	char name[8];

	for (unsigned int i = 0; i < 3 * NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "%04x", i);
		tell(names, (struct names_who){ 1, 10, 11, S(100) + i }, name, (uint8_t)i, 60);
	}
	/* the last NAMES_MAX are there, each address's latest among them */
	snprintf(name, sizeof(name), "%04x", 3 * NAMES_MAX - 1);
	CHECK_STR(find(names, (struct names_who){ 1, 10, 11, S(200) }, 0xff), name);
	CHECK_STR(find(names, (struct names_who){ 1, 10, 11, S(100) + 2 * NAMES_MAX - 1 }, 0xff),
		  NULL);
	names_free(names);
}

TEST(names_of_nobody)
{
	struct names *names = fresh();
	const struct names_who who = { 1, 10, 11, S(100) };

	CHECK(!names_learn(names, &who, LITERAL("no answer")));
	CHECK(!names_learn(names, &who, BYTES_NONE));
	names_free(names);
}

TEST(names_hosts)
{
	struct names *names = fresh();
	const struct names_who who = { 1, 10, 11, S(100) }, other = { 2, 10, 11, S(100) };
	const uint8_t none[16] = { 0 };

	names_set_hosts(names, 1, LITERAL("10.0.0.7 main\n10.0.0.7 second\n10.0.0.8 copy\n"));
	CHECK_STR(find(names, who, 7), "main");
	CHECK_STR(find(names, other, 7), NULL);
	names_set_hosts(names, 2, LITERAL("10.0.0.7 theirs\n"));
	CHECK_STR(find(names, other, 7), "theirs");
	CHECK_STR(find(names, who, 7), "main");
	/* an answer says more than the file */
	tell(names, who, "dns1", 7, 60);
	CHECK_STR(find(names, who, 7), "dns1");
	names_set_hosts(names, 1, LITERAL("10.0.0.9 new\n"));
	CHECK_STR(find(names, who, 8), NULL);
	CHECK_STR(find(names, who, 9), "new");
	CHECK_STR(names_find(names, &(struct names_who){ .at_ns = S(100) }, none), NULL);
	names_free(names);
}

struct hosts_case {
	const char *text;
	const char *lines; /* `address name`, a line each */
};

static const struct hosts_case hosts_cases[] = {
	{ "10.0.0.7 db db.example\n", "10.0.0.7 db\n" },
	{ "\t10.0.0.7\t \tdb # 10.0.0.8 x\r\n", "10.0.0.7 db\n" },
	{ "10.0.0.7 db", "10.0.0.7 db\n" },
	{ "2001:db8::7 db\nfe80::1%lo0 x\n", "2001:db8::7 db\n" },
	{ "::ffff:10.0.0.7 db\n", "10.0.0.7 db\n" },
	{ "127.0.0.1 localhost\n::1 ip6-localhost\n127.0.1.1 host\n", "127.0.1.1 host\n" },
	{ "# 10.0.0.7 db\n\n10.0.0.7\n10.0.0.7 # db\n", "" },
	{ "10.0.0 db\n10.0.0.256 db\ndb 10.0.0.7\n10.0.0.7.1 db\n", "" },
	{ "10.0.0.7 d/b\n10.0.0.8 d\"b\n10.0.0.9 d\x01\n", "" },
	{ "1111111111111111111111111111111111111111111111111111111111111 db\n", "" },
};

TEST(hosts_lines)
{
	for (size_t i = 0; i < sizeof(hosts_cases) / sizeof(*hosts_cases); i++) {
		struct bytes text = bytes_str(hosts_cases[i].text);
		char told[1024] = "", address[ADDRESS_TEXT_CAP];
		struct hosts_line line;

		unit_context("%s", hosts_cases[i].text);
		text.at = guard_copy(text);
		while (hosts_next(&text, &line)) {
			struct endpoint e = endpoint_of(FAMILY_INET6, line.address, 0);

			address_text(&e, address);
			snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s %s\n",
				 address, line.name);
		}
		CHECK_STR(told, hosts_cases[i].lines);
	}
}
