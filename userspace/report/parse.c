// SPDX-License-Identifier: Apache-2.0
/*
 * parse.c - see parse.h. Every member may be absent or of another type; only what X-Ray itself
 * insists on makes a document invalid.
 */
#include "report/parse.h"

#include <stdio.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/utf8.h"
#include "xray/json_read.h"

/* The year 5138: what is later is no time, and leaves room for microseconds in 64 bits. */
#define EPOCH_S_MAX 1e11

/* Where a text stands and where it goes. */
struct text_member {
	const char *path[3]; /* objects around it and its key */
	size_t offset;
	size_t cap;
};

static const struct text_member text_members[] = {
	{ { "name" }, offsetof(struct span, name), REPORT_TEXT_MAX },
	{ { "origin" }, offsetof(struct span, origin), REPORT_TEXT_MAX },
	{ { "http", "request", "url" }, offsetof(struct span, url), REPORT_TEXT_MAX },
	{ { "http", "request", "method" }, offsetof(struct span, method), REPORT_TEXT_MAX },
	{ { "http", "request", "user_agent" }, offsetof(struct span, agent), REPORT_TEXT_MAX },
	{ { "http", "request", "client_ip" }, offsetof(struct span, client), REPORT_TEXT_MAX },
	{ { "sql", "sanitized_query" }, offsetof(struct span, statement), REPORT_SQL_MAX },
	{ { "aws", "table_name" }, offsetof(struct span, resource), REPORT_TEXT_MAX },
	{ { "aws", "queue_url" }, offsetof(struct span, resource), REPORT_TEXT_MAX },
	{ { "aws", "bucket_name" }, offsetof(struct span, resource), REPORT_TEXT_MAX },
	{ { "aws", "function_name" }, offsetof(struct span, resource), REPORT_TEXT_MAX },
	{ { "aws", "topic_arn" }, offsetof(struct span, resource), REPORT_TEXT_MAX },
};

/* How health checkers name themselves; each sets this user agent by default. */
static const char *const health_agents[] = {
	"ELB-HealthChecker/", "kube-probe/",	     "Amazon-Route53-Health-Check-Service",
	"GoogleHC/",	      "Consul Health Check",
};

static const cJSON *member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* @text as valid UTF-8 of at most @cap bytes; most of it is ASCII and needs no copy. */
static int add_text(struct strings *strings, const char *text, size_t cap, uint32_t *ret)
{
	_cleanup_free_ char *clean = NULL;
	size_t len = 0;

	while (text && text[len] && (unsigned char)text[len] < 0x80 && len < cap)
		len++;
	if (!text || !text[len])
		return strings_add(strings, text, ret);
	clean = utf8_clean(bytes_str(text), cap);
	return clean ? strings_add(strings, clean, ret) : -ENOMEM;
}

static int parse_text(struct strings *strings, const cJSON *json, const struct text_member *m,
		      struct span *ret)
{
	const char *text;
	size_t i = 0;

	for (; i < 2 && m->path[i + 1]; i++)
		json = member(json, m->path[i]);
	text = json_get_string(json, m->path[i]);
	return text ? add_text(strings, text, m->cap, (uint32_t *)((char *)ret + m->offset)) : 0;
}

static int parse_id(const char *text, uint64_t *ret)
{
	if (!text || strlen(text) != 16 || text[strspn(text, "0123456789abcdefABCDEF")])
		return -EBADMSG;
	*ret = strtoull(text, NULL, 16);
	return *ret ? 0 : -EBADMSG;
}

static int parse_time(const cJSON *json, uint64_t *ret_us)
{
	double seconds = cJSON_IsNumber(json) ? json->valuedouble : -1;

	if (!(seconds >= 0 && seconds < EPOCH_S_MAX))
		return -EBADMSG;
	*ret_us = (uint64_t)(seconds * 1e6 + 0.5);
	return 0;
}

static int parse_times(const cJSON *json, struct span *ret)
{
	int r = parse_time(member(json, "start_time"), &ret->start_us);

	if (r < 0)
		return r;
	ret->end_us = ret->start_us;
	if (cJSON_IsTrue(member(json, "in_progress")) ||
	    parse_time(member(json, "end_time"), &ret->end_us) < 0)
		ret->flags |= SPAN_PENDING;
	else if (ret->end_us < ret->start_us)
		ret->end_us = ret->start_us;
	return 0;
}

/* A parent of its own, or none; a nested subsegment's is known to the caller. */
static int parse_identity(const cJSON *json, bool is_top, struct span *ret)
{
	const char *type = json_get_string(json, "type");
	int r = parse_id(json_get_string(json, "id"), &ret->id);

	if (r < 0)
		return r;
	r = parse_id(json_get_string(json, "parent_id"), &ret->parent);
	if (!is_top)
		return 0;
	if (type && !strcmp(type, "subsegment"))
		return r;
	ret->flags |= SPAN_SEGMENT;
	return 0;
}

static void parse_flags(const cJSON *json, struct span *ret)
{
	const char *space = json_get_string(json, "namespace");

	ret->flags |= cJSON_IsTrue(member(json, "fault")) ? SPAN_FAULT : 0;
	ret->flags |= cJSON_IsTrue(member(json, "error")) ? SPAN_ERROR : 0;
	ret->flags |= cJSON_IsTrue(member(json, "throttle")) ? SPAN_THROTTLE : 0;
	ret->flags |= cJSON_IsObject(member(json, "sql")) ? SPAN_SQL : 0;
	if (ret->flags & SPAN_SEGMENT || !space)
		return;
	if (!strcmp(space, "aws"))
		ret->flags |= SPAN_AWS | SPAN_REMOTE;
	else if (!strcmp(space, "remote"))
		ret->flags |= SPAN_REMOTE;
}

static void parse_status(const cJSON *json, struct span *ret)
{
	const cJSON *status = member(member(member(json, "http"), "response"), "status");

	if (cJSON_IsNumber(status) && status->valueint > 0 && status->valueint < 1000)
		ret->status = (int16_t)status->valueint;
}

/* A database round trip without text is told by what bpfxray says of it, as `(connect)`. */
static int parse_command(struct strings *strings, const cJSON *json, struct span *ret)
{
	const char *command =
		json_get_string(member(member(json, "metadata"), "bpfxray"), "command");
	char text[64];

	if (!(ret->flags & SPAN_SQL) || ret->statement || !command)
		return 0;
	snprintf(text, sizeof(text), "(%.60s)", command);
	return add_text(strings, text, sizeof(text), &ret->statement);
}

static int parse_problem(struct strings *strings, const cJSON *json, struct span *ret)
{
	const cJSON *exceptions = member(member(json, "cause"), "exceptions");
	const cJSON *first = cJSON_IsArray(exceptions) ? exceptions->child : NULL;

	return add_text(strings, json_get_string(first, "message"), REPORT_TEXT_MAX, &ret->problem);
}

static bool is_health_check(const char *agent)
{
	for (size_t i = 0; i < ARRAY_LEN(health_agents); i++)
		if (!strncmp(agent, health_agents[i], strlen(health_agents[i])))
			return true;
	return false;
}

static int parse_texts(struct strings *strings, const cJSON *json, struct span *ret)
{
	int r;

	for (size_t i = 0; i < ARRAY_LEN(text_members); i++) {
		r = parse_text(strings, json, &text_members[i], ret);
		if (r < 0)
			return r;
	}
	if (!ret->name)
		return -EBADMSG;
	if (is_health_check(strings_get(strings, ret->agent)))
		ret->flags |= SPAN_HEALTH;
	r = parse_command(strings, json, ret);
	return r < 0 ? r : parse_problem(strings, json, ret);
}

int span_parse(struct strings *strings, const cJSON *json, bool is_top, struct span *ret)
{
	int r;

	*ret = (struct span){ .up = SPAN_NONE, .owner = SPAN_NONE };
	r = parse_identity(json, is_top, ret);
	if (r < 0)
		return r;
	r = parse_times(json, ret);
	if (r < 0)
		return r;
	parse_flags(json, ret);
	parse_status(json, ret);
	return parse_texts(strings, json, ret);
}
