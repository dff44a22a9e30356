/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open_requests.h - what was decided of requests that were told before their end: the finished
 * segment bears the same ids, and whether it is sampled is not asked twice.
 */
#ifndef BPFXRAY_CLI_OPEN_REQUESTS_H
#define BPFXRAY_CLI_OPEN_REQUESTS_H

#include "util/table.h"
#include "xray/sampling_request.h"
#include "xray/segment.h"

struct open_request {
	bool sampled;
	char sampling_rule[SAMPLING_RULE_NAME_CAP];
	struct segment_identity identity; /* when it is sampled */
};

/* An all-zero struct is empty. */
struct open_requests {
	struct table by_number; /* struct request.number -> struct open_request */
};

/* Keeps a copy. 0 or -ENOMEM. */
int open_requests_add(struct open_requests *open, uint64_t number,
		      const struct open_request *request);

/* Takes it out. False when request @number (0: never told) is not there. */
bool open_requests_take(struct open_requests *open, uint64_t number, struct open_request *ret);

void open_requests_clear(struct open_requests *open);

#endif
