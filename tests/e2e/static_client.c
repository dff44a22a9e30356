// SPDX-License-Identifier: Apache-2.0
/*
 * static_client.c - an HTTP server whose requests use MySQL through libmariadb, over TLS that
 *cannot be read: it is built with everything inside, OpenSSL's functions without a name. One
 *connection after the other; the path names what is done, see actions[].
 *
 *	static_client PORT DATABASE_PORT USER PASSWORD DATABASE CA
 */
#include <arpa/inet.h>
#include <mysql.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT(sql) (sql), sizeof(sql) - 1

static char **words; /* the program's, from DATABASE_PORT on */

static MYSQL *new_connection(int nonblocking)
{
	MYSQL *mysql = mysql_init(NULL);
	my_bool enforce = 1;

	mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
	mysql_options(mysql, MYSQL_OPT_SSL_CA, words[4]);
	if (nonblocking)
		mysql_options(mysql, MYSQL_OPT_NONBLOCK, NULL);
	return mysql;
}

static MYSQL *log_in(int nonblocking)
{
	MYSQL *mysql = new_connection(nonblocking);

	if (!mysql_real_connect(mysql, "127.0.0.1", words[1], words[2], words[3], atoi(words[0]),
				NULL, 0)) {
		fprintf(stderr, "%s\n", mysql_error(mysql));
		exit(1);
	}
	return mysql;
}

static void rows_of(MYSQL *mysql)
{
	mysql_free_result(mysql_store_result(mysql));
}

/* Waits for what libmariadb asks for; returns what happened in its words. */
static int await(MYSQL *mysql, int status)
{
	struct pollfd fd = {
		.fd = mysql_get_socket(mysql),
		.events = (status & MYSQL_WAIT_READ ? POLLIN : 0) |
			  (status & MYSQL_WAIT_WRITE ? POLLOUT : 0),
	};

	poll(&fd, 1, 1000);
	return (fd.revents & POLLIN ? MYSQL_WAIT_READ : 0) |
	       (fd.revents & POLLOUT ? MYSQL_WAIT_WRITE : 0);
}

static void blocking(void)
{
	MYSQL *mysql = log_in(0);

	if (mysql_real_query(mysql, TEXT("SELECT 'blocking', 1")) == 0)
		rows_of(mysql);
	mysql_real_query(mysql, TEXT("DO 'nothing to fetch'"));
	if (mysql_real_query(mysql, TEXT("SELECT broken FROM nowhere")))
		mysql_error(mysql);
	mysql_close(mysql);
}

/* Nothing is called behind the statement before the answer is sent. */
static void left_open(void)
{
	static MYSQL *kept;

	kept = log_in(0);
	mysql_real_query(kept, TEXT("DO 'the last'"));
}

static void sent(void)
{
	MYSQL *mysql = log_in(0);

	mysql_send_query(mysql, TEXT("SELECT 'sent', 2"));
	if (mysql_read_query_result(mysql) == 0)
		rows_of(mysql);
	mysql_close(mysql);
}

static void prepared(void)
{
	MYSQL *mysql = log_in(0);
	MYSQL_STMT *statement = mysql_stmt_init(mysql);

	if (mysql_stmt_prepare(statement, TEXT("SELECT 'prepared', 3")) == 0 &&
	    mysql_stmt_execute(statement) == 0)
		mysql_stmt_store_result(statement);
	mysql_stmt_close(statement);
	mysql_close(mysql);
}

static void started(void)
{
	MYSQL *mysql = new_connection(1), *done;
	int failed, status = mysql_real_connect_start(&done, mysql, "127.0.0.1", words[1], words[2],
						      words[3], atoi(words[0]), NULL, 0);

	while (status)
		status = mysql_real_connect_cont(&done, mysql, await(mysql, status));
	status = mysql_real_query_start(&failed, mysql, TEXT("SELECT 'started', SLEEP(0.1)"));
	while (status)
		status = mysql_real_query_cont(&failed, mysql, await(mysql, status));
	if (!failed)
		rows_of(mysql);
	mysql_close(mysql);
}

static const struct {
	const char *path;
	void (*act)(void);
} actions[] = {
	{ "GET /blocking", blocking }, { "GET /left_open", left_open }, { "GET /sent", sent },
	{ "GET /prepared", prepared }, { "GET /started", started },
};

static void serve(int fd)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	char head[4096];
	ssize_t len = read(fd, head, sizeof(head) - 1);

	if (len > 0) {
		head[len] = '\0';
		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
			if (!strncmp(head, actions[i].path, strlen(actions[i].path)))
				actions[i].act();
		if (write(fd, answer, strlen(answer)) < 0)
			exit(1);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;

	if (argc != 7)
		return 2;
	words = argv + 2;
	address.sin_port = htons(atoi(argv[1]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16))
		return 1;
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		serve(fd);
	return 1;
}
