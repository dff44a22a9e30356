// SPDX-License-Identifier: Apache-2.0
/*
 * sampling_local.c - see sampling_local.h. What is refused here is refused by the SDK too; a rate
 * above 1 and a broken fixed_target only here, because they are mistakes.
 */
#include "xray/sampling_local.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "util/array.h"
#include "xray/json_read.h"
#include "xray/sampling_draw.h"
#include "xray/wildcard.h"

struct local_rule {
	char *host, *method, *path; /* NULL in the default rule */
	uint64_t fixed_target;
	double rate;
	struct sampling_reservoir reservoir;
};

struct sampling_local {
	struct local_rule fallback; /* the document's "default" */
	struct local_rule *rules;
	size_t count;
};

/* A document in work. */
struct reading {
	char *error;
	const char *host_key; /* "host", in version 1 "service_name" */
	char where[32];	      /* which rule */
};

DEFINE_CLEANUP(cleanup_local, struct sampling_local *, sampling_local_free);

__attribute__((format(printf, 2, 3))) static int wrong(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, SAMPLING_ERROR_CAP, format, args);
	va_end(args);
	return -EINVAL;
}

static int not_json(char *error, struct bytes json, size_t at)
{
	unsigned int line = 1;

	for (size_t i = 0; i < at && i < json.len; i++)
		line += json.at[i] == '\n';
	return wrong(error, "line %u: this is not JSON", line);
}

static int read_numbers(const cJSON *in, const struct reading *reading, struct local_rule *rule)
{
	if (!json_get_whole(in, "fixed_target", 0, UINT32_MAX, &rule->fixed_target))
		return wrong(reading->error,
			     "%s: \"fixed_target\" must be a whole number, 0 or more",
			     reading->where);
	if (!json_get_number(in, "rate", 0, 1, &rule->rate))
		return wrong(reading->error, "%s: \"rate\" must be a number from 0 to 1",
			     reading->where);
	return 0;
}

static int read_matcher(const cJSON *in, const struct reading *reading, const char *key, char **ret)
{
	const char *text = json_get_string(in, key);

	if (!text || !*text)
		return wrong(reading->error, "%s: \"%s\" must be a text that is not empty",
			     reading->where, key);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int read_rule(const cJSON *in, const struct reading *reading, struct local_rule *rule)
{
	int r;

	if (!cJSON_IsObject(in))
		return wrong(reading->error, "%s: a rule must be an object", reading->where);
	r = read_matcher(in, reading, reading->host_key, &rule->host);
	if (!r)
		r = read_matcher(in, reading, "http_method", &rule->method);
	if (!r)
		r = read_matcher(in, reading, "url_path", &rule->path);
	return r ? r : read_numbers(in, reading, rule);
}

static int read_default(const cJSON *root, struct reading *reading, struct local_rule *rule)
{
	const char *const forbidden[] = { reading->host_key, "http_method", "url_path" };
	const cJSON *in = cJSON_GetObjectItemCaseSensitive(root, "default");

	if (!cJSON_IsObject(in))
		return wrong(reading->error,
			     "\"default\" is missing: the rule for what no other takes");
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
		if (cJSON_GetObjectItemCaseSensitive(in, forbidden[i]))
			return wrong(reading->error,
				     "default: \"%s\" does not belong here: the default rule takes "
				     "every request",
				     forbidden[i]);
	snprintf(reading->where, sizeof(reading->where), "default");
	return read_numbers(in, reading, rule);
}

static int read_rules(const cJSON *root, struct reading *reading, struct sampling_local *local)
{
	const cJSON *in = cJSON_GetObjectItemCaseSensitive(root, "rules"), *item;
	int count = cJSON_GetArraySize(in), r = 0;

	if (!in)
		return 0;
	if (!cJSON_IsArray(in))
		return wrong(reading->error, "\"rules\" must be a list");
	if (count > SAMPLING_LOCAL_RULES_MAX)
		return wrong(reading->error, "\"rules\" has %d entries, more than %d", count,
			     SAMPLING_LOCAL_RULES_MAX);
	local->rules = calloc(count ? count : 1, sizeof(*local->rules));
	if (!local->rules)
		return -ENOMEM;
	cJSON_ArrayForEach(item, in)
	{
		snprintf(reading->where, sizeof(reading->where), "rules[%zu]", local->count);
		r = read_rule(item, reading, &local->rules[local->count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_document(const cJSON *root, char *error, struct sampling_local *local)
{
	struct reading reading = { .error = error };
	uint64_t version;
	int r;

	if (!cJSON_IsObject(root))
		return wrong(error, "the document must be an object with \"version\" and "
				    "\"default\"");
	if (!json_get_whole(root, "version", 1, 2, &version))
		return wrong(error, "\"version\" must be 1 or 2");
	reading.host_key = version == 1 ? "service_name" : "host";
	r = read_default(root, &reading, &local->fallback);
	return r ? r : read_rules(root, &reading, local);
}

int sampling_local_parse(struct bytes json, struct sampling_local **ret,
			 char error[SAMPLING_ERROR_CAP])
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	_cleanup_(cleanup_local) struct sampling_local *local = calloc(1, sizeof(*local));
	size_t at;
	int r;

	error[0] = '\0';
	if (!local)
		return -ENOMEM;
	root = json_parse(json, &at);
	if (!root)
		return not_json(error, json, at);
	r = read_document(root, error, local);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(local);
	return 0;
}

struct sampling_local *sampling_local_default(void)
{
	struct sampling_local *local = calloc(1, sizeof(*local));

	if (local)
		local->fallback = (struct local_rule){ .fixed_target = 1, .rate = 0.05 };
	return local;
}

struct sampling_local *sampling_local_free(struct sampling_local *local)
{
	for (size_t i = 0; local && i < local->count; i++) {
		free(local->rules[i].host);
		free(local->rules[i].method);
		free(local->rules[i].path);
	}
	if (local)
		free(local->rules);
	free(local);
	return NULL;
}

static bool matches(const char *pattern, struct bytes text)
{
	return !text.len || wildcard_match(bytes_str(pattern), text);
}

static struct local_rule *find(struct sampling_local *local, const struct sampling_request *request)
{
	for (size_t i = 0; i < local->count; i++) {
		struct local_rule *rule = &local->rules[i];

		if (matches(rule->host, request->host) && matches(rule->method, request->method) &&
		    matches(rule->path, request->path))
			return rule;
	}
	return &local->fallback;
}

void sampling_local_decide(struct sampling_local *local, const struct sampling_request *request,
			   const struct random_source *random, struct sampling_decision *ret)
{
	struct local_rule *rule = find(local, request);

	*ret = (struct sampling_decision){ .sampled = true, .why = SAMPLING_BY_RESERVOIR };
	if (sampling_reservoir_take(&rule->reservoir, request->start_s, rule->fixed_target))
		return;
	ret->why = SAMPLING_BY_RATE;
	ret->sampled = sampling_chance(random, rule->rate);
}
