// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_trace_header.c - any bytes as X-Amzn-Trace-Id, and as a name: no crash, and only
 * well-formed results.
 */
#include "fuzz.h"

#include <errno.h>

#include "util/utf8.h"
#include "xray/name.h"
#include "xray/trace_header.h"

static void require_hex(const char *s, size_t len)
{
	INVARIANT(strspn(s, "0123456789abcdefABCDEF") >= len);
}

static void check_header(struct bytes in)
{
	struct trace_header header;
	int r = trace_header_parse(in, &header);

	INVARIANT(r == 0 || r == -EBADMSG);
	INVARIANT(r == 0 || (!header.root[0] && !header.parent[0]));
	INVARIANT(header.sampled >= TRACE_SAMPLED_ABSENT && header.sampled <= TRACE_SAMPLED_ASK);
	if (header.root[0]) {
		INVARIANT(strlen(header.root) == TRACE_ID_LEN);
		INVARIANT(header.root[0] == '1' && header.root[1] == '-' && header.root[10] == '-');
		require_hex(header.root + 2, 8);
		require_hex(header.root + 11, 24);
	}
	if (header.parent[0]) {
		INVARIANT(strlen(header.parent) == SEGMENT_ID_LEN);
		require_hex(header.parent, SEGMENT_ID_LEN);
	}
}

static void check_name(struct bytes in)
{
	char name[NAME_CAP], again[NAME_CAP];
	char *clean;

	name_clean(in, name);
	INVARIANT(name[0] && strlen(name) < NAME_CAP);
	name_clean(bytes_str(name), again);
	INVARIANT(!strcmp(name, again));
	clean = utf8_clean(bytes_str(name), NAME_CAP * 3);
	INVARIANT(clean && !strcmp(clean, name));
	free(clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = fuzz_prefix(bytes_of(data, size), size);

	check_header(in);
	check_name(in);
	free((void *)in.at);
	return 0;
}
