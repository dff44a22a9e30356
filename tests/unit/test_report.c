// SPDX-License-Identifier: Apache-2.0
/* test_report.c - documents to traces, service map, groups and statements. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "report_build.h"
#include "util/array.h"

/* Adds @lines up to NULL, all of which are segment documents, and builds. */
static void build(struct store *store, struct report *report, const char *const *lines)
{
	for (; *lines; lines++)
		CHECK_EQ(report_add(store, *lines), 0);
	CHECK_EQ(report_build(report, store), 0);
}

static void clear(struct store *store, struct report *report)
{
	report_clear(report);
	store_clear(store);
}

TEST(report_refuses_what_is_no_segment_document)
{
	static const char *const bad[] = {
		"",
		"nothing",
		"[]",
		"{}",
		"{'id':'0000000000000001'}",
		"{'name':'x','trace_id':'" TRACE_A "','start_time':1}",
		"{'id':'1','name':'x','trace_id':'" TRACE_A "','start_time':1}",
		"{'id':'000000000000000g','name':'x','trace_id':'" TRACE_A "','start_time':1}",
		"{" ID_1 ",'trace_id':'" TRACE_A "','start_time':1}",
		"{" ID_1 ",'name':'','trace_id':'" TRACE_A "','start_time':1}",
		"{" ID_1 ",'name':'x','start_time':1}",
		"{" ID_1 ",'name':'x','trace_id':7,'start_time':1}",
		"{" ID_1 ",'name':'x','trace_id':'<b>','start_time':1}",
		"{" ID_1 ",'name':'x','trace_id':'" TRACE_A "'}",
		"{" ID_1 ",'name':'x','trace_id':'" TRACE_A "','start_time':'1'}",
		"{" ID_1 ",'name':'x','trace_id':'" TRACE_A "','start_time':-1}",
		"{" ID_1 ",'name':'x','trace_id':'" TRACE_A "','start_time':1e300}",
		"{" ID_1 ",'name':'x','trace_id':'" TRACE_A "','start_time':1,'type':'subsegment'}",
	};
	struct store store = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		unit_context("%s", bad[i]);
		CHECK_EQ(report_add(&store, bad[i]), -EBADMSG);
		CHECK_EQ(store.counts.invalid, i + 1);
	}
	CHECK_EQ(store.span_count, 0);
	store_clear(&store);
}

TEST(report_members_of_other_types_are_absent)
{
	struct store store = { 0 };
	struct report report;

	build(&store, &report,
	      (const char *const[]){
		      SEGMENT_A(ID_1, ",'http':7,'origin':[],'aws':{'table_name':{}},'cause':[1],"
				      "'subsegments':{},'fault':'yes','error':1,'namespace':3"),
		      SEGMENT_A(ID_2,
				",'http':{'request':[],'response':{'status':'200'}},"
				"'subsegments':[1,null,{'id':'x'}],'cause':{'exceptions':[7]}"),
		      NULL });
	CHECK_EQ(store.span_count, 2);
	CHECK_EQ(store.spans[0].flags, SPAN_SEGMENT);
	CHECK_EQ(store.spans[1].status, 0);
	CHECK_EQ(report.traces.count, 1);
	clear(&store, &report);
}

/* Whatever the order, the finished document counts. */
TEST(report_in_progress_gives_way)
{
	static const char *const pending = "{" ID_1 ",'name':'shop','trace_id':'" TRACE_A
					   "','start_time':100.0,'in_progress':true}";
	static const char *const done = SEGMENT_A(ID_1, ",'fault':true");

	for (int order = 0; order < 2; order++) {
		struct store store = { 0 };
		struct report report;

		unit_context("order %d", order);
		build(&store, &report,
		      (const char *const[]){ order ? done : pending, order ? pending : done,
					     NULL });
		CHECK_EQ(store.counts.replaced, 1);
		CHECK_EQ(store.counts.pending, 0);
		CHECK_EQ(report.traces.count, 1);
		CHECK_EQ(report.traces.outcomes[OUTCOME_FAULT], 1);
		CHECK_EQ(tally_percentile(&report.traces, 50), 1000000);
		clear(&store, &report);
	}
}

TEST(report_pending_has_no_time)
{
	struct store store = { 0 };
	struct report report;

	build(&store, &report,
	      (const char *const[]){ "{" ID_1 ",'name':'shop','trace_id':'" TRACE_A
				     "','start_time':100.0,'in_progress':true}",
				     NULL });
	CHECK_EQ(store.counts.pending, 1);
	CHECK_EQ(report.traces.count, 1);
	CHECK_EQ(report.traces.pending, 1);
	CHECK_EQ(report.traces.time_count, 0);
	clear(&store, &report);
}

/* What came alone hangs under its parent, also when that came later or came alone as well. */
TEST(report_independent_subsegments)
{
	struct store store = { 0 };
	struct report report;
	const struct edge *edge;

	build(&store, &report,
	      (const char *const[]){
		      CALL_A(ID_3, "0000000000000002", ""),
		      CALL_A(ID_2, "0000000000000001", ",'fault':true"), SEGMENT_A(ID_1, ""),
		      CALL_A("'id':'0000000000000004'", "00000000000000ff", ""), NULL });
	CHECK_EQ(store.counts.orphans, 1);
	CHECK_EQ(store.spans[0].owner, 2);
	CHECK_EQ(store.spans[1].owner, 2);
	edge = report_edge(&report, "shop", "db");
	if (CHECK(edge)) {
		CHECK_EQ(edge->calls.count, 2);
		CHECK_EQ(edge->calls.outcomes[OUTCOME_FAULT], 1);
		CHECK_EQ(tally_average(&edge->calls), 50000);
		CHECK_EQ(report.graph.nodes[edge->to].kind, NODE_DATABASE);
	}
	clear(&store, &report);
}

TEST(report_parents_in_a_ring)
{
	struct store store = { 0 };
	struct report report;

	build(&store, &report,
	      (const char *const[]){ CALL_A(ID_2, "0000000000000003", ""),
				     CALL_A(ID_3, "0000000000000002", ""),
				     CALL_A(ID_1, "0000000000000001", ""), NULL });
	CHECK_EQ(store.counts.orphans, 3);
	CHECK_EQ(report.graph.node_count, 0);
	CHECK_EQ(report.traces.count, 0);
	clear(&store, &report);
}

/* The callee told itself: no node is inferred, the edge has the caller's time, the node its own. */
TEST(report_callee_with_a_segment)
{
	struct store store = { 0 };
	struct report report;
	const struct edge *edge;

	build(&store, &report,
	      (const char *const[]){
		      SEGMENT_A(ID_1, ",'subsegments':[{" ID_2
				      ",'name':'stock.example','namespace':'remote',"
				      "'start_time':100.1,'end_time':100.5}]"),
		      "{" ID_3 ",'name':'stock','trace_id':'" TRACE_A "','parent_id':"
		      "'0000000000000002','start_time':100.2,'end_time':100.3,'error':true}",
		      NULL });
	edge = report_edge(&report, "shop", "stock");
	CHECK(!report_edge(&report, "shop", "stock.example"));
	if (CHECK(edge)) {
		CHECK_EQ(tally_average(&edge->calls), 400000);
		CHECK_EQ(tally_average(&report.graph.nodes[edge->to].served), 100000);
		CHECK_EQ(report.graph.nodes[edge->to].served.outcomes[OUTCOME_ERROR], 1);
	}
	/* One client, of the root's service. */
	CHECK_EQ(report.graph.node_count, 3);
	CHECK_EQ(report.traces.count, 1);
	CHECK_EQ(store.traces[0].segments, 2);
	CHECK_EQ(store.traces[0].root, 0);
	clear(&store, &report);
}

TEST(report_aws_and_remote_nodes)
{
	struct store store = { 0 };
	struct report report;

	build(&store, &report,
	      (const char *const[]){
		      SEGMENT_A(ID_1,
				",'subsegments':[{" ID_2
				",'name':'DynamoDB','namespace':'aws','aws':{'table_name':'t'},"
				"'start_time':100.1,'end_time':100.2},{" ID_3
				",'name':'api.example','namespace':'remote',"
				"'start_time':100.1,'end_time':100.2,'throttle':true,"
				"'error':true},{'id':'0000000000000009','name':'render',"
				"'namespace':'local','start_time':100.1,'end_time':100.2}]"),
		      NULL });
	CHECK(report_edge(&report, "shop", "t"));
	CHECK(report_edge(&report, "shop", "api.example"));
	CHECK_EQ(report.graph.node_count, 4);
	CHECK_EQ(report_edge(&report, "shop", "api.example")->calls.outcomes[OUTCOME_THROTTLE], 1);
	clear(&store, &report);
}

/* Each kind of resource that the SDK names. */
TEST(report_aws_resources)
{
	static const char *const keys[] = { "table_name", "queue_url", "bucket_name",
					    "function_name", "topic_arn" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct store store = { 0 };
		struct report report;
		char line[512];

		unit_context("%s", keys[i]);
		snprintf(line, sizeof(line),
			 SEGMENT_A(ID_1, ",'subsegments':[{" ID_2
					 ",'name':'aws','namespace':'aws','aws':{'%s':'it'},"
					 "'start_time':100.1,'end_time':100.2}]"),
			 keys[i]);
		build(&store, &report, (const char *const[]){ line, NULL });
		CHECK(report_edge(&report, "shop", "it"));
		clear(&store, &report);
	}
}

/* @count times the same statement in one request, and once in another. */
static void build_repeated(struct store *store, struct report *report, int count)
{
	char line[512];

	CHECK_EQ(report_add(store, SEGMENT_A(ID_1, "")), 0);
	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof(line), CALL_A("'id':'%016x'", "0000000000000001", ""),
			 0x100 + i);
		CHECK_EQ(report_add(store, line), 0);
	}
	CHECK_EQ(report_add(store, SEGMENT_A(ID_2, "")), 0);
	CHECK_EQ(report_add(store, CALL_A(ID_3, "0000000000000002", "")), 0);
	CHECK_EQ(report_build(report, store), 0);
}

TEST(report_repeated_statements)
{
	for (int count = REPEATED_MIN; count <= REPEATED_MIN + 1; count++) {
		struct store store = { 0 };
		struct report report;

		unit_context("%d times", count);
		build_repeated(&store, &report, count);
		if (CHECK_EQ(report.statements.count, 1)) {
			CHECK_EQ(report.statements.items[0].tally.count, count + 1);
			CHECK_EQ(report.statements.items[0].most, count);
			CHECK_EQ(report.statements.items[0].most_in, 0);
			CHECK_EQ(report.statements.items[0].repeated, count > REPEATED_MIN);
		}
		clear(&store, &report);
	}
}

TEST(report_percentiles_by_nearest_rank)
{
	struct tally tally = { 0 };
	uint64_t bars[REPORT_BARS];

	for (uint64_t i = 100; i; i--) {
		struct span span = { .start_us = 5, .end_us = 5 + i * 10 };

		CHECK_EQ(tally_add(&tally, &span), 0);
	}
	tally_sort(&tally);
	CHECK_EQ(tally_percentile(&tally, 50), 500);
	CHECK_EQ(tally_percentile(&tally, 99), 990);
	CHECK_EQ(tally_percentile(&tally, 100), 1000);
	CHECK_EQ(tally_average(&tally), 505);
	report_histogram(&tally, bars);
	CHECK_EQ(bars[0], 9);  /* below 0.1 ms */
	CHECK_EQ(bars[1], 10); /* below 0.2 ms */
	CHECK_EQ(bars[2], 30);
	CHECK_EQ(bars[3], 50);
	CHECK_EQ(bars[4], 1);
	tally_clear(&tally);
}

TEST(report_groups_by_every_key)
{
	struct store store = { 0 };
	struct report report;

	build(&store, &report,
	      (const char *const[]){
		      SEGMENT_A(ID_1,
				",'http':{'request':{'url':'http://a/','method':'GET',"
				"'user_agent':'ELB-HealthChecker/2.0','client_ip':'10.0.0.1'},"
				"'response':{'status':200}}"),
		      "{" ID_2 ",'name':'shop','trace_id':'" TRACE_B
		      "','start_time':1,'end_time':2}",
		      NULL });
	CHECK_EQ(report.health_checks, 1);
	for (unsigned int key = 0; key < GROUP_KEY_COUNT; key++) {
		unit_context("%s", group_key_word(key));
		CHECK_EQ(report.groups[key].count, 2);
	}
	CHECK_EQ(report.groups[GROUP_STATUS].items[1].key, 200);
	clear(&store, &report);
}
