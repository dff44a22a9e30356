// SPDX-License-Identifier: Apache-2.0
/*
 * segment.c - see segment.h. A request becomes a tree of cJSON objects, which is printed once.
 * Empty and unknown values are left out, as in the SDK's documents.
 */
#include "xray/segment.h"

#include <errno.h>

#include "util/cleanup.h"
#include "xray/json.h"
#include "xray/name.h"
#include "xray/subsegment.h"
#include "xray/trace_header.h"

DEFINE_CLEANUP(cleanup_json, cJSON *, cJSON_Delete);

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

/* The request's place in a trace: its caller's by the header, or a new one. */
static void identify(const struct segment_context *ctx, const struct request *r,
		     struct segment_ids *ids, char parent[SEGMENT_ID_LEN + 1])
{
	struct trace_header header;

	parent[0] = '\0';
	if (trace_header_parse(bytes_str(r->trace_header), &header) < 0 || !header.root[0]) {
		trace_id_new(&ctx->random, start_us(ctx, r) / 1000000, ids->trace);
	} else {
		memcpy(ids->trace, header.root, sizeof(header.root));
		memcpy(parent, header.parent, sizeof(header.parent));
	}
	segment_id_new(&ctx->random, ids->segment);
}

static bool add_identity(cJSON *doc, const struct segment_context *ctx, const struct request *r,
			 struct segment_ids *ids)
{
	char name[NAME_CAP], parent[SEGMENT_ID_LEN + 1];

	identify(ctx, r, ids, parent);
	name_clean(bytes_str(ctx->service_name), name);
	return json_add_string(doc, "id", ids->segment, sizeof(ids->segment)) &&
	       json_add_string(doc, "name", name, sizeof(name)) &&
	       json_add_seconds(doc, "start_time", start_us(ctx, r)) &&
	       json_add_string(doc, "trace_id", ids->trace, sizeof(ids->trace)) &&
	       json_add_string(doc, "parent_id", parent, sizeof(parent)) &&
	       json_add_bool(doc, "in_progress", false);
}

/* The whole X-Forwarded-For field when there is one, as the SDK has it, else the peer. */
static bool add_client(cJSON *request, const struct request *r)
{
	if (!r->x_forwarded_for || !r->x_forwarded_for[0])
		return json_add_string(request, "client_ip", r->client_ip, sizeof(r->client_ip));
	return json_add_string(request, "client_ip", r->x_forwarded_for, SEGMENT_HEADER_MAX) &&
	       json_add_bool(request, "x_forwarded_for", true);
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
static bool add_response(cJSON *http, const struct request *r)
{
	cJSON *response;

	if (!r->status)
		return true;
	response = json_add_object(http, "response");
	return response && json_add_int(response, "status", r->status) &&
	       json_add_known(response, "content_length", r->response_length);
}

static bool add_http(cJSON *doc, const struct request *r, bool *ret_url_whole)
{
	cJSON *http = json_add_object(doc, "http");
	cJSON *request = http ? json_add_object(http, "request") : NULL;
	char url[URL_CAP];

	*ret_url_whole = segment_url(r, url);
	return request && json_add_string(request, "method", r->method, SEGMENT_METHOD_MAX) &&
	       json_add_string(request, "url", url, sizeof(url)) &&
	       json_add_string(request, "user_agent", r->user_agent, SEGMENT_HEADER_MAX) &&
	       add_client(request, r) && add_response(http, r);
}

static bool add_marks(cJSON *own, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} marks[] = {
		{ REQUEST_HEAD_CUT, "head_cut" },
		{ REQUEST_CHILDREN_MISSING, "children_missing" },
		{ REQUEST_ABORTED, "aborted" },
		{ REQUEST_NO_RESPONSE, "no_response" },
		{ REQUEST_FRONT_ONLY, "front_only" },
		{ REQUEST_UPGRADED, "upgraded" },
		{ REQUEST_BEGUN_BEFORE, "begun_before" },
		{ REQUEST_JOINED_FRONT, "joined_front" },
		{ REQUEST_MULTIPLEXED, "multiplexed" },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (!json_add_true(own, marks[i].word, flags & marks[i].flag))
			return false;
	}
	return true;
}

static bool add_metadata(cJSON *doc, const struct request *r, bool url_whole)
{
	cJSON *metadata = json_add_object(doc, "metadata");
	cJSON *own = metadata ? json_add_object(metadata, "bpfxray") : NULL;
	bool answered = r->first_byte_ns > r->start_ns;

	return own && (r->queue_ns < 0 || json_add_ms(own, "queue_ms", r->queue_ns)) &&
	       (!answered || json_add_ms(own, "first_byte_ms", r->first_byte_ns - r->start_ns)) &&
	       json_add_int(own, "bytes_in", r->bytes_in) &&
	       json_add_int(own, "bytes_out", r->bytes_out) && json_add_int(own, "pid", r->tgid) &&
	       json_add_int(own, "tid", r->tid) && json_add_true(own, "url_cut", !url_whole) &&
	       add_marks(own, r->flags);
}

static bool add_ecs(cJSON *aws, const struct segment_ecs *ecs)
{
	cJSON *own = ecs ? json_add_object(aws, "ecs") : NULL;

	if (!ecs)
		return true;
	return own && json_add_string(own, "container", ecs->container, SEGMENT_IDENTITY_MAX) &&
	       json_add_string(own, "container_id", ecs->container_id, SEGMENT_IDENTITY_MAX) &&
	       json_add_string(own, "container_arn", ecs->container_arn, SEGMENT_ARN_MAX) &&
	       json_add_string(own, "task_arn", ecs->task_arn, SEGMENT_ARN_MAX) &&
	       json_add_string(own, "task_family", ecs->task_family, SEGMENT_IDENTITY_MAX) &&
	       json_add_string(own, "cluster_arn", ecs->cluster_arn, SEGMENT_ARN_MAX);
}

static bool add_aws(cJSON *doc, const struct segment_context *ctx)
{
	cJSON *aws = json_add_object(doc, "aws");
	cJSON *xray = aws ? json_add_object(aws, "xray") : NULL;

	return xray && json_add_string(xray, "sdk", "bpfxray", SEGMENT_IDENTITY_MAX) &&
	       json_add_string(xray, "sdk_version", ctx->version, SEGMENT_IDENTITY_MAX) &&
	       json_add_bool(xray, "auto_instrumentation", true) && add_ecs(aws, ctx->ecs);
}

static bool add_subsegments(cJSON *doc, const struct segment_context *ctx,
			    const struct segment_ids *ids, const struct request *r)
{
	cJSON *list;

	if (!r->statement_count)
		return true;
	list = json_add_array(doc, "subsegments");
	if (!list)
		return false;
	for (size_t i = 0; i < r->statement_count; i++) {
		cJSON *subsegment = json_append_object(list);

		if (!subsegment || !subsegment_fill(subsegment, ctx, ids, &r->statements[i]))
			return false;
	}
	return true;
}

static bool add_outcome(cJSON *doc, const struct request *r)
{
	return json_add_true(doc, "throttle", segment_is_throttle(r)) &&
	       json_add_true(doc, "error", segment_is_error(r)) &&
	       json_add_true(doc, "fault", segment_is_fault(r));
}

int segment_encode(const struct segment_context *ctx, const struct request *request,
		   char **ret_json, size_t *ret_len)
{
	_cleanup_(cleanup_json) cJSON *doc = cJSON_CreateObject();
	struct segment_ids ids;
	bool url_whole = true;
	char *json;

	if (!doc || !add_identity(doc, ctx, request, &ids) || !add_http(doc, request, &url_whole) ||
	    !add_metadata(doc, request, url_whole) || !add_aws(doc, ctx) ||
	    !add_subsegments(doc, ctx, &ids, request) ||
	    !json_add_string(doc, "origin", ctx->origin, SEGMENT_IDENTITY_MAX) ||
	    !add_outcome(doc, request) || !json_add_seconds(doc, "end_time", end_us(ctx, request)))
		return -ENOMEM;
	json = cJSON_PrintUnformatted(doc);
	if (!json)
		return -ENOMEM;
	*ret_json = json;
	*ret_len = strlen(json);
	return 0;
}
