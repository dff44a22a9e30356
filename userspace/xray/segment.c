// SPDX-License-Identifier: Apache-2.0
/*
 * segment.c - see segment.h. A request is written once, front to back, to the caller's buffer.
 * Empty and unknown values are left out, as in the SDK's documents.
 */
#include "xray/segment.h"
#include "util/array.h"

#include "xray/json_writer.h"
#include "xray/name.h"
#include "xray/sampling_request.h"
#include "xray/subsegment.h"
#include "xray/trace_header.h"

uint64_t segment_epoch_ns(const struct segment_context *ctx, uint64_t monotonic_ns)
{
	uint64_t ns = monotonic_ns + (uint64_t)ctx->realtime_offset_ns;

	return (int64_t)ns < 0 ? 0 : ns;
}

static uint64_t start_us(const struct segment_context *ctx, const struct request *r)
{
	return segment_epoch_ns(ctx, r->start_ns) / 1000;
}

static uint64_t end_us(const struct segment_context *ctx, const struct request *r)
{
	uint64_t end = r->end_ns > r->start_ns ? r->end_ns : r->start_ns;

	return (segment_epoch_ns(ctx, end) + 999) / 1000;
}

/* Its caller's by the header, the SDK's inside it, or a new one. */
void segment_identify(const struct segment_context *ctx, const struct request *r,
		      struct segment_identity *ret)
{
	struct trace_header header;

	ret->parent[0] = '\0';
	if (!trace_header_parse(bytes_str(r->trace_header), &header) && header.root[0]) {
		memcpy(ret->ids.trace, header.root, sizeof(header.root));
		memcpy(ret->parent, header.parent, sizeof(header.parent));
	} else if (ctx->adopt_trace &&
		   trace_header_names_trace(bytes_str(r->answer_trace_header), &header)) {
		memcpy(ret->ids.trace, header.root, sizeof(header.root));
	} else {
		trace_id_new(&ctx->random, start_us(ctx, r) / 1000000, ret->ids.trace);
	}
	segment_id_new(&ctx->random, ret->ids.segment);
}

static void put_identity(struct json_writer *w, const struct segment_context *ctx,
			 const struct request *r, bool open, struct segment_ids *ids)
{
	struct segment_identity own;
	char name[NAME_CAP];

	if (ctx->identity)
		own = *ctx->identity;
	else
		segment_identify(ctx, r, &own);
	name_clean(bytes_str(ctx->service_name), name);
	json_put_word(w, "id", own.ids.segment);
	json_put_string(w, "name", name, sizeof(name));
	json_put_seconds(w, "start_time", start_us(ctx, r));
	json_put_word(w, "trace_id", own.ids.trace);
	json_put_string(w, "parent_id", own.parent, sizeof(own.parent));
	json_put_bool(w, "in_progress", open);
	*ids = own.ids;
}

/* The whole X-Forwarded-For field when there is one, as the SDK has it, else the peer. */
static void put_client(struct json_writer *w, const struct request *r)
{
	if (!r->x_forwarded_for || !r->x_forwarded_for[0]) {
		json_put_string(w, "client_ip", r->client_ip, sizeof(r->client_ip));
		return;
	}
	json_put_string(w, "client_ip", r->x_forwarded_for, SEGMENT_HEADER_MAX);
	json_put_bool(w, "x_forwarded_for", true);
}

bool segment_url(const struct request *r, char ret[URL_CAP])
{
	struct url_parts parts = {
		.scheme = bytes_str(r->scheme ? r->scheme : "http"),
		.host = bytes_str(r->host),
		.method = bytes_str(r->method),
		.target = bytes_str(r->target),
	};

	return url_build(&parts, ret);
}

/* A request without an answer has no response: a status is never invented. */
static void put_response(struct json_writer *w, const struct request *r)
{
	if (!r->status)
		return;
	json_open(w, "response");
	json_put_int(w, "status", r->status);
	json_put_known(w, "content_length", r->response_length);
	json_close(w);
}

/* Returns whether the URL is there as a whole. */
static bool put_http(struct json_writer *w, const struct request *r)
{
	char url[URL_CAP];
	bool whole = segment_url(r, url);

	json_open(w, "http");
	json_open(w, "request");
	json_put_string(w, "method", r->method, SEGMENT_METHOD_MAX);
	json_put_string(w, "url", url, sizeof(url));
	json_put_string(w, "user_agent", r->user_agent, SEGMENT_HEADER_MAX);
	put_client(w, r);
	json_close(w);
	put_response(w, r);
	json_close(w);
	return whole;
}

static void put_marks(struct json_writer *w, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		struct json_key key;
	} marks[] = {
		{ REQUEST_HEAD_CUT, JSON_KEY("head_cut") },
		{ REQUEST_CHILDREN_MISSING, JSON_KEY("children_missing") },
		{ REQUEST_ABORTED, JSON_KEY("aborted") },
		{ REQUEST_NO_RESPONSE, JSON_KEY("no_response") },
		{ REQUEST_FRONT_ONLY, JSON_KEY("front_only") },
		{ REQUEST_UPGRADED, JSON_KEY("upgraded") },
		{ REQUEST_BEGUN_BEFORE, JSON_KEY("begun_before") },
		{ REQUEST_JOINED_FRONT, JSON_KEY("joined_front") },
		{ REQUEST_MULTIPLEXED, JSON_KEY("multiplexed") },
	};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		json_write_true(w, marks[i].key, flags & marks[i].flag);
}

static void put_metadata(struct json_writer *w, const struct request *r, bool url_whole)
{
	json_open(w, "metadata");
	json_open(w, "bpfxray");
	if (r->queue_ns >= 0)
		json_put_ms(w, "queue_ms", (uint64_t)r->queue_ns);
	if (r->first_byte_ns > r->start_ns)
		json_put_ms(w, "first_byte_ms", r->first_byte_ns - r->start_ns);
	json_put_int(w, "bytes_in", (int64_t)r->bytes_in);
	json_put_int(w, "bytes_out", (int64_t)r->bytes_out);
	json_put_int(w, "pid", r->tgid);
	json_put_int(w, "tid", r->tid);
	json_put_true(w, "url_cut", !url_whole);
	put_marks(w, r->flags);
	json_close(w);
	json_close(w);
}

static void put_ecs(struct json_writer *w, const struct segment_ecs *ecs)
{
	if (!ecs)
		return;
	json_open(w, "ecs");
	json_put_string(w, "container", ecs->container, SEGMENT_IDENTITY_MAX);
	json_put_string(w, "container_id", ecs->container_id, SEGMENT_IDENTITY_MAX);
	json_put_string(w, "container_arn", ecs->container_arn, SEGMENT_ARN_MAX);
	json_put_string(w, "task_arn", ecs->task_arn, SEGMENT_ARN_MAX);
	json_put_string(w, "task_family", ecs->task_family, SEGMENT_IDENTITY_MAX);
	json_put_string(w, "cluster_arn", ecs->cluster_arn, SEGMENT_ARN_MAX);
	json_close(w);
}

static void put_ec2(struct json_writer *w, const struct segment_ec2 *ec2)
{
	if (!ec2)
		return;
	json_open(w, "ec2");
	json_put_string(w, "instance_id", ec2->instance_id, SEGMENT_IDENTITY_MAX);
	json_put_string(w, "availability_zone", ec2->availability_zone, SEGMENT_IDENTITY_MAX);
	json_put_string(w, "instance_size", ec2->instance_size, SEGMENT_IDENTITY_MAX);
	json_put_string(w, "ami_id", ec2->ami_id, SEGMENT_IDENTITY_MAX);
	json_close(w);
}

static void put_annotations(struct json_writer *w, const struct segment_context *ctx)
{
	if (!ctx->annotation_count)
		return;
	json_open(w, "annotations");
	for (size_t i = 0; i < ctx->annotation_count; i++)
		json_put_named(w, ctx->annotations[i].key, ctx->annotations[i].value,
			       SEGMENT_ANNOTATION_MAX);
	json_close(w);
}

static void put_aws(struct json_writer *w, const struct segment_context *ctx)
{
	json_open(w, "aws");
	json_open(w, "xray");
	json_put_word(w, "sdk", "bpfxray");
	json_put_string(w, "sdk_version", ctx->version, SEGMENT_IDENTITY_MAX);
	json_put_bool(w, "auto_instrumentation", true);
	json_put_string(w, "sampling_rule_name", ctx->sampling_rule, SAMPLING_RULE_NAME_CAP);
	json_close(w);
	put_ecs(w, ctx->ecs);
	put_ec2(w, ctx->ec2);
	json_close(w);
}

static void put_subsegments(struct json_writer *w, const struct segment_context *ctx,
			    const struct segment_ids *ids, const struct request *r)
{
	if (!r->statement_count)
		return;
	json_open_array(w, "subsegments");
	for (size_t i = 0; i < r->statement_count; i++)
		subsegment_put(w, ctx, ids, &r->statements[i]);
	json_close_array(w);
}

static void put_outcome(struct json_writer *w, const struct request *r)
{
	json_put_true(w, "throttle", segment_is_throttle(r));
	json_put_true(w, "error", segment_is_error(r));
	json_put_true(w, "fault", segment_is_fault(r));
}

/* What is known while it is open, too. */
static void put_known(struct json_writer *w, const struct segment_context *ctx,
		      const struct request *r, bool open, struct segment_ids *ids)
{
	bool url_whole;

	json_open_item(w);
	put_identity(w, ctx, r, open, ids);
	url_whole = put_http(w, r);
	put_annotations(w, ctx);
	put_metadata(w, r, url_whole);
	put_aws(w, ctx);
}

int segment_encode(const struct segment_context *ctx, const struct request *request,
		   struct json_writer *out)
{
	struct segment_ids ids;

	json_reset(out);
	put_known(out, ctx, request, false, &ids);
	put_subsegments(out, ctx, &ids, request);
	json_put_string(out, "origin", ctx->origin, SEGMENT_IDENTITY_MAX);
	put_outcome(out, request);
	json_put_seconds(out, "end_time", end_us(ctx, request));
	json_close(out);
	return json_finish(out);
}

int segment_encode_open(const struct segment_context *ctx, const struct request *request,
			struct json_writer *out)
{
	struct segment_ids ids;

	json_reset(out);
	put_known(out, ctx, request, true, &ids);
	json_put_string(out, "origin", ctx->origin, SEGMENT_IDENTITY_MAX);
	json_close(out);
	return json_finish(out);
}
