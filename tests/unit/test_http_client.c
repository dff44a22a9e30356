// SPDX-License-Identifier: Apache-2.0
/*
 * test_http_client.c - the client against a fake of the daemon's TCP port: a listening socket
 * in the same thread, which answers what each test says. Nothing ever waits, and time is a number.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emit/http_client.h"

#define STEPS_MAX 2000
#define JSON	  "Content-Type: application/json\r\n"

static const struct http_question rules = { "POST", "/GetSamplingRules", JSON, "{}" };
static const struct http_question elsewhere = { "POST", "/x", JSON, "{}" };

struct fake_daemon {
	int listening;
	int accepted; /* -1: nobody called yet */
	struct host_port at;
	struct endpoint_set to;
	struct http_client *client;
};

static bool fake_start(struct fake_daemon *fake)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	*fake = (struct fake_daemon){ .accepted = -1, .at.host = "127.0.0.1" };
	fake->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (!CHECK(!bind(fake->listening, (struct sockaddr *)&at, sizeof(at))) ||
	    !CHECK(!listen(fake->listening, 4)) ||
	    !CHECK(!getsockname(fake->listening, (struct sockaddr *)&at, &len)))
		return false;
	snprintf(fake->at.port, sizeof(fake->at.port), "%u", ntohs(at.sin_port));
	endpoint_set_add(&fake->to, (struct sockaddr *)&at, len);
	return CHECK_EQ(http_client_new(&fake->at, &fake->client), 0);
}

static void fake_stop(struct fake_daemon *fake)
{
	http_client_free(fake->client);
	if (fake->accepted >= 0)
		close(fake->accepted);
	if (fake->listening >= 0)
		close(fake->listening);
}

/* Steps the client at @now_ms until it has an outcome, or @steps are over. */
static int step(struct fake_daemon *fake, uint64_t now_ms, int steps, struct http_reply *ret)
{
	int r = 0;

	while (!r && steps--)
		r = http_client_step(fake->client, now_ms, ret);
	return r;
}

/* What the client has asked, as text. */
static void fake_read(struct fake_daemon *fake, char *ret, size_t cap)
{
	ssize_t n;

	if (fake->accepted < 0)
		fake->accepted = accept(fake->listening, NULL, NULL);
	n = CHECK(fake->accepted >= 0) ? recv(fake->accepted, ret, cap - 1, MSG_DONTWAIT) : 0;
	ret[n > 0 ? n : 0] = '\0';
}

static void fake_answer(struct fake_daemon *fake, const char *text)
{
	CHECK_EQ(send(fake->accepted, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Posts, and brings the question to the fake. */
static bool ask(struct fake_daemon *fake, uint64_t now_ms, char *question, size_t cap)
{
	struct http_reply reply;

	return CHECK_EQ(http_client_ask(fake->client, &fake->to, &rules, now_ms), 0) &&
	       CHECK_EQ(step(fake, now_ms, 20, &reply), 0) &&
	       (fake_read(fake, question, cap), CHECK(*question));
}

TEST(http_client_asks_and_reads_the_answer)
{
	struct http_reply reply;
	struct fake_daemon fake;
	char question[1024], wanted[1024];

	if (!fake_start(&fake) || !ask(&fake, 0, question, sizeof(question)))
		return;
	snprintf(wanted, sizeof(wanted),
		 "POST /GetSamplingRules HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
		 "Content-Type: application/json\r\nAccept-Encoding: identity\r\n"
		 "Connection: close\r\nContent-Length: 2\r\n\r\n{}",
		 fake.at.port);
	CHECK_STR(question, wanted);
	CHECK_EQ(http_client_ask(fake.client, &fake.to, &elsewhere, 0), -EBUSY);
	fake_answer(&fake, "HTTP/1.1 200 OK\r\nContent-Le");
	CHECK_EQ(step(&fake, 1, 5, &reply), 0);
	fake_answer(&fake, "ngth: 13\r\n\r\n{\"rules\":");
	CHECK_EQ(step(&fake, 2, 5, &reply), 0);
	fake_answer(&fake, "[7]}");
	if (CHECK_EQ(step(&fake, 3, 5, &reply), 1)) {
		CHECK_EQ(reply.status, 200);
		CHECK_VIEW(reply.body, "{\"rules\":[7]}");
	}
	CHECK_EQ(step(&fake, 4, 5, &reply), 0); /* idle */
	fake_stop(&fake);
}

TEST(http_client_asks_what_it_is_told)
{
	static const struct http_question question = { "PUT", "/token", "X-Ttl: 60\r\n", "" };
	struct fake_daemon fake;
	struct http_reply reply;
	char asked[1024];

	if (!fake_start(&fake))
		return;
	CHECK_EQ(http_client_ask(fake.client, &fake.to, &question, 0), 0);
	CHECK_EQ(step(&fake, 0, 20, &reply), 0);
	fake_read(&fake, asked, sizeof(asked));
	CHECK(!strncmp(asked, "PUT /token HTTP/1.1\r\nHost: ", 27));
	CHECK(strstr(asked, "\r\nX-Ttl: 60\r\n"));
	CHECK(strstr(asked, "\r\nContent-Length: 0\r\n\r\n"));
	fake_stop(&fake);
}

/* SIGHUP may name another daemon: its name is in the next question. */
TEST(http_client_names_the_daemon_of_now)
{
	const struct host_port other = { .host = "xray.example.com", .port = "2000" };
	struct http_reply reply;
	struct fake_daemon fake;
	char question[1024];

	if (!fake_start(&fake) || !ask(&fake, 0, question, sizeof(question)))
		return;
	CHECK(!strstr(question, "xray.example.com"));
	http_client_rename(fake.client, &other);
	fake_answer(&fake, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	CHECK_EQ(step(&fake, 1, 20, &reply), 1);
	close(fake.accepted);
	fake.accepted = -1;
	if (ask(&fake, 2, question, sizeof(question)))
		CHECK(strstr(question, "\r\nHost: xray.example.com:2000\r\n"));
	fake_stop(&fake);
}

TEST(http_client_asks_again_after_any_outcome)
{
	struct http_reply reply;
	struct fake_daemon fake;
	char question[1024];

	if (!fake_start(&fake))
		return;
	for (int i = 0; i < 3; i++) {
		unit_context("round %d", i);
		if (!ask(&fake, 0, question, sizeof(question)))
			return;
		fake_answer(&fake, i == 1 ? "nonsense\r\n"
					  : "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
		CHECK_EQ(step(&fake, 1, 5, &reply), i == 1 ? -EBADMSG : 1);
		close(fake.accepted);
		fake.accepted = -1;
	}
	fake_stop(&fake);
}

TEST(http_client_gives_up_after_its_time)
{
	struct http_reply reply;
	struct fake_daemon fake;
	char question[1024];

	if (!fake_start(&fake) || !ask(&fake, 100, question, sizeof(question)))
		return;
	fake_answer(&fake, "HTTP/1.1 200 OK\r\n");
	CHECK_EQ(step(&fake, 99 + HTTP_CLIENT_TIMEOUT_MS, 5, &reply), 0);
	CHECK_EQ(step(&fake, 100 + HTTP_CLIENT_TIMEOUT_MS, 1, &reply), -ETIMEDOUT);
	CHECK_EQ(http_client_ask(fake.client, &fake.to, &elsewhere, 0), 0);
	fake_stop(&fake);
}

TEST(http_client_server_that_hangs_up)
{
	struct http_reply reply;
	struct fake_daemon fake;
	char question[1024];

	if (!fake_start(&fake) || !ask(&fake, 0, question, sizeof(question)))
		return;
	fake_answer(&fake, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
	close(fake.accepted);
	fake.accepted = -1;
	CHECK_EQ(step(&fake, 1, 5, &reply), -EBADMSG);
	fake_stop(&fake);
}

TEST(http_client_nobody_listens)
{
	struct http_reply reply;
	struct fake_daemon fake;

	if (!fake_start(&fake))
		return;
	close(fake.listening);
	fake.listening = -1;
	CHECK_EQ(http_client_ask(fake.client, &fake.to, &elsewhere, 0), 0);
	CHECK_EQ(step(&fake, 1, 20, &reply), -ECONNREFUSED);
	fake_stop(&fake);
}

/* An answer that never ends costs a bounded buffer, and bounded work in each step. */
TEST(http_client_answer_is_bounded)
{
	struct http_reply reply;
	struct fake_daemon fake;
	char question[1024], block[16384];
	int r = 0, steps = 0;

	memset(block, 'x', sizeof(block));
	if (!fake_start(&fake) || !ask(&fake, 0, question, sizeof(question)))
		return;
	fake_answer(&fake, "HTTP/1.1 200 OK\r\n\r\n");
	for (; !r && steps < STEPS_MAX; steps++) {
		(void)send(fake.accepted, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
		r = http_client_step(fake.client, 1, &reply);
	}
	CHECK_EQ(r, -EMSGSIZE);
	CHECK(steps > 10);
	fake_stop(&fake);
}

TEST(http_client_large_answer_in_many_steps)
{
	struct http_reply reply = { 0 };
	struct fake_daemon fake;
	char question[1024], block[1000];
	size_t sent = 0;
	int r = 0;

	memset(block, 'y', sizeof(block));
	if (!fake_start(&fake) || !ask(&fake, 0, question, sizeof(question)))
		return;
	fake_answer(&fake, "HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n");
	for (int i = 0; !r && i < STEPS_MAX; i++) {
		ssize_t n = sent < 900000 ? send(fake.accepted, block, sizeof(block),
						 MSG_NOSIGNAL | MSG_DONTWAIT)
					  : 0;

		sent += n > 0 ? (size_t)n : 0;
		r = http_client_step(fake.client, 1, &reply);
	}
	CHECK_EQ(r, 1);
	CHECK_EQ(reply.body.len, 900000);
	fake_stop(&fake);
}

TEST(http_client_second_daemon_when_the_first_refuses)
{
	struct http_reply reply;
	struct fake_daemon fake, closed;
	char question[1024];

	if (!fake_start(&closed) || !fake_start(&fake))
		return;
	close(closed.listening);
	closed.listening = -1;
	for (size_t i = 0; i < 2; i++) {
		struct endpoint_set both = { .at = { closed.to.at[0], fake.to.at[0] }, .count = 2 };

		CHECK_EQ(http_client_ask(fake.client, &both, &elsewhere, 0), 0);
		CHECK_EQ(step(&fake, 1, 20, &reply), 0);
		fake_read(&fake, question, sizeof(question));
		CHECK(strstr(question, "POST /x"));
		fake_answer(&fake, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		CHECK_EQ(step(&fake, 2, 5, &reply), 1);
		close(fake.accepted);
		fake.accepted = -1;
	}
	fake_stop(&fake);
	fake_stop(&closed);
}

TEST(http_client_no_daemon_at_all)
{
	const struct endpoint_set none = { .count = 0 };
	struct http_reply reply;
	struct fake_daemon fake;

	if (!fake_start(&fake))
		return;
	CHECK_EQ(http_client_ask(fake.client, &none, &elsewhere, 0), 0);
	CHECK_EQ(step(&fake, 1, 1, &reply), -EHOSTUNREACH);
	fake_stop(&fake);
}
