// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_dns.c - any bytes as an answer of a name server, as a stream of them, and as a hosts file.
 */
#include "fuzz.h"
#include "proto/dns.h"
#include "proto/hosts.h"

#include <errno.h>
#include <string.h>

static void check(struct bytes message)
{
	struct dns_answer answer;
	int r = dns_parse_answer(message, &answer);

	INVARIANT(r == 0 || r == -ENOENT || r == -EBADMSG);
	if (r)
		return;
	INVARIANT(answer.count >= 1 && answer.count <= DNS_ADDRESSES_MAX);
	INVARIANT(memchr(answer.name, 0, sizeof(answer.name)) && answer.name[0]);
	INVARIANT(!strpbrk(answer.name, " /\\\"\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), message;
	struct hosts_line line;

	check(in);
	for (struct bytes text = in; hosts_next(&text, &line);)
		INVARIANT(line.name[0] && strlen(line.name) < sizeof(line.name));
	while (dns_cut_message(&in, &message)) {
		fuzz_inside(message, bytes_of(data, size));
		check(message);
	}
	return 0;
}
