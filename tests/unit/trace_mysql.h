/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_mysql.h - MySQL conversations for the tests of trace/: packets, and a client's connection
 * that counts its exchanges.
 */
#ifndef BPFXRAY_TESTS_TRACE_MYSQL_H
#define BPFXRAY_TESTS_TRACE_MYSQL_H

#include "mysql_stream.h"
#include "trace_build.h"

#define DB_CONN 50
#define OWNER	1 /* the request's connection */
#define WEB_GET "GET /todos/ HTTP/1.1\r\nHost: h\r\n\r\n"
#define WEB_OK	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* One turn: up to 8 packets, each payload with the next sequence number from @first. */
struct stream packets(uint8_t first, size_t n, const struct bytes *payloads);
#define PACKETS(first, ...)                                                                        \
	packets(first, sizeof((struct bytes[]){ __VA_ARGS__ }) / sizeof(struct bytes),             \
		(struct bytes[]){ __VA_ARGS__ })

/* A database connection of the thread that serves exchange 1 of OWNER. */
struct db {
	struct bench *bench;
	uint32_t seq;
	double ms;	/* of the next exchange's command; its answer comes 1 ms later */
	uint32_t flags; /* of all exchanges */
	bool unowned;
};

/* bench_begin(), and a connection whose first exchange is at 20 ms. */
struct db db_begin(struct bench *b, enum db_spans spans);
/*
 * Greeting and login of user "app" on database "todo" with MariaDB 10.11; the OK has status
 * @status.
 */
void db_connect(struct db *db, uint32_t client_caps);
/* The same with the server's answer to the login. */
void db_login(struct db *db, uint32_t client_caps, struct stream answer);
/*
 * As db_connect(), but the client asks for TLS: greeting and request for TLS in the open, then the
 * login as plain text of the session, like every exchange from there on.
 */
void db_connect_tls(struct db *db);
/* Only as far as the request for TLS. */
void db_ask_for_tls(struct db *db);
/* An exchange: command packets and answer packets. */
void db_exchange(struct db *db, struct stream command, struct stream answer, uint32_t flags);
/* COM_QUERY @sql answered by an OK. */
void db_query(struct db *db, const char *sql);
/* The connection's end: COM_QUIT and close. */
void db_quit(struct db *db);

/* The request (OWNER, 1) from 10 ms to @end_ms, with the kernel's count @children. */
void web_request(struct bench *b, double end_ms, uint32_t children);

#endif
