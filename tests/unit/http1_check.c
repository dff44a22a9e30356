// SPDX-License-Identifier: Apache-2.0
/*
 * http1_check.c - compares a head's fields with a table row, and those of a cut head with those of
 * the whole one.
 */
#include "http1_check.h"

#include <stdlib.h>

static unsigned int flags_of(const struct http1_fields *fields)
{
	return (fields->chunked ? SEEN_CHUNKED : 0) | (fields->other_coding ? SEEN_OTHER : 0) |
	       (fields->connection_close ? SEEN_CLOSE : 0) |
	       (fields->connection_keep_alive ? SEEN_KEEP_ALIVE : 0) |
	       (fields->connection_upgrade ? SEEN_UPGRADE : 0) |
	       (fields->expect_continue ? SEEN_EXPECT : 0);
}

void check_fields(const struct http1_fields *fields, const struct seen_fields *seen)
{
	bool bad = seen->length && !strcmp(seen->length, "bad");

	CHECK_VIEW(fields->host, seen->host);
	CHECK_VIEW(fields->user_agent, seen->user_agent);
	CHECK_VIEW(fields->x_forwarded_for, seen->forwarded_for);
	CHECK_VIEW(fields->x_forwarded_proto, seen->forwarded_proto);
	CHECK_VIEW(fields->x_real_ip, seen->real_ip);
	CHECK_VIEW(fields->trace_id, seen->trace_id);
	CHECK_EQ(fields->bad_length, bad);
	CHECK_EQ(fields->content_length, seen->length && !bad ? atoll(seen->length) : -1);
	CHECK_EQ(flags_of(fields), seen->flags);
}

static void check_begins(struct bytes cut, struct bytes whole)
{
	CHECK(cut.len <= whole.len);
	CHECK_BYTES(cut, bytes_take(whole, cut.len));
}

void check_fields_cut(const struct http1_fields *cut, const struct http1_fields *whole)
{
	check_begins(cut->host, whole->host);
	check_begins(cut->user_agent, whole->user_agent);
	check_begins(cut->x_forwarded_for, whole->x_forwarded_for);
	check_begins(cut->x_forwarded_proto, whole->x_forwarded_proto);
	check_begins(cut->x_real_ip, whole->x_real_ip);
	check_begins(cut->trace_id, whole->trace_id);
	/* Lines still to come can contradict a length and replace the last coding, nothing else. */
	if (cut->content_length >= 0 && !whole->bad_length)
		CHECK_EQ(cut->content_length, whole->content_length);
	CHECK(whole->bad_length || !cut->bad_length);
	CHECK(whole->connection_close || !cut->connection_close);
	CHECK(whole->connection_keep_alive || !cut->connection_keep_alive);
	CHECK(whole->connection_upgrade || !cut->connection_upgrade);
	CHECK(whole->expect_continue || !cut->expect_continue);
}

void check_inside(struct bytes view, struct bytes in)
{
	if (!view.len)
		return;
	CHECK(view.at >= in.at && view.at < in.at + in.len);
	CHECK(view.len <= (size_t)(in.at + in.len - view.at));
}

void check_fields_inside(const struct http1_fields *fields, struct bytes in)
{
	check_inside(fields->host, in);
	check_inside(fields->user_agent, in);
	check_inside(fields->x_forwarded_for, in);
	check_inside(fields->x_forwarded_proto, in);
	check_inside(fields->x_real_ip, in);
	check_inside(fields->trace_id, in);
}
