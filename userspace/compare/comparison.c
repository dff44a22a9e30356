// SPDX-License-Identifier: Apache-2.0
/* comparison.c - see comparison.h. */
#include "compare/comparison.h"

#include <stdlib.h>

#include "compare/pair.h"
#include "compare/tally.h"
#include "util/array.h"

#define STATUS_REFUSED_HOST 400

static bool covers(const struct record *record, const struct segment *segment)
{
	return record->count && segment->end_s >= record->first_s &&
	       segment->start_s <= record->last_s;
}

/* Requests that Django refuses or never gets: the SDK's middleware does not see them through. */
static bool is_beside_middleware(const struct segment *ours)
{
	static const char *const marks[] = { "metadata.bpfxray.front_only",
					     "metadata.bpfxray.no_response",
					     "metadata.bpfxray.aborted" };
	const cJSON *response = record_member(ours->document, "http.response");

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (cJSON_IsTrue(record_member(ours->document, marks[i])))
			return true;
	return record_seconds(response, "status") == STATUS_REFUSED_HOST;
}

static int only_sdk(struct comparison *comparison, const struct segment *segment)
{
	enum reason reason = covers(&comparison->ours, segment) ? REASON_NONE : REASON_OTHER_TIME;

	comparison->segments.only_sdk++;
	return tally_difference(comparison, segment, "segment only in the SDK's", reason,
				record_member(segment->document, "id"), NULL);
}

static int only_ours(struct comparison *comparison, const struct segment *segment)
{
	enum reason reason = REASON_NONE;

	if (!covers(&comparison->sdk, segment))
		reason = REASON_OTHER_TIME;
	else if (is_beside_middleware(segment))
		reason = REASON_NO_MIDDLEWARE;
	comparison->segments.only_ours++;
	return tally_difference(comparison, segment, "segment only ours", reason, NULL,
				record_member(segment->document, "id"));
}

static int compare_pair(struct comparison *comparison, struct segment *sdk, struct segment *ours)
{
	struct sides sides = { .sdk_segment = sdk, .our_segment = ours };
	double longer_s = (ours->end_s - ours->start_s) - (sdk->end_s - sdk->start_s);
	int r;

	comparison->segments.paired++;
	comparison->segments.ours_paired++;
	comparison->paired_by_trace += sdk->by_trace;
	r = samples_add(&comparison->segments.longer_s, longer_s);
	if (!r)
		r = tally_fields(comparison, segment_fields, segment_field_count,
				 comparison->segment_tallies, &sides);
	return r ? r : calls_compare(comparison, sdk, ours);
}

static void count_all(struct comparison *comparison)
{
	comparison->segments.sdk = comparison->sdk.count;
	comparison->segments.ours = comparison->ours.count;
	for (size_t i = 0; i < comparison->sdk.count; i++)
		comparison->calls.sdk += comparison->sdk.segments[i].call_count;
	for (size_t i = 0; i < comparison->ours.count; i++)
		comparison->calls.ours += comparison->ours.segments[i].call_count;
}

int comparison_run(struct comparison *comparison)
{
	struct record *sdk = &comparison->sdk, *ours = &comparison->ours;
	int r = pair_segments(sdk, ours);

	count_all(comparison);
	for (size_t i = 0; !r && i < sdk->count; i++) {
		struct segment *segment = &sdk->segments[i];

		r = segment->partner == NOBODY
			    ? only_sdk(comparison, segment)
			    : compare_pair(comparison, segment, &ours->segments[segment->partner]);
	}
	for (size_t i = 0; !r && i < ours->count; i++)
		if (ours->segments[i].partner == NOBODY)
			r = only_ours(comparison, &ours->segments[i]);
	tally_sort_texts(comparison);
	return r;
}

void comparison_clear(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->finding_count; i++) {
		free(comparison->findings[i].request);
		free(comparison->findings[i].sdk);
		free(comparison->findings[i].ours);
	}
	free(comparison->findings);
	free(comparison->texts);
	free(comparison->segments.longer_s.at);
	free(comparison->calls.longer_s.at);
	record_clear(&comparison->sdk);
	record_clear(&comparison->ours);
	*comparison = (struct comparison){ 0 };
}
