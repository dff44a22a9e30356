// SPDX-License-Identifier: Apache-2.0
/* tally.c - see tally.h. */
#include "compare/tally.h"

#include <string.h>

#include "util/array.h"

int samples_add(struct samples *samples, double value)
{
	if (ARRAY_ROOM(samples->at, samples->count, samples->cap) < 0)
		return -ENOMEM;
	samples->at[samples->count++] = value;
	return 0;
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double samples_percentile(struct samples *samples, unsigned int percent)
{
	size_t rank = (samples->count * percent + 99) / 100;

	if (!samples->count)
		return 0;
	qsort(samples->at, samples->count, sizeof(*samples->at), by_value);
	return samples->at[rank ? rank - 1 : 0];
}

static int keep_finding(struct comparison *comparison, const struct segment *segment,
			const char *field, const cJSON *sdk, const cJSON *ours)
{
	struct finding *finding;

	if (comparison->finding_count == FINDINGS_MAX)
		return 0;
	if (ARRAY_ROOM(comparison->findings, comparison->finding_count, comparison->finding_cap) <
	    0)
		return -ENOMEM;
	finding = &comparison->findings[comparison->finding_count++];
	*finding = (struct finding){
		.field = field,
		.request = strdup(segment->key),
		.sdk = sdk ? cJSON_PrintUnformatted(sdk) : NULL,
		.ours = ours ? cJSON_PrintUnformatted(ours) : NULL,
	};
	return finding->request ? 0 : -ENOMEM;
}

int tally_difference(struct comparison *comparison, const struct segment *segment,
		     const char *field, enum reason reason, const cJSON *sdk, const cJSON *ours)
{
	comparison->reasons[reason]++;
	return reason == REASON_NONE ? keep_finding(comparison, segment, field, sdk, ours) : 0;
}

static void count(struct field_tally *tally, enum verdict verdict, enum reason reason)
{
	tally->equal += verdict == VERDICT_EQUAL;
	tally->differs += verdict == VERDICT_DIFFERS;
	tally->only_sdk += verdict == VERDICT_ONLY_SDK;
	tally->only_ours += verdict == VERDICT_ONLY_OURS;
	tally->undocumented += verdict > VERDICT_EQUAL && reason == REASON_NONE;
}

/* A member that no field is about bears its own name. */
static const char *name_of(const struct field *field, const struct sides *sides)
{
	return field->others && sides->sdk ? sides->sdk->string : field->name;
}

/* Where a field is no member, the times tell what is wrong. */
static const cJSON *shown(const struct field *field, const cJSON *member, const cJSON *whole)
{
	return field->agree ? record_member(whole, "start_time") : member;
}

int tally_fields(struct comparison *comparison, const struct field *fields, size_t field_count,
		 struct field_tally *tallies, struct sides *sides)
{
	const cJSON *sdk = sides->sdk_call ? sides->sdk_call->inner : sides->sdk_segment->document;
	const cJSON *ours = sides->our_call ? sides->our_call->inner : sides->our_segment->document;
	int r = 0;

	for (size_t i = 0; !r && i < field_count; i++) {
		enum reason reason;
		enum verdict verdict = field_compare(&fields[i], sides, &reason);

		count(&tallies[i], verdict, reason);
		if (verdict > VERDICT_EQUAL)
			r = tally_difference(comparison, sides->our_segment,
					     name_of(&fields[i], sides), reason,
					     shown(&fields[i], sides->sdk, sdk),
					     shown(&fields[i], sides->ours, ours));
	}
	return r;
}

static const struct field *query_field(void)
{
	for (size_t i = 0; i < call_field_count; i++)
		if (!strcmp(call_fields[i].name, "sql.sanitized_query"))
			return &call_fields[i];
	return NULL;
}

int tally_texts(struct comparison *comparison, const struct sides *sides)
{
	struct sides query = *sides;
	enum reason reason;
	enum verdict verdict = field_compare(query_field(), &query, &reason);
	const char *sdk = cJSON_GetStringValue(query.sdk) ?: "";
	const char *ours = cJSON_GetStringValue(query.ours) ?: "";

	for (size_t i = 0; i < comparison->text_count; i++) {
		struct text_pair *pair = &comparison->texts[i];

		if (!strcmp(pair->sdk, sdk) && !strcmp(pair->ours, ours)) {
			pair->count++;
			return 0;
		}
	}
	if (comparison->text_count == TEXTS_MAX)
		return 0;
	if (ARRAY_ROOM(comparison->texts, comparison->text_count, comparison->text_cap) < 0)
		return -ENOMEM;
	comparison->texts[comparison->text_count++] =
		(struct text_pair){ sdk, ours, reason, verdict <= VERDICT_EQUAL, 1 };
	return 0;
}

static int by_weight(const void *left, const void *right)
{
	const struct text_pair *a = left, *b = right;
	bool a_bad = !a->equal && a->reason == REASON_NONE;
	bool b_bad = !b->equal && b->reason == REASON_NONE;

	if (a_bad != b_bad)
		return b_bad - a_bad;
	if (a->equal != b->equal)
		return a->equal - b->equal;
	return (a->count < b->count) - (a->count > b->count);
}

void tally_sort_texts(struct comparison *comparison)
{
	if (comparison->text_count)
		qsort(comparison->texts, comparison->text_count, sizeof(*comparison->texts),
		      by_weight);
}
