// SPDX-License-Identifier: Apache-2.0
/*
 * mysql.c - statements in a loop over one connection, timed:
 *
 *	mysql PORT USER PASSWORD DATABASE [AUTHORITY]
 *
 * With the authority of the server's certificate, over TLS. It is built twice: over the shared
 * client library, and with all inside and no name of it (mysql_static), so that nothing but its
 * socket tells of it.
 *
 * Says `ready PID`; each line `N` on its input makes N times `DO 1`, the cheapest round trip there
 * is, and is answered with the nanoseconds that they took.
 */
#include <mariadb/mysql.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

int main(int argc, char **argv)
{
	MYSQL *mysql = mysql_init(NULL);
	char line[32];

	if (argc == 6)
		mysql_ssl_set(mysql, NULL, NULL, argv[5], NULL, NULL);
	if (argc < 5 || !mysql_real_connect(mysql, "127.0.0.1", argv[2], argv[3], argv[4],
					    (unsigned int)atoi(argv[1]), NULL, 0)) {
		fprintf(stderr, "cannot connect: %s\n", mysql_error(mysql));
		return 1;
	}
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		uint64_t began = now_ns();

		for (long n = atol(line); n > 0; n--) {
			if (mysql_query(mysql, "DO 1")) {
				fprintf(stderr, "%s\n", mysql_error(mysql));
				return 1;
			}
		}
		printf("%llu\n", (unsigned long long)(now_ns() - began));
		fflush(stdout);
	}
	mysql_close(mysql);
	return 0;
}
