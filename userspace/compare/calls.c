// SPDX-License-Identifier: Apache-2.0
/*
 * calls.c - see tally.h: which statement is which call of the SDK. A program does one call after
 * the other, so the time tells; what was sent during one call belongs to it.
 */
#include <string.h>

#include "compare/pair.h"
#include "compare/tally.h"
#include "proto/sql.h"
#include "util/cleanup.h"

/* The SDK's call in which the middle of @call lies, or NOBODY. */
static size_t call_around(const struct segment *sdk, const struct call *call)
{
	double middle_s = (call->start_s + call->end_s) / 2;

	for (size_t i = 0; i < sdk->call_count; i++)
		if (sdk->calls[i].is_sql && sdk->calls[i].start_s <= middle_s &&
		    middle_s <= sdk->calls[i].end_s)
			return i;
	return NOBODY;
}

static bool is_session(const struct call *call)
{
	const char *command = record_text(call->inner, "metadata.bpfxray.command");
	const char *text = record_text(call->inner, "sql.sanitized_query");
	enum sql_kind kind = sql_kind(bytes_str(text));

	if (*command && strcmp(command, "query") && strcmp(command, "execute"))
		return true;
	return kind != SQL_OTHER && kind != SQL_PROBE;
}

static int only_ours(struct comparison *comparison, const struct segment *sdk,
		     const struct segment *ours, const struct call *call)
{
	enum reason reason = REASON_NONE;

	if (is_session(call))
		reason = REASON_SESSION;
	else if (call->start_s >= sdk->end_s - PAIR_TOLERANCE_S)
		reason = REASON_LATER;
	comparison->calls.only_ours++;
	return tally_difference(comparison, ours, "call only ours", reason, NULL,
				record_member(call->inner, "sql.sanitized_query"));
}

static int only_sdk(struct comparison *comparison, const struct segment *sdk,
		    const struct call *call)
{
	const cJSON *query = record_call_member(call, "sql.sanitized_query");
	enum reason reason = REASON_NONE;

	if (!call->is_sql)
		reason = REASON_NOT_SQL;
	else if (cJSON_IsTrue(record_call_member(call, "fault")))
		reason = REASON_UNSENT;
	comparison->calls.only_sdk++;
	return tally_difference(comparison, sdk, "call only in the SDK's", reason,
				query ? query : record_member(call->inner, "name"), NULL);
}

static int compare_two(struct comparison *comparison, const struct segment *sdk,
		       const struct segment *ours, struct call *a, struct call *b)
{
	struct sides sides = { .sdk_segment = sdk,
			       .our_segment = ours,
			       .sdk_call = a,
			       .our_call = b,
			       .our_record = &comparison->ours,
			       .many = a->partners > 1 };
	double longer_s = (b->end_s - b->start_s) - (a->end_s - a->start_s);
	int r = 0;

	comparison->calls.ours_paired++;
	comparison->in_groups += sides.many;
	if (!sides.many)
		r = samples_add(&comparison->calls.longer_s, longer_s);
	if (!r)
		r = tally_texts(comparison, &sides);
	return r ? r
		 : tally_fields(comparison, call_fields, call_field_count, comparison->call_tallies,
				&sides);
}

/* Counts each call's partners first: how many there are is part of the comparison. */
static size_t *match(struct segment *sdk, struct segment *ours)
{
	size_t *around = calloc(ours->call_count + 1, sizeof(*around));

	for (size_t i = 0; around && i < ours->call_count; i++) {
		around[i] = call_around(sdk, &ours->calls[i]);
		if (around[i] != NOBODY)
			sdk->calls[around[i]].partners++;
	}
	return around;
}

int calls_compare(struct comparison *comparison, struct segment *sdk, struct segment *ours)
{
	_cleanup_free_ size_t *around = match(sdk, ours);
	int r = around ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < ours->call_count; i++)
		r = around[i] == NOBODY ? only_ours(comparison, sdk, ours, &ours->calls[i])
					: compare_two(comparison, sdk, ours, &sdk->calls[around[i]],
						      &ours->calls[i]);
	for (size_t i = 0; !r && i < sdk->call_count; i++) {
		comparison->calls.paired += sdk->calls[i].partners > 0;
		if (!sdk->calls[i].partners)
			r = only_sdk(comparison, sdk, &sdk->calls[i]);
	}
	return r;
}
