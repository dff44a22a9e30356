// SPDX-License-Identifier: Apache-2.0
/* segment_fixture.c - see segment_fixture.h. */
#include "segment_fixture.h"

#include <stdio.h>

#include "unit.h"

#define SECOND 1000000000ull
#define MS     1000000ull

static void count_up(void *ctx, void *buf, size_t len)
{
	uint8_t *next = ctx, *out = buf;

	while (len--)
		*out++ = (*next)++;
}

void segment_fixture_init(struct segment_fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->context = (struct segment_context){
		.service_name = "todobackend",
		.version = "0.1.0",
		.realtime_offset_ns = 1795352783 * (int64_t)SECOND,
		.random = { count_up, &f->next_byte },
	};
	f->request = (struct request){
		.start_ns = 5 * SECOND + 123456789,
		.end_ns = 5 * SECOND + 123456789 + 12 * MS + 500001,
		.first_byte_ns = 5 * SECOND + 123456789 + 11 * MS,
		.queue_ns = 250000,
		.method = "GET",
		.scheme = "http",
		.host = "127.0.0.1:8000",
		.target = "/todos/1?full=1",
		.user_agent = "curl/7.88.1",
		.client_ip = "127.0.0.1",
		.protocol = "HTTP/1.1",
		.status = 200,
		.request_length = -1,
		.response_length = 87,
		.bytes_in = 96,
		.bytes_out = 320,
		.tgid = 4001,
		.tid = 4003,
		.statements = f->statements,
	};
}

struct statement *segment_fixture_add(struct segment_fixture *f, const char *sql)
{
	uint64_t start = f->request.start_ns + (1 + f->request.statement_count) * MS;
	struct statement *s = &f->statements[f->request.statement_count++];

	*s = (struct statement){
		.kind = STATEMENT_QUERY,
		.command = "query",
		.peer = { .address = "127.0.0.1",
			  .port = 3306,
			  .user = "todo",
			  .database = "todobackend",
			  .version = "10.11.6",
			  .driver = "mysql-connector-python 9.1.0" },
		.sql = (char *)sql,
		.sql_len = sql ? strlen(sql) : 0,
		.rows = -1,
		.affected = 1,
		.start_ns = start,
		.first_ns = start + 400000,
		.meta_ns = start + 450000,
		.last_ns = start + 450000,
		.end_ns = start + 450000,
		.tgid = 4001,
		.tid = 4003,
	};
	return s;
}

char *segment_fixture_encode(struct segment_fixture *f)
{
	struct json_writer json = { 0 };

	if (!CHECK_EQ(segment_encode(&f->context, &f->request, &json), 0))
		return NULL;
	CHECK_EQ(json.len, strlen(json.at));
	return json.at;
}
