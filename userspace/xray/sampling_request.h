/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling_request.h - what sampling rules look at in a request, and what they decide. Known from
 * the request's head alone.
 */
#ifndef BPFXRAY_XRAY_SAMPLING_REQUEST_H
#define BPFXRAY_XRAY_SAMPLING_REQUEST_H

#include "util/bytes.h"
#include "xray/trace_header.h"

/* RuleName has at most 32 characters, of up to 4 bytes each. */
#define SAMPLING_RULE_NAME_CAP (32 * 4 + 1)
/* Bytes of a request's path that rules look at, the NUL included. */
#define SAMPLING_PATH_CAP 2048

/* Empty attributes match every rule, as in the SDK. */
struct sampling_request {
	struct bytes service;	   /* the segment's name */
	struct bytes service_type; /* its origin, AWS::ECS::Container .. */
	struct bytes host;	   /* Host header, port included */
	struct bytes method;
	struct bytes path;	/* see sampling_path() */
	enum trace_sampled ask; /* what the trace header says */
	uint64_t start_s;	/* seconds since the epoch in which it began */
};

enum sampling_why {
	SAMPLING_BY_MODE,      /* all, or none */
	SAMPLING_BY_HEADER,    /* the caller decided */
	SAMPLING_BY_RESERVOIR, /* within a rule's fixed number, or quota, per second */
	SAMPLING_BY_BORROWING, /* within a second's one request before a quota is assigned */
	SAMPLING_BY_RATE,      /* beyond it, by chance */
	SAMPLING_WHYS
};

struct sampling_decision {
	bool sampled;
	bool central; /* by a centralized rule, not by a local one */
	enum sampling_why why;
	/* For aws.xray.sampling_rule_name: of a centralized rule that took the request; else "". */
	char rule_name[SAMPLING_RULE_NAME_CAP];
};

/*
 * Writes the path of the request target @in as Django's request.path: without query, without scheme
 * and authority, percent-decoded; cut at SAMPLING_PATH_CAP. Returns a view of @ret.
 */
struct bytes sampling_path(struct bytes in, char ret[SAMPLING_PATH_CAP]);

#endif
