/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment.h - a finished request as one X-Ray segment document (Developer Guide, "X-Ray segment
 * documents").
 *
 * Pure: same request, same context and same random bytes give the same document. Key order is
 * fixed, with the top-level id first, and nothing is written between tokens, because the daemon
 * finds ids by a pattern without blanks.
 *
 * Times: a segment's start is rounded down and its end up to whole microseconds, a subsegment's the
 * other way round, so that rounding never puts a statement outside its request.
 *
 * String caps: X-Ray's guide says 250 characters, but the SDK sends strings whole, the console
 * groups by whole URLs, and the daemon does not look; so strings are cut only where a document
 * would outgrow a datagram. The caps here keep a segment without subsegments, and each subsegment
 * alone, under 65,477 bytes even if every byte needs an escape.
 */
#ifndef BPFXRAY_XRAY_SEGMENT_H
#define BPFXRAY_XRAY_SEGMENT_H

#include "trace/request.h"
#include "xray/id.h"
#include "xray/json_writer.h"
#include "xray/url.h"

#define SEGMENT_METHOD_MAX   32	  /* bytes of http.request.method */
#define SEGMENT_HEADER_MAX   2048 /* bytes of user_agent and client_ip each */
#define SEGMENT_IDENTITY_MAX 256  /* bytes of user, database and version strings */
#define SEGMENT_ARN_MAX	     512  /* bytes of an ARN */
#define SEGMENT_RAW_SQL_MAX  8192 /* bytes of raw SQL; sanitised text has SQL_SANITIZED_CAP */
#define SEGMENT_RAW_MESSAGE_MAX                                                                    \
	512 /* bytes of an unsanitised error message: a server's own cap                           \
	     */

/* What of statements and of error messages may leave the host. */
enum segment_sql {
	SEGMENT_SQL_SANITIZED, /* without literals */
	SEGMENT_SQL_RAW,
	SEGMENT_SQL_OFF, /* no text at all; of errors the code and SQLSTATE */
};

/* aws.ecs; NULL or empty: left out. */
struct segment_ecs {
	const char *container; /* what the container calls itself, as the SDK's plugin has it */
	const char *container_id;
	const char *container_arn;
	const char *task_arn;
	const char *task_family;
	const char *cluster_arn;
};

/* aws.ec2; empty: left out. */
struct segment_ec2 {
	const char *instance_id;
	const char *availability_zone;
	const char *instance_size; /* as the guide calls the type */
	const char *ami_id;
};

#define SEGMENT_ANNOTATIONS_MAX	   50	/* X-Ray indexes as many of a trace */
#define SEGMENT_ANNOTATION_KEY_MAX 64	/* characters of [A-Za-z0-9_] */
#define SEGMENT_ANNOTATION_MAX	   1000 /* bytes of a value */

struct segment_annotation {
	char key[SEGMENT_ANNOTATION_KEY_MAX + 1];
	const char *value; /* not empty */
};

/* What a database is called whose address is not what the service knows it by. */
struct segment_db_name {
	char address[64]; /* as in struct db_peer; empty: of every database */
	const char *name;
};

/* The segment that a subsegment hangs under. */
struct segment_ids {
	char trace[TRACE_ID_LEN + 1];
	char segment[SEGMENT_ID_LEN + 1];
};

/* A segment's place in a trace. */
struct segment_identity {
	struct segment_ids ids;
	char parent[SEGMENT_ID_LEN + 1]; /* empty: none */
};

struct segment_context {
	const char *service_name;      /* cleaned here */
	const char *version;	       /* bpfxray's own */
	const char *sampling_rule;     /* the centralized rule that took it; NULL or empty: none */
	const char *origin;	       /* AWS::ECS::Container ..; NULL: left out */
	const struct segment_ecs *ecs; /* NULL: not in ECS */
	const struct segment_ec2 *ec2; /* NULL: not on EC2, or not known */
	const struct segment_annotation *annotations;
	size_t annotation_count;
	const struct segment_db_name *db_names; /* the first that fits */
	size_t db_name_count;
	bool adopt_trace; /* without a trace of its caller's: that of the answer's header */
	enum segment_sql sql;
	int64_t realtime_offset_ns;		 /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	const struct segment_identity *identity; /* NULL: by the request's headers, or new */
	struct random_source random;
};

/*
 * The SDK's rule: 5xx is the service's fault, 4xx the caller's error, 429 a throttle as well. No
 * answer is a fault; one whose status was not captured is not called one.
 */
static inline bool segment_is_fault(const struct request *request)
{
	if (!request->status)
		return request->flags & (REQUEST_NO_RESPONSE | REQUEST_ABORTED);
	return request->status >= 500;
}

static inline bool segment_is_error(const struct request *request)
{
	return request->status >= 400 && request->status < 500;
}

static inline bool segment_is_throttle(const struct request *request)
{
	return request->status == 429;
}

/* http.request.url of @request's document. As url_build(). */
bool segment_url(const struct request *request, char ret[URL_CAP]);

/*
 * The place of @request: Root and Parent of its trace header are kept (a Parent without a Root
 * belongs to a trace that nobody knows and is dropped); without a usable header the trace is the
 * answer's (adopt_trace) or new.
 */
void segment_identify(const struct segment_context *ctx, const struct request *request,
		      struct segment_identity *ret);

/*
 * Encodes @request. Returns 0 with a NUL-terminated document in @out, in the place of the one
 * before it, or -ENOMEM.
 */
int segment_encode(const struct segment_context *ctx, const struct request *request,
		   struct json_writer *out);

/*
 * The same of a request that is open: in_progress, without an end, an answer or statements. The
 * finished segment with the same identity takes its place.
 */
int segment_encode_open(const struct segment_context *ctx, const struct request *request,
			struct json_writer *out);

#endif
