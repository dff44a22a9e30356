/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1_check.h - what a table row says of a head's fields, for the tests of requests and of
 * responses.
 */
#ifndef BPFXRAY_TESTS_HTTP1_CHECK_H
#define BPFXRAY_TESTS_HTTP1_CHECK_H

#include "proto/http1.h"
#include "unit.h"

#define SEEN_CHUNKED	(1u << 0)
#define SEEN_OTHER	(1u << 1) /* other_coding */
#define SEEN_CLOSE	(1u << 2)
#define SEEN_KEEP_ALIVE (1u << 3)
#define SEEN_UPGRADE	(1u << 4)
#define SEEN_EXPECT	(1u << 5)

/* A NULL string: the field is absent. */
struct seen_fields {
	const char *host;
	const char *user_agent;
	const char *forwarded_for;
	const char *forwarded_proto;
	const char *real_ip;
	const char *trace_id;
	const char *length; /* as a decimal, or "bad" */
	unsigned int flags; /* SEEN_* */
};

void check_fields(const struct http1_fields *fields, const struct seen_fields *seen);

/*
 * @cut was parsed from the beginning of what @whole was parsed from: it may know less, never
 * something else. A value whose folds were cut off is shorter.
 */
void check_fields_cut(const struct http1_fields *cut, const struct http1_fields *whole);

/* All views of @fields that are not empty lie in @in. */
void check_fields_inside(const struct http1_fields *fields, struct bytes in);
void check_inside(struct bytes view, struct bytes in);

#endif
