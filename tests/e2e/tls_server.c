// SPDX-License-Identifier: Apache-2.0
/*
 * tls_server.c - an HTTPS server over OpenSSL whose sessions do not stay where they were begun. To
 * be built with any C library and its OpenSSL, hence without OpenSSL's headers.
 *
 *	tls_server PORT CERTIFICATE KEY
 *
 * The path says who answers, and goes on with the connection: /thread another thread, /fork a
 * child, which ends without freeing the session; others the thread that read it.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
const void *TLS_server_method(void);
SSL_CTX *SSL_CTX_new(const void *method);
int SSL_CTX_use_certificate_chain_file(SSL_CTX *context, const char *file);
int SSL_CTX_use_PrivateKey_file(SSL_CTX *context, const char *file, int type);
SSL *SSL_new(SSL_CTX *context);
int SSL_set_fd(SSL *ssl, int fd);
int SSL_accept(SSL *ssl);
int SSL_read(SSL *ssl, void *buffer, int len);
int SSL_write(SSL *ssl, const void *buffer, int len);
void SSL_free(SSL *ssl);

#define SSL_FILETYPE_PEM 1 /* openssl/ssl.h */

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct session {
	SSL *ssl;
	int fd;
};

static void session_end(struct session *session)
{
	SSL_free(session->ssl);
	close(session->fd);
	free(session);
}

static int reply(struct session *session)
{
	return SSL_write(session->ssl, answer, sizeof(answer) - 1) > 0;
}

/* By few bytes at a time: most come from the library's own buffer. */
static int read_head(struct session *session, char *head, size_t cap)
{
	size_t len = 0;

	do {
		int n = SSL_read(session->ssl, head + len, len + 20 < cap ? 20 : 0);

		if (n <= 0)
			return 0;
		len += (size_t)n;
		head[len] = '\0';
	} while (!strstr(head, "\r\n\r\n"));
	return 1;
}

static void serve(struct session *session);

static void *answer_and_serve(void *at)
{
	if (reply(at))
		serve(at);
	else
		session_end(at);
	return NULL;
}

static void hand_to_thread(struct session *session)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, answer_and_serve, session) == 0)
		pthread_detach(thread);
}

static void hand_to_child(struct session *session)
{
	char head[2048];

	if (!reply(session))
		_exit(1);
	if (fork() == 0) {
		while (read_head(session, head, sizeof(head)) && reply(session))
			;
		_exit(0);
	}
	session_end(session);
}

static void serve(struct session *session)
{
	char head[2048];

	while (read_head(session, head, sizeof(head))) {
		if (!strncmp(head, "GET /thread", 11)) {
			hand_to_thread(session);
			return;
		}
		if (!strncmp(head, "GET /fork", 9)) {
			hand_to_child(session);
			return;
		}
		if (!reply(session))
			break;
	}
	session_end(session);
}

int main(int argc, char **argv)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int listener = argc == 4 ? listen_on(atoi(argv[1])) : -1;

	if (listener < 0 || SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1)
		return 1;
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		struct session *session = malloc(sizeof(*session));

		session->fd = accept(listener, NULL, NULL);
		session->ssl = SSL_new(context);
		SSL_set_fd(session->ssl, session->fd);
		if (SSL_accept(session->ssl) == 1)
			serve(session);
		else
			session_end(session);
	}
}
