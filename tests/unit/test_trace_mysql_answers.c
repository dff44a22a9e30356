// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_mysql_answers.c - answers that are long, come in pieces, or are several; and where a
 * statement ends in them.
 */
#include "trace_mysql.h"

TEST(trace_mysql_local_infile)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, 0);
	db_exchange(&db, PACKETS(0, LIT("\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE t")),
		    PACKETS(1, LIT("\xfb"
				   "f")),
		    0);
	EXCHANGE(&b, .conn = DB_CONN, .seq = 4, .protocol = BX_PROTO_MYSQL, .owner_conn = OWNER,
		 .owner_seq = 1, .request_total = 5000, .request_ms = 26,
		 .response = LITERAL("\x07\x00\x00\x04\x00\x03\x00\x02\x00\x00\x00"),
		 .response_ms = 31, .flags = BX_EX_WITHHELD);
	web_request(&b, 60, 4);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 2)) {
		CHECK_EQ(r->statements[1].start_ns, NS(24));
		CHECK_EQ(r->statements[1].end_ns, NS(31));
		CHECK_EQ(r->statements[1].affected, 3);
		CHECK(!r->statements[1].incomplete);
	}
	CHECK_EQ(COUNTERS(&b)->unparsed, 0);
	bench_end(&b);
}

TEST(trace_mysql_several_results)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, 0);
	db_exchange(&db, PACKETS(0, LIT("\x03SELECT 1; SELECT 2")),
		    PACKETS(1, ONE, DEF, EOF_, ROW, EOF_MORE, ONE, DEF, EOF_, ROW, EOF_), 0);
	db_query(&db, "SELECT 3");
	web_request(&b, 60, 4);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 3)) {
		CHECK_EQ(r->statements[1].rows, 2);
		CHECK_STR(r->statements[2].sql, "SELECT 3");
	}
	bench_end(&b);
}

/* Administrators' commands: the first has rows, and ends with the last of them. */
TEST(trace_mysql_process_list_and_kill)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_ALL);
	const struct request *r;

	db_connect(&db, 0);
	db_exchange(&db, PACKETS(0, LIT("\x0a")), PACKETS(1, ONE, DEF, EOF_, ROW, ROW, EOF_), 0);
	db_exchange(&db, PACKETS(0, LIT("\x0c\x07\0\0\0")), PACKETS(1, ERR), 0);
	db_exchange(&db, PACKETS(0, LIT("\x0d")), PACKETS(1, EOF_), 0);
	db_query(&db, "SELECT 3");
	web_request(&b, 60, 6);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 5)) {
		CHECK_STR(r->statements[1].command, "process_info");
		CHECK_EQ(r->statements[1].rows, 2);
		CHECK_STR(r->statements[2].command, "process_kill");
		CHECK(r->statements[2].failed);
		CHECK_STR(r->statements[3].command, "debug");
		CHECK_STR(r->statements[4].sql, "SELECT 3");
	}
	CHECK_EQ(COUNTERS(&b)->unparsed, 0);
	bench_end(&b);
}

/*
 * The answer comes in pieces, by snapshots, the last one whole: the later record of it is ignored.
 */
TEST(trace_mysql_snapshots_of_an_answer)
{
	struct stream command = PACKETS(0, LIT("\x03SELECT id FROM t"));
	struct stream answer = PACKETS(1, ONE, DEF, EOF_, ROW, EOF_);
	struct bench_exchange ex = { .conn = DB_CONN,
				     .seq = 3,
				     .protocol = BX_PROTO_MYSQL,
				     .owner_conn = OWNER,
				     .owner_seq = 1,
				     .request = bytes_of(command.data, command.len),
				     .request_ms = 24,
				     .response_ms = 25,
				     .flags = BX_EX_SNAPSHOT };
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, 0);
	for (size_t n = 0; n < answer.len; n += 7) {
		ex.response = bytes_of(answer.data, n);
		bench_exchange(&b, &ex);
	}
	web_request(&b, 60, 3);
	bench_tick(&b, 70);
	CHECK_EQ(b.count, 0);
	ex.response = bytes_of(answer.data, answer.len);
	bench_exchange(&b, &ex);
	bench_tick(&b, 80);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 2))
		CHECK_EQ(r->statements[1].rows, 1);
	bench_same(&b, &ex, BX_EX_CLOSED_LOCAL);
	CHECK_EQ(COUNTERS(&b)->statements_unproven, 0);
	CHECK_EQ(b.count, 1);
	bench_end(&b);
}

/* More rows than were captured: the turn's last bytes tell how it ended. */
TEST(trace_mysql_long_answer)
{
	struct stream command = PACKETS(0, LIT("\x03SELECT id FROM t"));
	struct stream answer = PACKETS(1, ONE, DEF, EOF_, ROW);
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, 0);
	bench_fragment(&b, DB_CONN, 3, 1, 90000 - 9, BX_FRAG_TAIL,
		       LITERAL("\x05\x00\x00\x77\xfe\x00\x00\x02\x00"));
	EXCHANGE(&b, .conn = DB_CONN, .seq = 3, .protocol = BX_PROTO_MYSQL, .owner_conn = OWNER,
		 .owner_seq = 1, .request = bytes_of(command.data, command.len), .request_ms = 24,
		 .response = bytes_of(answer.data, answer.len), .response_total = 90000,
		 .response_calls = { { 16384, 25 }, { 90000, 31 } }, .flags = BX_EX_SNAPSHOT);
	web_request(&b, 60, 3);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 2)) {
		CHECK_EQ(r->statements[1].end_ns, NS(31));
		CHECK_EQ(r->statements[1].meta_ns, NS(25));
		CHECK_EQ(r->statements[1].rows, -1);
		CHECK(!r->statements[1].incomplete);
	}
	bench_end(&b);
}

/* A reader that stops exactly behind the metadata reads rows when it is asked for them. */
TEST(trace_mysql_rows_read_later)
{
	struct stream command = PACKETS(0, LIT("\x03SELECT id FROM t"));
	struct stream answer = PACKETS(1, ONE, DEF, EOF_, ROW, EOF_);
	struct bench b;

	for (int packetwise = 0; packetwise < 2; packetwise++) {
		uint32_t meta = (uint32_t)answer.ends[3];
		struct db db = db_begin(&b, DB_SPANS_APP);
		const struct request *r;

		db_connect(&db, 0);
		EXCHANGE(&b, .conn = DB_CONN, .seq = 3, .protocol = BX_PROTO_MYSQL,
			 .owner_conn = OWNER, .owner_seq = 1,
			 .request = bytes_of(command.data, command.len), .request_ms = 24,
			 .response = bytes_of(answer.data, answer.len),
			 .response_calls = { { meta + !packetwise, 25 },
					     { (uint32_t)answer.len, 33 } });
		web_request(&b, 60, 3);
		r = bench_only(&b);
		if (r && CHECK_EQ(r->statement_count, 2))
			CHECK_EQ(r->statements[1].end_ns, NS(packetwise ? 25 : 33));
		bench_end(&b);
	}
}
