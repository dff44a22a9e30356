// SPDX-License-Identifier: Apache-2.0
/*
 * sampling_documents.c - see sampling_documents.h. A member of a wrong type or out of its range
 * makes its rule or target unusable, never the whole answer.
 */
#include "xray/sampling_documents.h"

#include <errno.h>

#include "util/array.h"
#include "xray/json.h"
#include "xray/json_read.h"

#define PRIORITY_MAX 10000
/* Seconds since the epoch that a double holds exactly, with room to spare. */
#define EPOCH_MAX 1e12
/* A year: a longer interval is a mistake. */
#define INTERVAL_MAX (366.0 * 86400)
#define TOKEN_CAP    4096

char *sampling_rules_question(const char *token)
{
	_cleanup_(cleanup_json) cJSON *root = cJSON_CreateObject();

	if (!root || (token && !json_add_string(root, "NextToken", token, TOKEN_CAP)))
		return NULL;
	return cJSON_PrintUnformatted(root);
}

static bool is_usable(const cJSON *in)
{
	const char *resource = json_get_string(in, "ResourceARN");
	const char *type = json_get_string(in, "ServiceType");
	const cJSON *attributes = cJSON_GetObjectItemCaseSensitive(in, "Attributes");
	uint64_t version;

	return json_get_whole(in, "Version", 1, 1, &version) && resource &&
	       !strcmp(resource, "*") && type && *type && !cJSON_GetArraySize(attributes);
}

static bool read_numbers(const cJSON *in, struct sampling_rule *rule)
{
	return json_get_whole(in, "Priority", 0, PRIORITY_MAX, &rule->priority) &&
	       json_get_number(in, "FixedRate", 0, 1, &rule->rate) &&
	       json_get_whole(in, "ReservoirSize", 0, UINT32_MAX, &rule->reservoir_size);
}

static bool read_name(const cJSON *in, struct sampling_rule *rule)
{
	const char *name = json_get_string(in, "RuleName");

	if (!name || !*name || strlen(name) >= sizeof(rule->name))
		return false;
	strcpy(rule->name, name);
	return true;
}

/* 1: taken, 0: not for us, -ENOMEM. */
static int read_rule(const cJSON *in, struct sampling_rule *rule)
{
	const struct {
		const char *key;
		char **to;
	} patterns[] = { { "ServiceName", &rule->service },
			 { "ServiceType", &rule->service_type },
			 { "Host", &rule->host },
			 { "HTTPMethod", &rule->method },
			 { "URLPath", &rule->path } };

	if (!is_usable(in) || !read_numbers(in, rule) || !read_name(in, rule))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		const char *text = json_get_string(in, patterns[i].key);

		if (!text)
			return 0;
		*patterns[i].to = strdup(text);
		if (!*patterns[i].to)
			return -ENOMEM;
	}
	return 1;
}

static int read_records(const cJSON *records, struct sampling_rules *rules)
{
	const cJSON *record;
	int left_out = 0;

	cJSON_ArrayForEach(record, records)
	{
		struct sampling_rule *rule = sampling_rules_append(rules);
		int r = rule ? read_rule(cJSON_GetObjectItemCaseSensitive(record, "SamplingRule"),
					 rule)
			     : -ENOMEM;

		if (r <= 0 && rule)
			sampling_rules_drop_last(rules);
		if (r < 0)
			return r;
		left_out += !r;
	}
	return left_out;
}

int sampling_rules_read(struct bytes json, struct sampling_rules *rules, char **ret_token)
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	const cJSON *records;
	const char *token;
	size_t at;
	int r;

	*ret_token = NULL;
	root = json_parse(json, &at);
	records = cJSON_GetObjectItemCaseSensitive(root, "SamplingRuleRecords");
	if (!cJSON_IsArray(records))
		return -EBADMSG;
	r = read_records(records, rules);
	token = json_get_string(root, "NextToken");
	if (r < 0 || !token || !*token)
		return r;
	if (strlen(token) >= TOKEN_CAP)
		return -EBADMSG;
	*ret_token = strdup(token);
	return *ret_token ? r : -ENOMEM;
}

static bool add_statistics(cJSON *list, const struct sampling_rule *rule, const char *client_id,
			   uint64_t epoch_s)
{
	const struct sampling_counts *counts = &rule->state.reported;
	cJSON *out = json_append_object(list);

	return out && json_add_string(out, "RuleName", rule->name, sizeof(rule->name)) &&
	       json_add_string(out, "ClientID", client_id, SAMPLING_CLIENT_ID_LEN) &&
	       json_add_int(out, "Timestamp", (int64_t)epoch_s) &&
	       json_add_int(out, "RequestCount", (int64_t)counts->requests) &&
	       json_add_int(out, "SampledCount", (int64_t)counts->sampled) &&
	       json_add_int(out, "BorrowCount", (int64_t)counts->borrowed);
}

char *sampling_targets_question(struct sampling_rule *const *rules, size_t count,
				const char client_id[SAMPLING_CLIENT_ID_LEN + 1], uint64_t epoch_s)
{
	_cleanup_(cleanup_json) cJSON *root = cJSON_CreateObject();
	cJSON *list = root ? json_add_array(root, "SamplingStatisticsDocuments") : NULL;

	for (size_t i = 0; list && i < count; i++)
		if (!add_statistics(list, rules[i], client_id, epoch_s))
			return NULL;
	return list ? cJSON_PrintUnformatted(root) : NULL;
}

/* True when the target's rule is known. What the target does not say stays as it was. */
static bool take_target(const cJSON *in, struct sampling_rules *rules)
{
	const char *name = json_get_string(in, "RuleName");
	struct sampling_rule *rule = name ? sampling_rules_find(rules, name) : NULL;
	struct sampling_rule_state *state = rule ? &rule->state : NULL;
	/* the times are whole numbers on the wire, but timestamps may carry a fraction */
	double until, interval;
	uint64_t quota;

	if (!rule)
		return false;
	until = (double)state->quota_until_s;
	interval = (double)state->interval_s;
	(void)json_get_number(in, "FixedRate", 0, 1, &rule->rate);
	if (json_get_whole(in, "ReservoirQuota", 0, UINT32_MAX, &quota))
		state->quota = (int64_t)quota;
	(void)json_get_number(in, "ReservoirQuotaTTL", 0, EPOCH_MAX, &until);
	(void)json_get_number(in, "Interval", 1, INTERVAL_MAX, &interval);
	state->quota_until_s = (uint64_t)until;
	state->interval_s = (uint64_t)interval;
	return true;
}

int sampling_targets_read(struct bytes json, struct sampling_rules *rules,
			  struct sampling_targets *ret)
{
	_cleanup_(cleanup_json) cJSON *root = NULL;
	const cJSON *list, *target;
	double modification = 0;
	size_t at;

	*ret = (struct sampling_targets){ 0 };
	root = json_parse(json, &at);
	list = cJSON_GetObjectItemCaseSensitive(root, "SamplingTargetDocuments");
	if (!cJSON_IsArray(list))
		return -EBADMSG;
	cJSON_ArrayForEach(target, list) ret->assigned += take_target(target, rules);
	(void)json_get_number(root, "LastRuleModification", 0, EPOCH_MAX, &modification);
	ret->modification_s = (uint64_t)modification;
	ret->unprocessed = (size_t)cJSON_GetArraySize(
		cJSON_GetObjectItemCaseSensitive(root, "UnprocessedStatistics"));
	return 0;
}
