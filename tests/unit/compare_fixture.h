/* SPDX-License-Identifier: Apache-2.0 */
/* compare_fixture.h - files of documents as text, for the tests of `bpfxray compare`. */
#ifndef BPFXRAY_TESTS_COMPARE_FIXTURE_H
#define BPFXRAY_TESTS_COMPARE_FIXTURE_H

#include "compare/comparison.h"

#define TRACE_A "1-00000001-aaaaaaaaaaaaaaaaaaaaaaaa"
#define TRACE_B "1-00000001-bbbbbbbbbbbbbbbbbbbbbbbb"

/* A segment from @start to @end; @more: further members, each with a comma in front. */
#define SEGMENT(id, trace, url, status, start, end, more)                                          \
	"{\"id\":\"" id "\",\"name\":\"todo\",\"trace_id\":\"" trace "\",\"start_time\":" #start   \
	",\"end_time\":" #end ",\"http\":{\"request\":{\"method\":\"GET\",\"url\":\"" url          \
	"\"},\"response\":{\"status\":" #status "}}" more "}\n"
#define CALL(id, parent, start, end, more)                                                         \
	"{\"id\":\"" id "\",\"name\":\"127.0.0.1\",\"parent_id\":\"" parent                        \
	"\",\"start_time\":" #start ",\"end_time\":" #end                                          \
	",\"type\":\"subsegment\",\"namespace\":\"remote\"" more "}"
#define INSIDE(calls) ",\"subsegments\":[" calls "]"
#define SQL(text)     ",\"sql\":{\"sanitized_query\":\"" text "\"}"

/* Reads @text as if it were a file. */
void read_text(const char *text, struct record *ret);

/* Compares two such files; comparison_clear() afterwards. */
void compare(struct comparison *comparison, const char *sdk, const char *ours);

/* The number of differences that have a reason. */
uint64_t documented(const struct comparison *comparison);

#endif
