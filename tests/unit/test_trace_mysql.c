// SPDX-License-Identifier: Apache-2.0
/*
 * test_trace_mysql.c - a request's database connection: login, queries, prepared statements,
 * errors.
 */
#include "trace_mysql.h"

#include <stdio.h>

TEST(trace_mysql_login_and_query)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_ALL);
	const struct request *r;
	const struct statement *s;

	db_connect(&db, 0);
	db_exchange(&db, PACKETS(0, LIT("\x03SELECT id FROM todo")),
		    PACKETS(1, ONE, DEF, EOF_, ROW, ROW, EOF_), 0);
	db_quit(&db);
	web_request(&b, 40, 4);
	r = bench_only(&b);
	if (!r || !CHECK_EQ(r->statement_count, 2))
		return;
	s = &r->statements[0];
	CHECK_EQ(s->kind, STATEMENT_CONNECT);
	CHECK_STR(s->command, "connect");
	CHECK_EQ(s->start_ns, NS(21));
	CHECK_EQ(s->end_ns, NS(23));
	s = &r->statements[1];
	CHECK_EQ(s->kind, STATEMENT_QUERY);
	CHECK_STR(s->sql, "SELECT id FROM todo");
	CHECK_EQ(s->sql_len, 19);
	CHECK(!s->sql_truncated);
	CHECK_STR(s->peer.address, "127.0.0.1");
	CHECK_EQ(s->peer.port, 3306);
	CHECK_STR(s->peer.user, "app");
	CHECK_STR(s->peer.database, "todo");
	CHECK_STR(s->peer.version, "10.11.19-MariaDB-0");
	CHECK_STR(s->peer.driver, "pymysql");
	CHECK_EQ(s->start_ns, NS(24));
	CHECK_EQ(s->first_ns, NS(25));
	CHECK_EQ(s->end_ns, NS(25));
	CHECK_EQ(s->rows, 2);
	CHECK_EQ(s->affected, -1);
	CHECK(!s->failed && !s->incomplete);
	CHECK_EQ(r->children_seen, 4);
	CHECK_EQ(r->flags, 0);
	CHECK_EQ(COUNTERS(&b)->statements, 2);
	bench_end(&b);
}

TEST(trace_mysql_error)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;
	const struct statement *s;

	db_connect(&db, 0);
	db_exchange(&db, PACKETS(0, LIT("\x03SELEC 1")), PACKETS(1, ERR), 0);
	web_request(&b, 40, 3);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 2)) {
		s = &r->statements[1];
		CHECK(s->failed);
		CHECK_EQ(s->err_code, 1064);
		CHECK_STR(s->err_sqlstate, "42000");
		CHECK_STR(s->err_message, "You have");
		CHECK_EQ(s->rows, -1);
	}
	bench_end(&b);
}

/* The server refuses before it greets. */
TEST(trace_mysql_too_many_connections)
{
	struct bench b;
	const struct request *r;

	db_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = DB_CONN, .seq = 1, .protocol = BX_PROTO_MYSQL, .owner_conn = OWNER,
		 .owner_seq = 1, .response_ms = 12, .connect_ms = 11,
		 .response = LITERAL("\x17\x00\x00\x00\xff\x10\x04#08004Too many conns"),
		 .flags = BX_EX_CLOSED_PEER);
	web_request(&b, 40, 1);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 1)) {
		CHECK(r->statements[0].failed);
		CHECK_EQ(r->statements[0].kind, STATEMENT_CONNECT);
		CHECK_EQ(r->statements[0].err_code, 1040);
		CHECK_EQ(r->statements[0].start_ns, NS(11));
		CHECK_EQ(r->statements[0].end_ns, NS(12));
	}
	bench_end(&b);
}

/* AuthSwitch, the client's answer withheld, then the verdict. */
TEST(trace_mysql_auth_switch)
{
	static const char denied[] = "\x17\x00\x00\x04\xff\x15\x04#28000Access denied!";
	static const char granted[] = "\x07\x00\x00\x04\x00\x00\x00\x02\x00\x00\x00";
	struct bench b;

	for (int refuse = 0; refuse < 2; refuse++) {
		struct db db = db_begin(&b, DB_SPANS_APP);
		const struct request *r;

		db_login(&db, 0,
			 PACKETS(2, LIT("\xfemysql_native_password\x00saltsaltsaltsaltsalt")));
		EXCHANGE(&b, .conn = DB_CONN, .seq = 3, .protocol = BX_PROTO_MYSQL,
			 .owner_conn = OWNER, .owner_seq = 1, .request_total = 24, .request_ms = 24,
			 .response = refuse ? LITERAL(denied) : LITERAL(granted), .response_ms = 28,
			 .flags = BX_EX_WITHHELD);
		web_request(&b, 40, 3);
		r = bench_only(&b);
		if (r && CHECK_EQ(r->statement_count, 1)) {
			CHECK_EQ(r->statements[0].failed, refuse);
			CHECK_EQ(r->statements[0].err_code, refuse ? 1045 : 0);
			CHECK_EQ(r->statements[0].end_ns, NS(28));
			CHECK_STR(r->statements[0].peer.user, "app");
		}
		CHECK_EQ(COUNTERS(&b)->unparsed, 0);
		bench_end(&b);
	}
}

TEST(trace_mysql_prepare_and_execute)
{
	static const uint8_t execute[] = { 0x17, 5, 0, 0, 0, 0, 1, 0, 0, 0 };
	static const uint8_t unseen[] = { 0x17, 9, 0, 0, 0, 0, 1, 0, 0, 0 };
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_ALL);
	const struct request *r;

	db_connect(&db, 0);
	db_exchange(&db, PACKETS(0, LIT("\x16SELECT a FROM t")),
		    PACKETS(1, PREPARED("\x01", "\x00"), DEF, EOF_), 0);
	db_exchange(&db, PACKETS(0, bytes_of(execute, sizeof(execute))), PACKETS(1, OK), 0);
	db_exchange(&db, PACKETS(0, bytes_of(unseen, sizeof(unseen))), PACKETS(1, OK), 0);
	web_request(&b, 60, 5);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 4)) {
		CHECK_EQ(r->statements[1].kind, STATEMENT_PREPARE);
		CHECK_STR(r->statements[1].sql, "SELECT a FROM t");
		CHECK_EQ(r->statements[2].kind, STATEMENT_EXECUTE);
		CHECK_STR(r->statements[2].sql, "SELECT a FROM t");
		CHECK_EQ(r->statements[2].affected, 1);
		CHECK_STR(r->statements[3].sql, NULL);
	}
	CHECK_EQ(COUNTERS(&b)->statements_no_text, 1);
	bench_end(&b);
}

/* COM_STMT_CLOSE has no answer and stands in front of the next command in the same run of bytes. */
TEST(trace_mysql_close_in_front_of_a_query)
{
	struct stream both = PACKETS(0, LIT("\x19\x05\x00\x00\x00"));
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_ALL);
	const struct request *r;
	struct bytes select = LIT("\x03SELECT 7");

	stream_packet(&both, 0, select);
	db_connect(&db, 0);
	db_exchange(&db, both, PACKETS(1, OK), 0);
	web_request(&b, 60, 3);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 2))
		CHECK_STR(r->statements[1].sql, "SELECT 7");
	bench_end(&b);
}

/* MariaDB's client sends prepare and execute of "the last one" in one go; each has its answer. */
TEST(trace_mysql_pipelined_prepare_execute)
{
	static const uint8_t execute[] = { 0x17, 255, 255, 255, 255, 0, 1, 0, 0, 0 };
	struct stream command = PACKETS(0, LIT("\x16INSERT INTO t VALUES (1)"));
	struct stream answer = PACKETS(1, PREPARED("\x00", "\x00"));
	struct bytes ok = OK;
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_ALL);
	const struct request *r;

	stream_packet(&command, 0, bytes_of(execute, sizeof(execute)));
	stream_packet(&answer, 1, ok);
	db_connect(&db, 0);
	db_exchange(&db, command, answer, 0);
	web_request(&b, 60, 3);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 3)) {
		CHECK_EQ(r->statements[1].kind, STATEMENT_PREPARE);
		CHECK_EQ(r->statements[2].kind, STATEMENT_EXECUTE);
		CHECK_STR(r->statements[2].sql, "INSERT INTO t VALUES (1)");
		CHECK_EQ(r->statements[2].affected, 1);
	}
	bench_end(&b);
}

/* The request ends at 60 ms: what the connection's end tells later is not waited for by it. */
TEST(trace_mysql_connection_lost)
{
	static const struct {
		unsigned int closed_ms, end_ms;
	} table[] = { { 35, 35 }, { 75, 60 } };

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct bench b;
		struct db db = db_begin(&b, DB_SPANS_APP);
		const struct request *r;

		db_connect(&db, 0);
		EXCHANGE(&b, .conn = DB_CONN, .seq = 3, .protocol = BX_PROTO_MYSQL,
			 .owner_conn = OWNER, .owner_seq = 1,
			 .request = LITERAL("\x09\x00\x00\x00\x03SELECT 1"), .request_ms = 24,
			 .closed_ms = table[i].closed_ms, .flags = BX_EX_CLOSED_PEER);
		web_request(&b, 60, 3);
		r = bench_only(&b);
		if (r && CHECK_EQ(r->statement_count, 2)) {
			CHECK(r->statements[1].failed);
			CHECK(r->statements[1].lost_connection);
			CHECK_EQ(r->statements[1].err_code, 2013);
			CHECK_EQ(r->statements[1].end_ns, NS(table[i].end_ms));
		}
		bench_end(&b);
	}
}

TEST(trace_mysql_database_follows)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, 0);
	db_query(&db, "SELECT 1");
	db_exchange(&db, PACKETS(0, LIT("\x02other")), PACKETS(1, OK), 0);
	db_query(&db, "SELECT 2");
	db_query(&db, "USE `third`");
	db_query(&db, "SELECT 3");
	web_request(&b, 60, 7);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 5)) {
		CHECK_STR(r->statements[1].peer.database, "todo");
		CHECK_STR(r->statements[2].peer.database, "other");
		CHECK_STR(r->statements[4].peer.database, "third");
	}
	bench_end(&b);
}

TEST(trace_mysql_compressed_and_encrypted_are_counted)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, MYSQL_CAP_COMPRESS);
	db_query(&db, "looks like nothing");
	web_request(&b, 60, 3);
	r = bench_only(&b);
	if (r) {
		CHECK_EQ(r->flags, 0);
		CHECK_EQ(r->statement_count, 1);
	}
	CHECK_EQ(COUNTERS(&b)->compressed, 1);
	bench_end(&b);
}

/* The sanitiser's modes come with the server's status. */
TEST(trace_mysql_sql_mode)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, 0);
	db_exchange(&db, PACKETS(0, LIT("\x03SET x = 1")),
		    PACKETS(1, LIT("\x00\x00\x00\x02\x82\x00\x00")), 0);
	db_query(&db, "SELECT 1");
	web_request(&b, 60, 4);
	r = bench_only(&b);
	if (r && CHECK(r->statement_count >= 2)) {
		const struct statement *s = &r->statements[r->statement_count - 1];

		CHECK(s->no_backslash_escapes);
		CHECK(s->ansi_quotes);
	}
	bench_end(&b);
}

/* A character set whose characters may hold a quote as their second byte. */
TEST(trace_mysql_odd_charset)
{
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	db_connect(&db, 0);
	db_query(&db, "SELECT 1");
	db_query(&db, "SET NAMES 'gbk'");
	db_query(&db, "SELECT 2");
	db_query(&db, "SET NAMES utf8mb4");
	db_query(&db, "SELECT 3");
	web_request(&b, 60, 7);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 4)) {
		CHECK(!r->statements[1].odd_charset);
		CHECK(r->statements[2].odd_charset);
		CHECK(!r->statements[3].odd_charset);
	}
	bench_end(&b);
}

/* Each command is in its own packet of one run, and so are the answers: an asynchronous client. */
TEST(trace_mysql_pipelined_over_exchanges)
{
	struct stream two = PACKETS(0, LIT("\x03SELECT 1"));
	struct bytes second = LIT("\x03SELECT 2");
	struct bench b;
	struct db db = db_begin(&b, DB_SPANS_APP);
	const struct request *r;

	stream_packet(&two, 0, second);
	db_connect(&db, 0);
	db_exchange(&db, two, PACKETS(1, ERR), 0);
	db_exchange(&db, PACKETS(0, LIT("\x03SELECT 3")), PACKETS(1, OK), 0);
	db_exchange(&db, (struct stream){ 0 }, PACKETS(1, ERR), 0);
	web_request(&b, 60, 5);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 4)) {
		CHECK(r->statements[1].failed);
		CHECK_STR(r->statements[2].sql, "SELECT 2");
		CHECK(!r->statements[2].failed);
		CHECK_STR(r->statements[3].sql, "SELECT 3");
		CHECK(r->statements[3].failed);
	}
	bench_end(&b);
}
