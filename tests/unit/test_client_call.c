// SPDX-License-Identifier: Apache-2.0
/*
 * test_client_call.c - calls of MySQL client libraries: the record's check, the statement that
 * comes of it, and how a library's structures are recognised.
 */
#include "trace_mysql.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe/client_layout.h"
#include "probe/record.h"
#include "util/cleanup.h"

struct call_record {
	struct bx_client_call call;
	char text[64];
};

static struct call_record call_of(const char *sql)
{
	struct call_record ret = { .call = { .record = { BX_RECORD_CLIENT_CALL, sizeof(ret) },
					     .owner_conn = OWNER,
					     .owner_seq = 1,
					     .start_ns = NS(20),
					     .end_ns = NS(21),
					     .tgid = BENCH_THREAD,
					     .tid = BENCH_THREAD,
					     .kind = BX_CALL_QUERY,
					     .host = "db.internal",
					     .user = "app",
					     .database = "todo",
					     .server_version = "5.5.5-10.11.19-MariaDB-0",
					     .port = 3306 } };

	ret.call.text_len = (uint32_t)strlen(sql);
	ret.call.text_total = ret.call.text_len;
	memcpy(ret.text, sql, strlen(sql));
	return ret;
}

TEST(client_call_that_failed_is_a_statement)
{
	struct call_record record = call_of("SELECT 2");
	const struct statement *s;
	const struct request *r;
	struct bench b;

	record.call.failed = 1;
	record.call.error = 2006;
	memcpy(record.call.sqlstate, "HY000", 6);
	bench_begin(&b, DB_SPANS_APP);
	CHECK_EQ(trace_client_call(b.trace, &record.call), 0);
	web_request(&b, 40, 1);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 1)) {
		s = &r->statements[0];
		CHECK_EQ(s->kind, STATEMENT_QUERY);
		CHECK_STR(s->sql, "SELECT 2");
		CHECK_STR(s->peer.address, "db.internal");
		CHECK_EQ(s->peer.port, 3306);
		CHECK_STR(s->peer.version, "10.11.19-MariaDB-0");
		CHECK_EQ(s->err_code, 2006);
		CHECK_STR(s->err_sqlstate, "HY000");
		CHECK(s->failed && s->lost_connection);
		CHECK_EQ(s->start_ns, NS(20));
		CHECK_EQ(s->end_ns, NS(21));
		CHECK_EQ(s->rows, -1);
		CHECK_EQ(r->flags, 0);
	}
	bench_end(&b);
}

TEST(client_call_on_a_unix_socket_is_localhost)
{
	struct call_record record = call_of("SELECT 2");
	const struct request *r;
	struct bench b;

	strcpy(record.call.unix_socket, "/run/mysqld.sock");
	bench_begin(&b, DB_SPANS_APP);
	CHECK_EQ(trace_client_call(b.trace, &record.call), 0);
	web_request(&b, 40, 1);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 1)) {
		CHECK_STR(r->statements[0].peer.address, "localhost");
		CHECK_EQ(r->statements[0].peer.port, 0);
		CHECK(!r->statements[0].failed);
	}
	bench_end(&b);
}

/* A thread that serves several requests at once owns nothing. */
TEST(client_call_of_a_multiplexing_thread_is_nobodys)
{
	struct call_record record = call_of("SELECT 2");
	const struct request *r;
	struct bench b;

	record.call.multiplex = 1;
	record.call.owner_conn = 0;
	bench_begin(&b, DB_SPANS_APP);
	CHECK_EQ(trace_client_call(b.trace, &record.call), 0);
	web_request(&b, 40, 0);
	r = bench_only(&b);
	if (r)
		CHECK_EQ(r->flags & REQUEST_CHILDREN_MISSING, 0);
	bench_end(&b);
}

static struct call_record connect_of(void)
{
	struct call_record ret = call_of("");

	ret.call.kind = BX_CALL_CONNECT;
	ret.call.failed = 1;
	ret.call.error = 2005;
	return ret;
}

TEST(client_connect_that_no_socket_tells_of_is_a_statement)
{
	struct call_record record = connect_of();
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	CHECK_EQ(trace_client_call(b.trace, &record.call), 0);
	web_request(&b, 40, 1);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 1)) {
		CHECK_EQ(r->statements[0].kind, STATEMENT_CONNECT);
		CHECK_STR(r->statements[0].peer.address, "db.internal");
		CHECK_EQ(r->statements[0].err_code, 2005);
		CHECK(r->statements[0].failed);
	}
	bench_end(&b);
}

/* The kernel counted both for the request; they are one connect. */
TEST(client_connect_that_a_socket_told_of_is_not_told_again)
{
	struct call_record record = connect_of();
	const struct request *r;
	struct bench b;

	bench_begin(&b, DB_SPANS_APP);
	EXCHANGE(&b, .conn = DB_CONN, .seq = 1, .protocol = BX_PROTO_OTHER, .role = BX_ROLE_CLIENT,
		 .flags = BX_EX_CONNECT_FAILED, .peer_port = 3306, .error = 111, .connect_ms = 20.2,
		 .opened_ms = 20.4, .owner_conn = OWNER, .owner_seq = 1);
	CHECK_EQ(trace_client_call(b.trace, &record.call), 0);
	web_request(&b, 40, 2);
	r = bench_only(&b);
	if (r && CHECK_EQ(r->statement_count, 1)) {
		CHECK_EQ(r->statements[0].err_code, 2003);
		CHECK_EQ(r->flags, 0);
	}
	bench_end(&b);
}

TEST(client_call_records_are_checked)
{
	const struct call_record good = call_of("SELECT 2");
	struct call_record bad = good;
	struct record_view view;

	CHECK_EQ(record_check(&good, sizeof(good), &view), 0);
	CHECK(view.call == &good.call);
	CHECK_EQ(record_check(&good, sizeof(good.call) + 7, &view), -EBADMSG);
	bad.call.kind = BX_CALL_CONNECT + 1;
	CHECK_EQ(record_check(&bad, sizeof(bad), &view), -EBADMSG);
	bad = good;
	bad.call.end_ns = bad.call.start_ns - 1;
	CHECK_EQ(record_check(&bad, sizeof(bad), &view), -EBADMSG);
	bad = good;
	bad.call.text_total = bad.call.text_len - 1;
	CHECK_EQ(record_check(&bad, sizeof(bad), &view), -EBADMSG);
	bad = good;
	memset(bad.call.host, 'x', sizeof(bad.call.host));
	CHECK_EQ(record_check(&bad, sizeof(bad), &view), -EBADMSG);
}

TEST(client_layout_is_read_from_the_accessors)
{
	/* as libmysqlclient's (a plain load) and libmariadb's (behind a test for NULL) */
	static const uint8_t code[] = {
		0x8b, 0x87, 0x84, 0,	0,    0,    0xc3, 0,		  /* 0: 132 */
		0x48, 0x8b, 0x87, 0xc0, 0x02, 0,    0,	  0xc3,		  /* 8: 704 */
		0x31, 0xc0, 0x48, 0x85, 0xff, 0x74, 0x06,		  /* 16 */
		0x8b, 0x87, 0x90, 0,	0,    0,    0xc3, 0,		  /* 144 */
		0x48, 0x8b, 0x87, 0xd0, 0x02, 0,    0,	  0xc3, [64] = 0, /* 31: 720 */
	};
	_cleanup_close_ int fd = memfd_create("accessors", MFD_CLOEXEC);

	CHECK_EQ(write(fd, code, sizeof(code)), sizeof(code));
	CHECK_EQ(client_layout_of(fd, 0, 8), BX_CLIENT_OTHER);
	CHECK_EQ(client_layout_of(fd, 16, 31), BX_CLIENT_MARIADB);
	CHECK_EQ(client_layout_of(fd, 16, 8), BX_CLIENT_OTHER);
	CHECK_EQ(client_layout_of(fd, 1000, 1000), BX_CLIENT_OTHER);
	CHECK_EQ(client_layout_of(-1, 16, 31), BX_CLIENT_OTHER);
}

/* As in mysql-connector's extension for AArch64. */
TEST(client_layout_is_read_from_the_accessors_of_arm64)
{
	static const struct {
		Elf64_Ehdr head;
		uint32_t errno_code[4], info_code[4];
	} file = {
		.head.e_machine = EM_AARCH64,
		.errno_code = { 0xb4000060, 0xb9408400, 0xd65f03c0 }, /* cbz; ldr w0; ret */
		.info_code = { 0xf9416000, 0xd65f03c0 },	      /* ldr x0; ret */
	};
	_cleanup_close_ int fd = memfd_create("accessors", MFD_CLOEXEC);
	const size_t errno_at = sizeof(file.head), info_at = errno_at + sizeof(file.errno_code);

	CHECK_EQ(write(fd, &file, sizeof(file)), sizeof(file));
	CHECK_EQ(client_layout_of(fd, errno_at, info_at), BX_CLIENT_MYSQL);
	CHECK_EQ(client_layout_of(fd, info_at, errno_at), BX_CLIENT_OTHER);
}
