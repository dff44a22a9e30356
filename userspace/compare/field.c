// SPDX-License-Identifier: Apache-2.0
/* field.c - see field.h: how one member is compared, and the segment's. The call's: field_call.c.
 */
#include "compare/field.h"

#include <string.h>

#include "compare/pair.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/utf8.h"

/* A flag that is false says as much as one that is absent. */
static const cJSON *said(const cJSON *item)
{
	return cJSON_IsFalse(item) || cJSON_IsNull(item) ? NULL : item;
}

static const cJSON *other_of_call(const struct call *call)
{
	const cJSON *found = others_first(call->inner, call_fields, call_field_count);

	return found ? found : others_first(call->outer, call_fields, call_field_count);
}

static void look_up_others(struct sides *sides)
{
	sides->ours = NULL;
	if (sides->sdk_call)
		sides->sdk = other_of_call(sides->sdk_call);
	else
		sides->sdk = others_first(sides->sdk_segment->document, segment_fields,
					  segment_field_count);
}

static void look_up(const struct field *field, struct sides *sides)
{
	if (field->others) {
		look_up_others(sides);
	} else if (sides->sdk_call) {
		sides->sdk = said(record_call_member(sides->sdk_call, field->name));
		sides->ours = said(record_call_member(sides->our_call, field->name));
	} else {
		sides->sdk = said(record_member(sides->sdk_segment->document, field->name));
		sides->ours = said(record_member(sides->our_segment->document, field->name));
	}
}

static enum verdict judge(const struct field *field, const struct sides *sides)
{
	if (field->agree)
		return field->agree(sides) ? VERDICT_EQUAL : VERDICT_DIFFERS;
	if (!sides->sdk && !sides->ours)
		return VERDICT_ABSENT;
	if (!sides->sdk || !sides->ours)
		return sides->sdk ? VERDICT_ONLY_SDK : VERDICT_ONLY_OURS;
	return cJSON_Compare(sides->sdk, sides->ours, true) ? VERDICT_EQUAL : VERDICT_DIFFERS;
}

enum verdict field_compare(const struct field *field, struct sides *sides, enum reason *ret_reason)
{
	enum verdict verdict;

	look_up(field, sides);
	verdict = judge(field, sides);
	*ret_reason = REASON_NONE;
	if (verdict > VERDICT_EQUAL && field->reason)
		*ret_reason = field->reason(sides, verdict);
	return verdict;
}

static enum reason own_trace(const struct sides *sides, enum verdict verdict)
{
	(void)verdict;
	return sides->sdk_segment->by_trace ? REASON_NONE : REASON_OWN_TRACE;
}

/* Pairs have URLs that are equal when decoded, or one trace. */
static enum reason escapes(const struct sides *sides, enum verdict verdict)
{
	bool same = !strcmp(sides->sdk_segment->key, sides->our_segment->key);

	return verdict == VERDICT_DIFFERS && same ? REASON_ESCAPES : REASON_NONE;
}

/*
 * The bytes that @text stands for when each of its characters was read as Latin-1. False: it holds
 * others.
 */
static bool latin1_bytes(const char *text, uint8_t *ret, size_t *ret_len)
{
	struct bytes in = bytes_str(text);
	uint32_t character;
	size_t len;

	for (*ret_len = 0; in.len; in = bytes_skip(in, len)) {
		len = utf8_decode(in, &character);
		if (!len || character > 0xff)
			return false;
		ret[(*ret_len)++] = (uint8_t)character;
	}
	return true;
}

static enum reason header_bytes(const struct sides *sides, enum verdict verdict)
{
	const char *sdk = cJSON_GetStringValue(sides->sdk),
		   *ours = cJSON_GetStringValue(sides->ours);
	_cleanup_free_ uint8_t *raw = sdk ? malloc(strlen(sdk) + 1) : NULL;
	_cleanup_free_ char *clean = NULL;
	size_t len;

	if (verdict != VERDICT_DIFFERS || !raw || !ours || !latin1_bytes(sdk, raw, &len))
		return REASON_NONE;
	clean = utf8_clean(bytes_of(raw, len), 4 * len + 1);
	return clean && !strcmp(clean, ours) ? REASON_HEADER_BYTES : REASON_NONE;
}

/* A server may know better than the application: an answer 204 has no length. */
static enum reason server_length(const struct sides *sides, enum verdict verdict)
{
	const cJSON *response = record_member(sides->sdk_segment->document, "http.response");
	double status = record_seconds(response, "status");
	bool has_body = status >= 200 && status != 204 && status != 304;

	return verdict == VERDICT_ONLY_OURS || (verdict == VERDICT_ONLY_SDK && !has_body)
		       ? REASON_SERVER_LENGTH
		       : REASON_NONE;
}

static enum reason raised(const struct sides *sides, enum verdict verdict)
{
	const cJSON *sdk = sides->sdk_segment->document;
	double status = record_seconds(record_member(sdk, "http.response"), "status");

	return verdict == VERDICT_ONLY_SDK && cJSON_IsTrue(record_member(sdk, "error")) &&
			       cJSON_IsObject(record_member(sdk, "cause")) && status >= 400 &&
			       status < 500
		       ? REASON_RAISED
		       : REASON_NONE;
}

static enum reason inside(const struct sides *sides, enum verdict verdict)
{
	(void)sides;
	return verdict == VERDICT_ONLY_SDK ? REASON_INSIDE : REASON_NONE;
}

static enum reason tracer(const struct sides *sides, enum verdict verdict)
{
	(void)sides;
	(void)verdict;
	return REASON_TRACER;
}

static enum reason given(const struct sides *sides, enum verdict verdict)
{
	(void)sides;
	(void)verdict;
	return REASON_GIVEN;
}

enum reason field_metadata(const struct sides *sides, enum verdict verdict)
{
	bool ours_alone = verdict == VERDICT_ONLY_OURS && cJSON_GetArraySize(sides->ours) == 1 &&
			  record_member(sides->ours, "bpfxray");

	return ours_alone ? REASON_TRACER : REASON_GIVEN;
}

/* Without a plugin the SDK tells nothing, with that for EC2 alone it does not know a container. */
static enum reason where(const struct sides *sides, enum verdict verdict)
{
	(void)sides;
	return verdict == VERDICT_ONLY_OURS || verdict == VERDICT_DIFFERS ? REASON_PLUGINS
									  : REASON_NONE;
}

static enum reason instance_type(const struct sides *sides, enum verdict verdict)
{
	const cJSON *size = record_member(sides->our_segment->document, "aws.ec2.instance_size");

	return verdict == VERDICT_ONLY_SDK && cJSON_Compare(sides->sdk, size, true) ? REASON_PLUGINS
										    : REASON_NONE;
}

/* Ours begins before the middleware and ends behind it. */
static bool contains(const struct sides *sides)
{
	const struct segment *sdk = sides->sdk_segment, *ours = sides->our_segment;

	return ours->start_s <= sdk->start_s + PAIR_TOLERANCE_S &&
	       ours->end_s >= sdk->end_s - PAIR_TOLERANCE_S;
}

const struct field segment_fields[] = {
	{ .name = "name" },
	{ .name = "trace_id", .reason = own_trace },
	{ .name = "parent_id" },
	{ .name = "http.request.method" },
	{ .name = "http.request.url", .reason = escapes },
	{ .name = "http.request.user_agent", .reason = header_bytes },
	{ .name = "http.request.client_ip", .reason = header_bytes },
	{ .name = "http.request.x_forwarded_for" },
	{ .name = "http.response.status" },
	{ .name = "http.response.content_length", .reason = server_length },
	{ .name = "error" },
	{ .name = "throttle" },
	{ .name = "fault", .reason = raised },
	{ .name = "cause", .reason = inside },
	{ .name = "origin", .reason = where },
	{ .name = "user", .reason = given },
	{ .name = "annotations", .reason = given },
	{ .name = "service", .reason = inside },
	{ .name = "aws.xray.sampling_rule_name" },
	{ .name = "aws.xray.sdk", .reason = tracer },
	{ .name = "aws.ecs.container", .reason = where },
	{ .name = "aws.ec2.instance_id", .reason = where },
	{ .name = "aws.ec2.availability_zone", .reason = where },
	{ .name = "aws.ec2.ami_id", .reason = where },
	{ .name = "aws.ec2.instance_type", .reason = instance_type },
	{ .name = "metadata", .reason = field_metadata },
	{ .name = "any other member", .others = true },
	{ .name = "times (ours around theirs)", .agree = contains },
};
const size_t segment_field_count = ARRAY_LEN(segment_fields);
_Static_assert(ARRAY_LEN(segment_fields) <= FIELDS_MAX, "tally");
