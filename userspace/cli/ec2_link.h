/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ec2_link.h - asks which EC2 instance this is (IMDSv2: a token, then the identity document), a
 * little at each tick. Nothing waits for it: segments that are sent before it knows go without.
 */
#ifndef BPFXRAY_CLI_EC2_LINK_H
#define BPFXRAY_CLI_EC2_LINK_H

#include "host/ec2.h"

struct ec2_link;

/*
 * Where the machine says that it is EC2's, or AWS_EC2_METADATA_SERVICE_ENDPOINT names a service,
 * and AWS_EC2_METADATA_DISABLED does not say true. 0 with *ret, NULL when nobody is asked; or
 * -ENOMEM.
 */
int ec2_link_open(struct ec2_link **ret);

/* Goes on with the question that is under way, or asks the next one. @now_ms is monotonic. */
void ec2_link_tick(struct ec2_link *link, uint64_t now_ms);

/* What was told, or NULL: not yet, or never. Valid until ec2_link_free(). Takes NULL. */
const struct ec2_instance *ec2_link_instance(const struct ec2_link *link);

/* Returns NULL; takes NULL. */
struct ec2_link *ec2_link_free(struct ec2_link *link);

#endif
