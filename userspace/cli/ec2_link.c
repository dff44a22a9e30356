// SPDX-License-Identifier: Apache-2.0
/* ec2_link.c - see ec2_link.h. */
#include "cli/ec2_link.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "emit/http_client.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/read_file.h"

#define ENDPOINT_VARIABLE "AWS_EC2_METADATA_SERVICE_ENDPOINT"
#define ENDPOINT_DEFAULT  "http://169.254.169.254"
#define TOKEN_PATH	  "/latest/api/token"
#define DOCUMENT_PATH	  "/latest/dynamic/instance-identity/document"
/* Seconds that the token lives, as with the SDKs: it is used once. */
#define TOKEN_TTL_FIELD "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n"
#define TOKEN_FIELD	"X-aws-ec2-metadata-token: "
/* An instance that has just booted may have no answer yet. */
#define TRIES	 3
#define PAUSE_MS 2000

enum step { TOKEN, DOCUMENT, KNOWN, GIVEN_UP };

struct ec2_link {
	struct http_client *client;
	struct endpoint_set to;
	struct ec2_instance instance; /* once KNOWN */
	char token[EC2_TOKEN_CAP];
	enum step step;
	bool asking; /* the step's question is under way */
	unsigned int failures;
	uint64_t due_ms; /* the next question is not asked before */
};

static int ask(struct ec2_link *link, uint64_t now_ms)
{
	char field[sizeof(TOKEN_FIELD) + EC2_TOKEN_CAP + 2];
	const struct http_question questions[] = {
		[TOKEN] = { "PUT", TOKEN_PATH, TOKEN_TTL_FIELD, "" },
		[DOCUMENT] = { "GET", DOCUMENT_PATH, field, "" },
	};

	snprintf(field, sizeof(field), TOKEN_FIELD "%s\r\n", link->token);
	return http_client_ask(link->client, &link->to, &questions[link->step], now_ms);
}

static int take_answer(struct ec2_link *link, const struct http_reply *reply)
{
	int r = reply->status == 200 ? 0 : reply->status == 404 ? -ENOENT : -EPROTO;

	if (!r && link->step == TOKEN)
		r = ec2_token_parse(reply->body, link->token);
	else if (!r)
		r = ec2_instance_parse(reply->body, &link->instance);
	if (!r)
		link->step++;
	return r;
}

/* From the beginning again: a token that was refused is none. */
static void fail(struct ec2_link *link, uint64_t now_ms, int err)
{
	link->step = TOKEN;
	link->due_ms = now_ms + PAUSE_MS;
	if (++link->failures < TRIES)
		return;
	link->step = GIVEN_UP;
	log_info("EC2 does not say which instance this is (%s): segments go without",
		 strerror(-err));
}

void ec2_link_tick(struct ec2_link *link, uint64_t now_ms)
{
	struct http_reply reply;
	int r = 0;

	if (link->step >= KNOWN || now_ms < link->due_ms)
		return;
	if (!link->asking) {
		r = ask(link, now_ms);
		link->asking = !r;
	} else {
		r = http_client_step(link->client, now_ms, &reply);
		link->asking = !r;
		r = r > 0 ? take_answer(link, &reply) : r;
	}
	if (r < 0)
		fail(link, now_ms, r);
}

static bool is_disabled(void)
{
	const char *text = getenv("AWS_EC2_METADATA_DISABLED");

	return text && !strcasecmp(text, "true");
}

static bool is_ec2(void)
{
	_cleanup_free_ char *vendor = NULL;
	ssize_t len = read_file("/sys/class/dmi/id/sys_vendor", 256, &vendor);

	return len > 0 && ec2_is_vendor(bytes_of(vendor, (size_t)len));
}

/* Nothing is resolved: an address is all that the service may have. */
static int find_address(const struct host_port *at, struct endpoint_set *ret)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	if (getaddrinfo(at->host, at->port, &hints, &found))
		return -EINVAL;
	endpoint_set_add(ret, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

static int find_endpoint(const char *text, struct host_port *name, struct endpoint_set *ret)
{
	struct ec2_endpoint endpoint;

	if (ec2_endpoint_parse(text, &endpoint) < 0)
		return -EINVAL;
	snprintf(name->host, sizeof(name->host), "%s", endpoint.host);
	memcpy(name->port, endpoint.port, sizeof(name->port));
	return find_address(name, ret);
}

int ec2_link_open(struct ec2_link **ret)
{
	const char *named = getenv(ENDPOINT_VARIABLE);
	struct endpoint_set to = { .count = 0 };
	struct ec2_link *link;
	struct host_port name;

	*ret = NULL;
	if (is_disabled() || (!named && !is_ec2()))
		return 0;
	if (find_endpoint(named ? named : ENDPOINT_DEFAULT, &name, &to) < 0) {
		log_warn(ENDPOINT_VARIABLE " is `%.64s`, not http:// and an address: ignored",
			 named);
		return 0;
	}
	link = calloc(1, sizeof(*link));
	if (!link || http_client_new(&name, &link->client) < 0) {
		free(link);
		return -ENOMEM;
	}
	link->to = to;
	*ret = link;
	return 0;
}

const struct ec2_instance *ec2_link_instance(const struct ec2_link *link)
{
	return link && link->step == KNOWN ? &link->instance : NULL;
}

struct ec2_link *ec2_link_free(struct ec2_link *link)
{
	if (link)
		http_client_free(link->client);
	free(link);
	return NULL;
}
