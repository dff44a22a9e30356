// SPDX-License-Identifier: Apache-2.0
/*
 * test_mysql_login.c - the greeting and the client's answer, with and without its auth field, which
 * is never handed out.
 */
#include "unit.h"

#include <errno.h>

#include "proto/mysql.h"
#include "util/array.h"

#define LIT(text)                                                                                  \
	{                                                                                          \
		(const uint8_t *)(text), sizeof(text) - 1                                          \
	}

static struct bytes guarded(struct bytes in)
{
	return bytes_of(guard_copy(in), in.len);
}

#define GREETING_BEGIN                                                                             \
	"\x0a"                                                                                     \
	"5.5.5-10.11.19-MariaDB-x\0"                                                               \
	"\x07\x01\x00\x00"                                                                         \
	"12345678"                                                                                 \
	"\x00"

static const struct bytes GREETING = LIT(GREETING_BEGIN "\xfe\xf7\x2d\x02\x00\xff\x81\x15"
							"\0\0\0\0\0\0"
							"\x1d\0\0\0"
							"123456789012\0"
							"plugin\0");

TEST(mysql_greeting_mariadb)
{
	struct mysql_greeting greeting;

	if (!CHECK_EQ(mysql_parse_greeting(guarded(GREETING), &greeting), 0))
		return;
	CHECK_VIEW(greeting.version, "5.5.5-10.11.19-MariaDB-x");
	CHECK_VIEW(mysql_real_version(greeting.version), "10.11.19-MariaDB-x");
	CHECK_EQ(greeting.thread_id, 0x107);
	CHECK_EQ(greeting.capabilities, 0x81fff7fe);
	CHECK_EQ(greeting.mariadb_capabilities, 0x1d);
	CHECK_EQ(greeting.charset, 0x2d);
	CHECK_EQ(greeting.status, 2);
	/* Version and thread make it a greeting; the rest may be beyond the capture. */
	for (size_t n = 0; n < GREETING.len; n++) {
		unit_context("%zu bytes", n);
		CHECK_EQ(mysql_parse_greeting(guarded(bytes_take(GREETING, n)), &greeting),
			 n < 30 ? -EBADMSG : 0);
	}
}

TEST(mysql_greeting_others)
{
	struct mysql_greeting greeting;

	/* CLIENT_MYSQL is set: what stands in MariaDB's place is filler. */
	CHECK_EQ(mysql_parse_greeting(LITERAL("\x0a"
					      "8.4.0\0"
					      "\x01\0\0\0"
					      "12345678\0"
					      "\xff\xff\xff\x02\x00\xff\xdf\x15"
					      "\0\0\0\0\0\0"
					      "\x1d\0\0\0"),
				      &greeting),
		 0);
	CHECK_EQ(greeting.mariadb_capabilities, 0);
	CHECK_VIEW(mysql_real_version(greeting.version), "8.4.0");
	CHECK_VIEW(mysql_real_version(bytes_str("5.5.5-m3-log")), "5.5.5-m3-log");
	CHECK_VIEW(mysql_real_version(BYTES_NONE), "");
	CHECK_EQ(mysql_parse_greeting(LITERAL("\x09"
					      "8\0"
					      "\x01\0\0\0"),
				      &greeting),
		 -EBADMSG);
	CHECK_EQ(mysql_parse_greeting(LITERAL("\x0a"
					      "8\x01\0"
					      "\x01\0\0\0"),
				      &greeting),
		 -EBADMSG);
	CHECK_EQ(mysql_parse_greeting(LITERAL("\x0a"
					      "\0"
					      "\x01\0\0\0"),
				      &greeting),
		 -EBADMSG);
}

#define MAX_AND_CHARSET "\x00\x00\x00\x01\x2d"
#define FILLER_19	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define FILLER		FILLER_19 "\0\0\0\0"
#define ATTRIBUTES                                                                                 \
	"\x39"                                                                                     \
	"\x0c"                                                                                     \
	"_client_name"                                                                             \
	"\x07"                                                                                     \
	"pymysql"                                                                                  \
	"\x0f"                                                                                     \
	"_client_version"                                                                          \
	"\x05"                                                                                     \
	"1.2.4"                                                                                    \
	"\x0c"                                                                                     \
	"program_name"                                                                             \
	"\x00"

struct login_case {
	const char *name;
	struct bytes in;
	int ret;
	const char *user, *database, *client, *version, *program;
};

static const struct login_case LOGINS[] = {
	{ "lenenc auth, database, plugin, attributes",
	  LIT("\x09\xa2\x3a\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x04"
	      "AUTH"
	      "todos\0"
	      "plug\0" ATTRIBUTES),
	  0, "bob", "todos", "pymysql", "1.2.4", "" },
	{ "as the kernel side copies it",
	  LIT("\x09\xa2\x3a\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x00"
	      "todos\0"
	      "plug\0" ATTRIBUTES),
	  0, "bob", "todos", "pymysql", "1.2.4", "" },
	{ "one-byte auth length, no database",
	  LIT("\x01\x82\x00\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x14"
	      "AUTHAUTHAUTHAUTHAUTH"),
	  0, "bob", "", "", "", "" },
	{ "auth up to NUL",
	  LIT("\x08\x02\x00\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "AUTH\0"
	      "db\0"),
	  0, "bob", "db", "", "", "" },
	{ "no user",
	  LIT("\x00\x82\x00\x00" MAX_AND_CHARSET FILLER "\0"
	      "\x00"),
	  0, "", "", "", "", "" },
	{ "an empty database that was not announced",
	  LIT("\x01\xa2\x18\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x02"
	      "AU"
	      "\0"
	      "plug\0"
	      "\x2c"
	      "\x0c"
	      "_client_name"
	      "\x06"
	      "python"
	      "\x12"
	      "_connector_version"
	      "\x04"
	      "26.1"),
	  0, "bob", "", "python", "26.1", "" },
	{ "a connector above a C library",
	  LIT("\x01\xa2\x18\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x02"
	      "AU"
	      "plug\0"
	      "\x6b"
	      "\x0f"
	      "_connector_name"
	      "\x16"
	      "mysql-connector-python"
	      "\x0c"
	      "_client_name"
	      "\x08"
	      "libmysql"
	      "\x0f"
	      "_client_version"
	      "\x05"
	      "8.4.0"
	      "\x12"
	      "_connector_version"
	      "\x04"
	      "26.1"),
	  0, "bob", "", "mysql-connector-python", "26.1", "" },
	{ "attributes cut by the capture",
	  LIT("\x01\xa2\x18\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x00"
	      "plug\0"
	      "\xfc\x00\x02"
	      "\x0c"
	      "_client_name"
	      "\x07"
	      "pymysql"
	      "\x0f"
	      "_client_ver"),
	  0, "bob", "", "pymysql", "", "" },
	{ "auth longer than the packet",
	  LIT("\x01\x82\x00\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x14"
	      "AUTH"),
	  -EBADMSG, .user = NULL },
	{ "auth length that is no length",
	  LIT("\x01\x82\x20\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\xff"
	      "AUTH"),
	  -EBADMSG, .user = NULL },
	{ "user without end", LIT("\x01\x82\x00\x00" MAX_AND_CHARSET FILLER "bob"), -EBADMSG,
	  .user = NULL },
	{ "database without end",
	  LIT("\x09\x82\x00\x00" MAX_AND_CHARSET FILLER "bob\0"
	      "\x00"
	      "db"),
	  -EBADMSG, .user = NULL },
	{ "before 4.1",
	  LIT("\x05\x24\x00\x00\x00"
	      "bob\0"
	      "AUTH"),
	  -EBADMSG, .user = NULL },
	{ "nothing", LIT(""), -EBADMSG, .user = NULL },
};

TEST(mysql_login_cases)
{
	for (size_t i = 0; i < ARRAY_LEN(LOGINS); i++) {
		const struct login_case *c = &LOGINS[i];
		struct mysql_login login;

		unit_context("%s", c->name);
		if (!CHECK_EQ(mysql_parse_login(guarded(c->in), &login), c->ret) || c->ret)
			continue;
		CHECK_VIEW(login.user, c->user);
		CHECK_VIEW(login.database, c->database);
		CHECK_VIEW(login.client_name, c->client);
		CHECK_VIEW(login.client_version, c->version);
		CHECK_VIEW(login.program_name, c->program);
		CHECK(!login.ssl_request);
		CHECK_EQ(login.charset, 0x2d);
	}
}

TEST(mysql_login_never_hands_out_auth)
{
	for (size_t i = 0; i < ARRAY_LEN(LOGINS); i++) {
		for (size_t n = 0; n <= LOGINS[i].in.len; n++) {
			struct mysql_login login;

			unit_context("%s, %zu bytes", LOGINS[i].name, n);
			if (mysql_parse_login(guarded(bytes_take(LOGINS[i].in, n)), &login))
				continue;
			CHECK(bytes_index(login.user, 'A') < 0);
			CHECK(bytes_index(login.database, 'A') < 0);
			CHECK(bytes_index(login.client_name, 'A') < 0);
			CHECK(bytes_index(login.client_version, 'A') < 0);
			guard_release();
		}
	}
}

TEST(mysql_login_capabilities)
{
	struct mysql_login login;

	CHECK_EQ(mysql_parse_login(LITERAL("\x00\x8a\x00\x00" MAX_AND_CHARSET FILLER), &login), 0);
	CHECK(login.ssl_request);
	CHECK_EQ(mysql_parse_login(LITERAL("\x00\x82\x00\x00" MAX_AND_CHARSET FILLER), &login),
		 -EBADMSG);
	CHECK_EQ(mysql_parse_login(LITERAL("\x00\x82\x00\x00" MAX_AND_CHARSET FILLER_19 "\x1d\0\0\0"
					   "u\0\0"),
				   &login),
		 0);
	CHECK_EQ(login.mariadb_capabilities, 0x1d);
	CHECK_EQ(mysql_parse_login(LITERAL("\x01\x82\x00\x00" MAX_AND_CHARSET FILLER_19 "\x1d\0\0\0"
					   "u\0\0"),
				   &login),
		 0);
	CHECK_EQ(login.mariadb_capabilities, 0);
}
