/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_build.h - documents for the report's tests, in few words: lines with ' in the place of ".
 */
#ifndef BPFXRAY_TESTS_REPORT_BUILD_H
#define BPFXRAY_TESTS_REPORT_BUILD_H

#include "report/report.h"

#define TRACE_A "1-6b02e8d4-00000000000000000000000a"
#define TRACE_B "1-6b02e8d4-00000000000000000000000b"
#define ID_1	"'id':'0000000000000001'"
#define ID_2	"'id':'0000000000000002'"
#define ID_3	"'id':'0000000000000003'"

/* A segment of TRACE_A of one second, with more members behind. */
#define SEGMENT_A(id, more)                                                                        \
	"{" id ",'name':'shop','trace_id':'" TRACE_A "','start_time':100.0,'end_time':101.0" more  \
	"}"
/* A database call of TRACE_A that came alone. */
#define CALL_A(id, parent, more)                                                                   \
	"{" id ",'name':'db','trace_id':'" TRACE_A "','type':'subsegment','parent_id':'" parent    \
	"','namespace':'remote','sql':{'sanitized_query':'SELECT ?'},'start_time':100.2,"          \
	"'end_time':100.25" more "}"

/* store_add() of @line with each ' as ". */
int report_add(struct store *store, const char *line);

/* The edge between nodes of these names, or NULL. */
const struct edge *report_edge(const struct report *report, const char *from, const char *to);

#endif
