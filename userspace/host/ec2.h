/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ec2.h - what EC2 says of the instance: its identity document (EC2 User Guide, "Instance identity
 * documents"). Pure, no network: whoever asks hands the body in. Untrusted text of bounded length,
 * as in ecs_task.h.
 */
#ifndef BPFXRAY_HOST_EC2_H
#define BPFXRAY_HOST_EC2_H

#include <stdbool.h>

#include "util/bytes.h"

/* Ids have 19 to 21 characters, names of types and zones up to 32. */
#define EC2_TEXT_CAP 64
/* The document has half a kilobyte, a token 56 characters. */
#define EC2_ANSWER_MAX 16384
#define EC2_TOKEN_CAP  256

/* Empty: not told. */
struct ec2_instance {
	char instance_id[EC2_TEXT_CAP];
	char availability_zone[EC2_TEXT_CAP];
	char instance_type[EC2_TEXT_CAP];
	char image_id[EC2_TEXT_CAP];
};

/* 0, or -EBADMSG when @body is no document with an instance's id, or -E2BIG. */
int ec2_instance_parse(struct bytes body, struct ec2_instance *ret);

/* A session token, as it goes into a header line. 0, or -EBADMSG when @body is none. */
int ec2_token_parse(struct bytes body, char ret[EC2_TOKEN_CAP]);

/* Where the instance metadata service is: an address and a port, as text. */
struct ec2_endpoint {
	char host[48]; /* IPv4 or IPv6, without brackets */
	char port[6];
};

/*
 * Parses `http://169.254.169.254` or `http://[fd00:ec2::254]`, with a port and a slash at the end
 * or without. 0 or -EINVAL; whether the host is an address is left to whoever connects.
 */
int ec2_endpoint_parse(const char *text, struct ec2_endpoint *ret);

/* Whether @vendor, the text of /sys/class/dmi/id/sys_vendor, is EC2's. */
bool ec2_is_vendor(struct bytes vendor);

#endif
