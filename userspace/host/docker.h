/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker.h - a container's name as Docker has it on disk, for hosts without an ECS agent. Docker's
 * socket is never used: whoever may talk to it is root.
 */
#ifndef BPFXRAY_HOST_DOCKER_H
#define BPFXRAY_HOST_DOCKER_H

#include "util/bytes.h"

/*
 * The name in a container's config.v2.json, without its leading slash. Pure. 0, -EBADMSG, -ENOENT
 * when it has none that fits, or -ENOMEM.
 */
int docker_name_parse(struct bytes text, char *ret, size_t cap);

/* The name of the container @id (64 digits) from Docker's own folder. 0 or a negative errno. */
int docker_name(const char *id, char *ret, size_t cap);

#endif
