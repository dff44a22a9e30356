// SPDX-License-Identifier: Apache-2.0
/*
 * test_segment.c - requests as documents, byte by byte against fixtures/segments/.
 * UPDATE_GOLDEN=1 in the environment writes these files anew; look at the difference before it is
 * kept. Run in the repository's root.
 */
#include "unit.h"

#include <stdio.h>

#include <cjson/cJSON.h>

#include "segment_fixture.h"
#include "util/array.h"
#include "util/cleanup.h"

#define GOLDEN_DIR "tests/fixtures/segments/"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

static void check_golden(struct segment_fixture *f, const char *name)
{
	_cleanup_free_ char *json = segment_fixture_encode(f);
	_cleanup_fclose_ FILE *file = NULL;
	static char golden[65536];
	char path[128];
	size_t len;

	unit_context("%s", name);
	if (!json)
		return;
	snprintf(path, sizeof(path), GOLDEN_DIR "%s", name);
	if (getenv("UPDATE_GOLDEN")) {
		file = fopen(path, "w");
		CHECK(file && fprintf(file, "%s\n", json) > 0);
		return;
	}
	file = fopen(path, "r");
	if (!CHECK(file))
		return;
	len = fread(golden, 1, sizeof(golden) - 1, file);
	golden[len ? len - 1 : 0] = '\0'; /* the newline */
	CHECK_STR(json, golden);
}

TEST(segment_plain_get)
{
	struct segment_fixture f;

	segment_fixture_init(&f);
	check_golden(&f, "plain_get.json");
}

TEST(segment_in_ecs)
{
	static const struct segment_ecs ecs = {
		.container = "0123456789ab",
		.container_id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.container_arn = "",
		.task_arn = "arn:aws:ecs:eu-west-1:123456789012:task/c/00112233445566778899",
		.task_family = "todobackend",
		.cluster_arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/c",
	};
	struct segment_fixture f;

	segment_fixture_init(&f);
	f.context.origin = "AWS::ECS::Container";
	f.context.ecs = &ecs;
	check_golden(&f, "in_ecs.json");
}

TEST(segment_joined_post_with_statements)
{
	struct segment_fixture f;
	struct statement *s;

	segment_fixture_init(&f);
	f.context.origin = "AWS::ECS::Container";
	f.request.method = "POST";
	f.request.target = "/todos";
	f.request.status = 201;
	f.request.trace_header = "Root=1-5759e988-bd862e3fe1be46a994272793;"
				 "Parent=53995c3f42cd8ad8;Sampled=1";
	f.request.x_forwarded_for = "203.0.113.7, 10.0.0.2";
	f.request.scheme = "https";
	f.request.host = "todo.example.com";
	f.request.flags = REQUEST_JOINED_FRONT;
	segment_fixture_add(&f, "INSERT INTO `todos` (`title`) VALUES ('buy milk')");
	s = segment_fixture_add(&f, "SELECT `url` FROM `todos` WHERE `id` = 7");
	s->rows = 1;
	s->affected = -1;
	s->last_ns = s->end_ns + 2000000;
	check_golden(&f, "joined_post.json");
}

TEST(segment_failed_statement)
{
	struct segment_fixture f;
	struct statement *s;

	segment_fixture_init(&f);
	f.request.status = 500;
	f.request.flags = REQUEST_CHILDREN_MISSING | REQUEST_HEAD_CUT;
	s = segment_fixture_add(&f, "SELECT * FROM nope WHERE name = 'secret'");
	s->failed = true;
	s->err_code = 1146;
	memcpy(s->err_sqlstate, "42S02", 6);
	s->err_message = "Table 'todo.nope' doesn't exist";
	s->affected = -1;
	check_golden(&f, "failed_statement.json");
}

TEST(segment_failed_connect_and_unix_socket)
{
	struct segment_fixture f;
	struct statement *s;

	segment_fixture_init(&f);
	f.request.client_ip[0] = '\0';
	f.request.queue_ns = -1;
	f.request.response_length = -1;
	s = segment_fixture_add(&f, NULL);
	s->kind = STATEMENT_CONNECT;
	memcpy(s->command, "connect", 8);
	s->peer = (struct db_peer){ .address = "::1", .port = 3306 };
	s->failed = true;
	s->err_message = "Connection refused";
	s->affected = -1;
	s->first_ns = s->meta_ns = s->last_ns = 0;
	s = segment_fixture_add(&f, NULL);
	s->kind = STATEMENT_EXECUTE;
	memcpy(s->command, "execute", 8);
	s->peer = (struct db_peer){ .address = "localhost",
				    .user = "todo",
				    .database = "todobackend",
				    .version = "8.0.36" };
	s->lost_connection = true;
	s->incomplete = true;
	s->end_ns = 0;
	check_golden(&f, "connect.json");
}

TEST(segment_without_a_response)
{
	struct segment_fixture f;

	segment_fixture_init(&f);
	f.request.status = 0;
	f.request.first_byte_ns = 0;
	f.request.response_length = -1;
	f.request.bytes_out = 0;
	f.request.user_agent = "";
	f.request.flags = REQUEST_NO_RESPONSE | REQUEST_ABORTED | REQUEST_FRONT_ONLY;
	check_golden(&f, "no_response.json");
}

static cJSON *encode(struct segment_fixture *f)
{
	_cleanup_free_ char *json = segment_fixture_encode(f);
	cJSON *doc = json ? cJSON_Parse(json) : NULL;

	CHECK(doc);
	return doc;
}

static const char *string_at(const cJSON *doc, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, key));
}

TEST(segment_joins_only_a_whole_header)
{
	static const struct {
		const char *header, *trace_id, *parent_id;
	} rows[] = {
		{ NULL, "1-6b02e8d4-000102030405060708090a0b", NULL },
		{ "Parent=53995c3f42cd8ad8", "1-6b02e8d4-000102030405060708090a0b", NULL },
		{ "Root=junk", "1-6b02e8d4-000102030405060708090a0b", NULL },
		{ "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=junk",
		  "1-6b02e8d4-000102030405060708090a0b", NULL },
		{ "Root=1-5759e988-bd862e3fe1be46a994272793", "1-5759e988-bd862e3fe1be46a994272793",
		  NULL },
		{ "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
		  "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(cleanup_json) cJSON *doc = NULL;
		struct segment_fixture f;

		segment_fixture_init(&f);
		f.request.trace_header = (char *)rows[i].header;
		unit_context("row %zu", i);
		doc = encode(&f);
		CHECK_STR(string_at(doc, "trace_id"), rows[i].trace_id);
		CHECK_STR(string_at(doc, "parent_id"), rows[i].parent_id);
	}
}

#define CALLERS "1-5759e988-bd862e3fe1be46a994272793"
#define ANSWERS "1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa"
#define NEW	"1-6b02e8d4-000102030405060708090a0b"

TEST(segment_adopts_the_trace_of_the_answer)
{
	static const struct {
		const char *header, *answer;
		bool adopt;
		const char *trace_id;
	} rows[] = {
		{ NULL, "Root=" ANSWERS ";Sampled=1", true, ANSWERS },
		{ "Root=junk", "Root=" ANSWERS, true, ANSWERS },
		{ "Root=" CALLERS, "Root=" ANSWERS, true, CALLERS },
		{ NULL, "Root=" ANSWERS, false, NEW },
		{ NULL, "Root=1-00000000-000000000000000000000000", true, NEW },
		{ NULL, "junk", true, NEW },
		{ NULL, NULL, true, NEW },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(cleanup_json) cJSON *doc = NULL;
		struct segment_fixture f;

		segment_fixture_init(&f);
		f.request.trace_header = (char *)rows[i].header;
		f.request.answer_trace_header = (char *)rows[i].answer;
		f.context.adopt_trace = rows[i].adopt;
		unit_context("row %zu", i);
		doc = encode(&f);
		CHECK_STR(string_at(doc, "trace_id"), rows[i].trace_id);
		CHECK_STR(string_at(doc, "parent_id"), NULL);
	}
}

TEST(segment_annotations_and_names_of_databases)
{
	static const struct segment_annotation annotations[] = { { "stage", "prod \"1\"" },
								 { "team_2", "b" } };
	static const struct segment_db_name names[] = { { "10.9.9.9", "other" },
							{ "10.0.0.7", "orders.db" },
							{ "", "all (the rest)" } };
	_cleanup_(cleanup_json) cJSON *doc = NULL;
	struct segment_fixture f;
	const cJSON *calls, *added;

	segment_fixture_init(&f);
	strcpy(segment_fixture_add(&f, "SELECT 1")->peer.address, "10.0.0.7");
	strcpy(segment_fixture_add(&f, "SELECT 2")->peer.address, "10.0.0.8");
	f.context.annotations = annotations;
	f.context.annotation_count = 2;
	f.context.db_names = names;
	f.context.db_name_count = 3;
	doc = encode(&f);
	added = cJSON_GetObjectItemCaseSensitive(doc, "annotations");
	CHECK_STR(string_at(added, "stage"), "prod \"1\"");
	CHECK_STR(string_at(added, "team_2"), "b");
	calls = cJSON_GetObjectItemCaseSensitive(doc, "subsegments");
	CHECK_STR(string_at(cJSON_GetArrayItem(calls, 0), "name"), "orders.db");
	/* with X-Ray's characters alone */
	CHECK_STR(string_at(cJSON_GetArrayItem(calls, 1), "name"), "all the rest");
}

/* The host as the service knows it: the address that it had is told beside. */
TEST(segment_names_of_hosts)
{
	static const struct {
		const char *name, *given, *shown, *url, *address;
	} rows[] = {
		{ "", NULL, "10.0.0.7", "10.0.0.7:3306/todobackend", NULL },
		{ "db.example", NULL, "db.example", "db.example:3306/todobackend", "10.0.0.7" },
		{ "db.example", "given", "given", "db.example:3306/todobackend", "10.0.0.7" },
		{ "2001:db8::7", NULL, "2001:db8::7", "[2001:db8::7]:3306/todobackend",
		  "10.0.0.7" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct segment_db_name given = { .name = rows[i].given };
		_cleanup_(cleanup_json) cJSON *doc = NULL;
		struct segment_fixture f;
		struct statement *s;
		const cJSON *call, *own;

		unit_context("row %zu", i);
		segment_fixture_init(&f);
		s = segment_fixture_add(&f, "SELECT 1");
		strcpy(s->peer.address, "10.0.0.7");
		strcpy(s->peer.name, rows[i].name);
		f.context.db_names = &given;
		f.context.db_name_count = rows[i].given != NULL;
		doc = encode(&f);
		call = cJSON_GetObjectItem(doc, "subsegments")->child;
		own = cJSON_GetObjectItem(cJSON_GetObjectItem(call, "metadata"), "bpfxray");
		CHECK_STR(string_at(call, "name"), rows[i].shown);
		CHECK_STR(string_at(cJSON_GetObjectItem(call, "sql"), "url"), rows[i].url);
		CHECK_STR(string_at(own, "address"), rows[i].address);
	}
}

/* Rounding to microseconds must not move a statement outside its request. */
TEST(segment_times_nest)
{
	for (uint64_t ns = 0; ns < 3000; ns += 7) {
		struct segment_fixture f;
		_cleanup_free_ char *json = NULL;
		struct statement *s;

		segment_fixture_init(&f);
		s = segment_fixture_add(&f, "SELECT 1");
		s->start_ns = f.request.start_ns += ns;
		s->end_ns = f.request.end_ns = s->start_ns + ns / 2;
		json = segment_fixture_encode(&f);
		if (json) {
			_cleanup_(cleanup_json) cJSON *doc = cJSON_Parse(json);
			const cJSON *sub = cJSON_GetObjectItem(doc, "subsegments")->child;
			double from = cJSON_GetObjectItem(doc, "start_time")->valuedouble;
			double to = cJSON_GetObjectItem(doc, "end_time")->valuedouble;
			double start = cJSON_GetObjectItem(sub, "start_time")->valuedouble;
			double end = cJSON_GetObjectItem(sub, "end_time")->valuedouble;

			unit_context("%u ns", (unsigned int)ns);
			CHECK(from <= start && start <= end && end <= to);
		}
	}
}

/* Modes of SQL text: what leaves the host. */
TEST(segment_sql_modes)
{
	static const struct {
		enum segment_sql sql;
		const char *query, *message;
	} rows[] = {
		{ SEGMENT_SQL_SANITIZED, "SELECT ?", "1062 (23000): Duplicate entry ?" },
		{ SEGMENT_SQL_RAW, "SELECT 'secret'",
		  "1062 (23000): Duplicate entry 'secret' for key 'k'" },
		{ SEGMENT_SQL_OFF, NULL, "1062 (23000)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(cleanup_json) cJSON *doc = NULL;
		struct segment_fixture f;
		struct statement *s;
		const cJSON *sub, *cause;

		segment_fixture_init(&f);
		f.context.sql = rows[i].sql;
		s = segment_fixture_add(&f, "SELECT 'secret'");
		s->failed = true;
		s->err_code = 1062;
		memcpy(s->err_sqlstate, "23000", 6);
		s->err_message = "Duplicate entry 'secret' for key 'k'";
		doc = encode(&f);
		sub = cJSON_GetObjectItem(doc, "subsegments")->child;
		cause = cJSON_GetObjectItem(sub, "cause");
		unit_context("mode %d", rows[i].sql);
		CHECK_STR(string_at(cJSON_GetObjectItem(sub, "sql"), "sanitized_query"),
			  rows[i].query);
		CHECK_STR(string_at(cJSON_GetObjectItem(cause, "exceptions")->child, "message"),
			  rows[i].message);
	}
}
