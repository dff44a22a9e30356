// SPDX-License-Identifier: Apache-2.0
/* test_trace_header.c - X-Amzn-Trace-Id as services, load balancers and broken clients send it. */
#include "unit.h"

#include <errno.h>

#include "util/array.h"
#include "xray/trace_header.h"

#define ROOT   "1-5759e988-bd862e3fe1be46a994272793"
#define PARENT "53995c3f42cd8ad8"

struct row {
	const char *in;
	int r;
	const char *root;
	const char *parent;
	int sampled;
};

static const struct row rows[] = {
	{ "", 0, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=" ROOT, 0, ROOT, "", TRACE_SAMPLED_ABSENT },
	{ "Root=" ROOT ";Parent=" PARENT ";Sampled=1", 0, ROOT, PARENT, TRACE_SAMPLED_YES },
	{ "Sampled=0;Parent=" PARENT ";Root=" ROOT, 0, ROOT, PARENT, TRACE_SAMPLED_NO },
	{ "Root=" ROOT ";Sampled=?", 0, ROOT, "", TRACE_SAMPLED_ASK },
	{ "Root=" ROOT ";Sampled=2", 0, ROOT, "", TRACE_SAMPLED_ABSENT },
	{ "Root=" ROOT ";Sampled=", 0, ROOT, "", TRACE_SAMPLED_ABSENT },
	/* spaces, empty items */
	{ "  Root = " ROOT " ; Parent=" PARENT "\t; Sampled = 1 ", 0, ROOT, PARENT,
	  TRACE_SAMPLED_YES },
	{ "Root=" ROOT ";", 0, ROOT, "", TRACE_SAMPLED_ABSENT },
	{ ";;Root=" ROOT ";; ;Sampled=1", 0, ROOT, "", TRACE_SAMPLED_YES },
	/* what a load balancer, AWS services and applications add */
	{ "Self=1-67891234-12456789abcdef012345678;Root=" ROOT, 0, ROOT, "", TRACE_SAMPLED_ABSENT },
	{ "Root=" ROOT ";Lineage=a87bd80c:1|68fd508a:5;CalledFrom=app;k=a=b", 0, ROOT, "",
	  TRACE_SAMPLED_ABSENT },
	{ "Parent=" PARENT, 0, "", PARENT, TRACE_SAMPLED_ABSENT },
	/* the last of two counts; text behind a second `=` does not */
	{ "Sampled=1;Sampled=0", 0, "", "", TRACE_SAMPLED_NO },
	{ "Root=" ROOT "=x", 0, ROOT, "", TRACE_SAMPLED_ABSENT },
	/* keys are case-sensitive, ids keep their case */
	{ "root=" ROOT, 0, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=1-5759E988-BD862E3FE1BE46A994272793", 0, "1-5759E988-BD862E3FE1BE46A994272793", "",
	  TRACE_SAMPLED_ABSENT },
	/* malformed */
	{ "Root", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=" ROOT ";junk", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=1-5759e988-bd862e3fe1be46a99427279", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=1-5759e988-bd862e3fe1be46a9942727933", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=1-5759e98-bd862e3fe1be46a994272793", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=2-5759e988-bd862e3fe1be46a994272793", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=1-5759e988-bd862e3fe1be46a99427279g", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=1-5759e988bd862e3fe1be46a994272793", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=1-5759e988-bd862e3fe1be46a994272793-", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=" ROOT ";Parent=53995c3f42cd8ad", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
	{ "Root=" ROOT ";Parent=53995c3f42cd8ad\"", -EBADMSG, "", "", TRACE_SAMPLED_ABSENT },
};

TEST(trace_header_table)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bytes in = bytes_str(rows[i].in);
		struct trace_header header;

		unit_context("%s", rows[i].in);
		CHECK_EQ(trace_header_parse(bytes_of(guard_copy(in), in.len), &header), rows[i].r);
		CHECK_STR(header.root, rows[i].root);
		CHECK_STR(header.parent, rows[i].parent);
		CHECK_EQ(header.sampled, rows[i].sampled);
	}
}

TEST(trace_header_of_nothing)
{
	struct trace_header header;

	CHECK_EQ(trace_header_parse(BYTES_NONE, &header), 0);
	CHECK_STR(header.root, "");
	CHECK_EQ(trace_header_parse(LITERAL("Root=\0"), &header), -EBADMSG);
}

static void count_up(void *ctx, void *buf, size_t len)
{
	uint8_t *next = ctx, *out = buf;

	while (len--)
		*out++ = (*next)++;
}

TEST(ids_from_random_bytes)
{
	uint8_t next = 0xf8;
	struct random_source random = { count_up, &next };
	char segment[SEGMENT_ID_LEN + 1], trace[TRACE_ID_LEN + 1];

	segment_id_new(&random, segment);
	trace_id_new(&random, 0x5759e988, trace);
	CHECK_STR(segment, "f8f9fafbfcfdfeff");
	CHECK_STR(trace, "1-5759e988-000102030405060708090a0b");
	trace_id_new(&random, 1, trace);
	CHECK_STR(trace, "1-00000001-0c0d0e0f1011121314151617");
}
