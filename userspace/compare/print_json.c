// SPDX-License-Identifier: Apache-2.0
/* print_json.c - see print.h: the same numbers for a program. */
#include "compare/print.h"

#include "util/cleanup.h"
#include "xray/json.h"
#include "xray/json_read.h"

/* Longer texts are cut: the files have them whole. */
#define TEXT_MAX 4096

/* Microseconds, with their sign. */
static bool add_us(cJSON *out, const char *key, double seconds)
{
	return json_add_int(out, key, (int64_t)(seconds * 1e6));
}

static bool add_coverage(cJSON *root, const char *key, struct coverage *coverage)
{
	cJSON *out = json_add_object(root, key);

	return out && json_add_int(out, "sdk", (int64_t)coverage->sdk) &&
	       json_add_int(out, "ours", (int64_t)coverage->ours) &&
	       json_add_int(out, "paired", (int64_t)coverage->paired) &&
	       json_add_int(out, "ours_paired", (int64_t)coverage->ours_paired) &&
	       json_add_int(out, "only_sdk", (int64_t)coverage->only_sdk) &&
	       json_add_int(out, "only_ours", (int64_t)coverage->only_ours) &&
	       add_us(out, "longer_median_us", samples_percentile(&coverage->longer_s, 50)) &&
	       add_us(out, "longer_p95_us", samples_percentile(&coverage->longer_s, 95));
}

static bool add_fields(cJSON *root, const char *key, const struct field *fields, size_t count,
		       const struct field_tally *tallies)
{
	cJSON *list = json_add_object(root, key);
	bool ok = list;

	for (size_t i = 0; ok && i < count; i++) {
		const struct field_tally *t = &tallies[i];
		cJSON *out = json_add_object(list, fields[i].name);

		ok = out && json_add_int(out, "equal", (int64_t)t->equal) &&
		     json_add_int(out, "differs", (int64_t)t->differs) &&
		     json_add_int(out, "only_sdk", (int64_t)t->only_sdk) &&
		     json_add_int(out, "only_ours", (int64_t)t->only_ours) &&
		     json_add_int(out, "undocumented", (int64_t)t->undocumented);
	}
	return ok;
}

static bool add_reasons(cJSON *root, const struct comparison *comparison)
{
	cJSON *list = json_add_array(root, "documented");
	bool ok = list;

	for (unsigned int i = REASON_NONE + 1; ok && i < REASON_COUNT; i++) {
		cJSON *out;

		if (!comparison->reasons[i])
			continue;
		out = json_append_object(list);
		ok = out && json_add_string(out, "reason", reason_word(i), TEXT_MAX) &&
		     json_add_string(out, "text", reason_text(i), TEXT_MAX) &&
		     json_add_int(out, "count", (int64_t)comparison->reasons[i]);
	}
	return ok;
}

static bool add_texts(cJSON *root, const struct comparison *comparison)
{
	cJSON *list = json_add_array(root, "statements");
	bool ok = list;

	for (size_t i = 0; ok && i < comparison->text_count; i++) {
		const struct text_pair *pair = &comparison->texts[i];
		cJSON *out = json_append_object(list);

		ok = out && json_add_int(out, "count", (int64_t)pair->count) &&
		     json_add_bool(out, "equal", pair->equal) &&
		     json_add_string(out, "reason", pair->equal ? "" : reason_word(pair->reason),
				     TEXT_MAX) &&
		     json_add_string(out, "sdk", pair->sdk, TEXT_MAX) &&
		     json_add_string(out, "ours", pair->ours, TEXT_MAX);
	}
	return ok;
}

static bool add_findings(cJSON *root, const struct comparison *comparison)
{
	cJSON *list = json_add_array(root, "findings");
	bool ok = list &&
		  json_add_int(root, "undocumented", (int64_t)comparison_undocumented(comparison));

	for (size_t i = 0; ok && i < comparison->finding_count; i++) {
		const struct finding *finding = &comparison->findings[i];
		cJSON *out = json_append_object(list);

		ok = out && json_add_string(out, "field", finding->field, TEXT_MAX) &&
		     json_add_string(out, "request", finding->request, TEXT_MAX) &&
		     json_add_string(out, "sdk", finding->sdk, TEXT_MAX) &&
		     json_add_string(out, "ours", finding->ours, TEXT_MAX);
	}
	return ok;
}

static bool add_pairs(cJSON *root, const struct comparison *comparison)
{
	cJSON *list = json_add_array(root, "pairs");
	bool ok = list;

	for (size_t i = 0; ok && i < comparison->sdk.count; i++) {
		const struct segment *sdk = &comparison->sdk.segments[i], *ours;
		cJSON *out;

		if (sdk->partner == NOBODY)
			continue;
		ours = &comparison->ours.segments[sdk->partner];
		out = json_append_object(list);
		ok = out && json_add_string(out, "sdk", record_text(sdk->document, "id"), 64) &&
		     json_add_string(out, "ours", record_text(ours->document, "id"), 64) &&
		     json_add_string(out, "by", sdk->by_trace ? "trace" : "url", 64);
	}
	return ok;
}

int comparison_print_json(struct comparison *comparison, FILE *out)
{
	_cleanup_(cleanup_json) cJSON *root = cJSON_CreateObject();
	_cleanup_free_ char *text = NULL;

	if (root && add_coverage(root, "segments", &comparison->segments) &&
	    add_coverage(root, "calls", &comparison->calls) &&
	    json_add_int(root, "paired_by_trace", (int64_t)comparison->paired_by_trace) &&
	    json_add_int(root, "in_groups", (int64_t)comparison->in_groups) &&
	    json_add_int(root, "sdk_local_blocks", (int64_t)comparison->sdk.local) &&
	    add_fields(root, "segment_fields", segment_fields, segment_field_count,
		       comparison->segment_tallies) &&
	    add_fields(root, "call_fields", call_fields, call_field_count,
		       comparison->call_tallies) &&
	    add_reasons(root, comparison) && add_texts(root, comparison) &&
	    add_findings(root, comparison) && add_pairs(root, comparison))
		text = cJSON_Print(root);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	return 0;
}
