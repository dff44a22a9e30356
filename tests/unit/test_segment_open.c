// SPDX-License-Identifier: Apache-2.0
/* test_segment_open.c - the document of a request that is open, and of its end. */
#include "unit.h"

#include "segment_fixture.h"
#include "util/cleanup.h"

/* What is in progress has no end and no outcome; the finished one has its ids. */
TEST(segment_open_and_finished)
{
	struct segment_identity identity;
	struct json_writer open = { 0 };
	_cleanup_free_ char *finished = NULL;
	struct segment_fixture f;

	segment_fixture_init(&f);
	segment_identify(&f.context, &f.request, &identity);
	f.context.identity = &identity;
	f.request.status = 0;
	CHECK_EQ(segment_encode_open(&f.context, &f.request, &open), 0);
	CHECK(strstr(open.at, identity.ids.trace) && strstr(open.at, identity.ids.segment));
	CHECK(strstr(open.at, "\"in_progress\":true"));
	CHECK(strstr(open.at, "\"url\":\""));
	CHECK(!strstr(open.at, "end_time") && !strstr(open.at, "response"));
	CHECK(!strstr(open.at, "fault") && !strstr(open.at, "subsegments"));
	f.request.status = 200;
	finished = segment_fixture_encode(&f);
	CHECK(strstr(finished, identity.ids.trace) && strstr(finished, identity.ids.segment));
	CHECK(strstr(finished, "\"in_progress\":false"));
	json_clear(&open);
}
