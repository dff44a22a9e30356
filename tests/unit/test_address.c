// SPDX-License-Identifier: Apache-2.0
/* test_address.c - the daemon's address in every form, and what is said about the others. */
#include "unit.h"

#include <errno.h>

#include "emit/address.h"
#include "util/array.h"

TEST(daemon_address_table)
{
	static const struct {
		const char *in, *udp_host, *udp_port, *tcp_host, *tcp_port;
	} rows[] = {
		{ DAEMON_ADDRESS_DEFAULT, "127.0.0.1", "2000", "127.0.0.1", "2000" },
		{ "xray-daemon:2000", "xray-daemon", "2000", "xray-daemon", "2000" },
		{ " h:1 ", "h", "1", "h", "1" },
		{ "h:65535", "h", "65535", "h", "65535" },
		{ "h:02000", "h", "2000", "h", "2000" },
		{ "udp:a:1 tcp:b:2", "a", "1", "b", "2" },
		{ "tcp:b:2  udp:a:1", "a", "1", "b", "2" },
		{ "[::1]:2000", "::1", "2000", "::1", "2000" },
		{ "[fe80::1%eth0]:2", "fe80::1%eth0", "2", "fe80::1%eth0", "2" },
		{ "udp:[::1]:1 tcp:b:2", "::1", "1", "b", "2" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct daemon_address address;
		const char *why;

		unit_context("%s", rows[i].in);
		CHECK_EQ(daemon_address_parse(rows[i].in, &address, &why), 0);
		CHECK_STR(why, NULL);
		CHECK_STR(address.udp.host, rows[i].udp_host);
		CHECK_STR(address.udp.port, rows[i].udp_port);
		CHECK_STR(address.tcp.host, rows[i].tcp_host);
		CHECK_STR(address.tcp.port, rows[i].tcp_port);
	}
}

TEST(daemon_address_refused)
{
	static const struct {
		const char *in;
		const char *why; /* a word of it */
	} rows[] = {
		{ "", "empty" },
		{ "  ", "empty" },
		{ "localhost", "not host:port" },
		{ "2000", "not host:port" },
		{ ":2000", "host is missing" },
		{ "h:", "port is missing" },
		{ "h:x", "not a number" },
		{ "h:-1", "not a number" },
		{ "h:20 0", "of two items" },
		{ "h:0", "port is 0" },
		{ "h:65536", "above 65535" },
		{ "h:99999999999999999999", "above 65535" },
		{ "::1:2000", "host is missing" },
		{ "fe80::1:2000", "colons" },
		{ "udp:h:2000", "colons" },
		{ "udp:h:1 udp:h:2", "of two items" },
		{ "udp:h:1 h:2", "of two items" },
		{ "udp:a:1 tcp:b", "not host:port" },
		{ "udp:a:1 tcp:b:2 x", "more than two" },
		{ "[::1]", "[address]:port" },
		{ "[::1]2000", "[address]:port" },
		{ "[::1", "[address]:port" },
		{ "[]:1", "host is missing" },
		{ "http://h:1", "colons" },
		{ "h/x:1", "character" },
		{ "h\x01:1", "character" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct daemon_address address;
		const char *why;

		unit_context("%s", rows[i].in);
		CHECK_EQ(daemon_address_parse(rows[i].in, &address, &why), -EINVAL);
		if (CHECK(why))
			CHECK(strstr(why, rows[i].why));
	}
}

TEST(daemon_address_longest_host)
{
	struct daemon_address address;
	const char *why;
	char in[300];

	memset(in, 'h', sizeof(in));
	memcpy(in + 253, ":1", 3);
	CHECK_EQ(daemon_address_parse(in, &address, &why), 0);
	CHECK_EQ(strlen(address.udp.host), 253);
	memset(in, 'h', sizeof(in));
	memcpy(in + 254, ":1", 3);
	CHECK_EQ(daemon_address_parse(in, &address, &why), -EINVAL);
}
