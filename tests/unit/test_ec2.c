// SPDX-License-Identifier: Apache-2.0
/* test_ec2.c - what EC2 says of an instance, and what a segment says of it then. */
#include "host/ec2.h"

#include <errno.h>

#include "segment_fixture.h"
#include "unit.h"
#include "util/cleanup.h"

#define ID "\"instanceId\":\"i-1234567890abcdef0\""

static const struct {
	const char *body;
	int err;
	struct ec2_instance seen;
} documents[] = {
	{ "{" ID ",\"imageId\":\"ami-1\",\"instanceType\":\"m5.large\",\"availabilityZone\":"
	  "\"eu-west-1b\",\"region\":\"eu-west-1\"}",
	  0,
	  { "i-1234567890abcdef0", "eu-west-1b", "m5.large", "ami-1" } },
	{ "{" ID "}", 0, { .instance_id = "i-1234567890abcdef0" } },
	/* what is no text, too long, or not printable is not there */
	{ "{" ID ",\"imageId\":7,\"instanceType\":null,\"availabilityZone\":\"eu\\u0007\"}",
	  0,
	  { .instance_id = "i-1234567890abcdef0" } },
	{ "{" ID
	  ",\"imageId\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
	  0,
	  { .instance_id = "i-1234567890abcdef0" } },
	{ "{\"imageId\":\"ami-1\"}", -EBADMSG, { .instance_id = "" } },
	{ "{\"instanceId\":7}", -EBADMSG, { .instance_id = "" } },
	{ "[" ID "]", -EBADMSG, { .instance_id = "" } },
	{ "{" ID, -EBADMSG, { .instance_id = "" } },
	{ "<html>", -EBADMSG, { .instance_id = "" } },
	{ "", -EBADMSG, { .instance_id = "" } },
};

TEST(ec2_documents)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
		struct bytes body = bytes_str(documents[i].body);
		struct ec2_instance instance = { .instance_id = "" };

		unit_context("%s", documents[i].body);
		body.at = guard_copy(body);
		CHECK_EQ(ec2_instance_parse(body, &instance), documents[i].err);
		CHECK_STR(instance.instance_id, documents[i].seen.instance_id);
		CHECK_STR(instance.availability_zone, documents[i].seen.availability_zone);
		CHECK_STR(instance.instance_type, documents[i].seen.instance_type);
		CHECK_STR(instance.image_id, documents[i].seen.image_id);
	}
}

TEST(ec2_document_too_long)
{
	static char body[EC2_ANSWER_MAX + 1];
	struct ec2_instance instance;

	CHECK_EQ(ec2_instance_parse(bytes_of(body, sizeof(body)), &instance), -E2BIG);
}

/* It goes into a header line: nothing in it may end that line. */
TEST(ec2_tokens)
{
	char token[EC2_TOKEN_CAP], longest[EC2_TOKEN_CAP];

	memset(longest, 'x', sizeof(longest));
	CHECK_EQ(ec2_token_parse(LITERAL("AQAEA=="), token), 0);
	CHECK_STR(token, "AQAEA==");
	CHECK_EQ(ec2_token_parse(bytes_of(longest, sizeof(longest) - 1), token), 0);
	CHECK_EQ(ec2_token_parse(bytes_of(longest, sizeof(longest)), token), -EBADMSG);
	CHECK_EQ(ec2_token_parse(BYTES_NONE, token), -EBADMSG);
	CHECK_EQ(ec2_token_parse(LITERAL("a\r\nX: y"), token), -EBADMSG);
	CHECK_EQ(ec2_token_parse(LITERAL("a b"), token), -EBADMSG);
	CHECK_EQ(ec2_token_parse(LITERAL("a\x80"), token), -EBADMSG);
	CHECK_EQ(ec2_token_parse(LITERAL("a\0b"), token), -EBADMSG);
}

TEST(ec2_endpoints)
{
	static const struct {
		const char *text, *host, *port; /* NULL: refused */
	} rows[] = {
		{ "http://169.254.169.254", "169.254.169.254", "80" },
		{ "http://169.254.169.254/", "169.254.169.254", "80" },
		{ "http://127.0.0.1:1338", "127.0.0.1", "1338" },
		{ "http://127.0.0.1:1338/", "127.0.0.1", "1338" },
		{ "http://[fd00:ec2::254]", "fd00:ec2::254", "80" },
		{ "http://[fd00:ec2::254]:8080/", "fd00:ec2::254", "8080" },
		{ "https://169.254.169.254", NULL, NULL },
		{ "169.254.169.254", NULL, NULL },
		{ "http://", NULL, NULL },
		{ "http://:80", NULL, NULL },
		{ "http://127.0.0.1:", NULL, NULL },
		{ "http://127.0.0.1:x", NULL, NULL },
		{ "http://127.0.0.1:123456", NULL, NULL },
		{ "http://127.0.0.1/latest", NULL, NULL },
		{ "http://[fd00:ec2::254", NULL, NULL },
		{ "http://[]", NULL, NULL },
		{ "http://[fd00:ec2::254]x", NULL, NULL },
		{ "http://0123456789012345678901234567890123456789012345678", NULL, NULL },
		{ "", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ec2_endpoint endpoint = { .host = "" };

		unit_context("%s", rows[i].text);
		CHECK_EQ(ec2_endpoint_parse(rows[i].text, &endpoint), rows[i].host ? 0 : -EINVAL);
		CHECK_STR(endpoint.host, rows[i].host ?: "");
		CHECK_STR(endpoint.port, rows[i].port ?: "");
	}
}

TEST(ec2_vendors)
{
	CHECK(ec2_is_vendor(LITERAL("Amazon EC2\n")));
	CHECK(!ec2_is_vendor(LITERAL("Amazon\n")));
	CHECK(!ec2_is_vendor(BYTES_NONE));
}

/* Both blocks, as the SDK's plugins have them; which of the two is the origin, the caller says. */
TEST(segment_on_ec2_and_in_ecs)
{
	const struct segment_ec2 ec2 = { "i-1", "eu-west-1b", "m5.large", "" };
	const struct segment_ecs ecs = { .container = "todo" };
	_cleanup_free_ char *json = NULL;
	struct segment_fixture f;

	segment_fixture_init(&f);
	f.context.ec2 = &ec2;
	f.context.ecs = &ecs;
	f.context.origin = "AWS::ECS::Container";
	json = segment_fixture_encode(&f);
	CHECK(json &&
	      strstr(json, "\"ecs\":{\"container\":\"todo\"},\"ec2\":{\"instance_id\":\"i-1\","
			   "\"availability_zone\":\"eu-west-1b\",\"instance_size\":"
			   "\"m5.large\"}}"));
	CHECK(json && strstr(json, "\"origin\":\"AWS::ECS::Container\""));
}
