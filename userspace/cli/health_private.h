/* SPDX-License-Identifier: Apache-2.0 */
/* health_private.h - what the two sides of health.h agree on. */
#ifndef BPFXRAY_CLI_HEALTH_PRIVATE_H
#define BPFXRAY_CLI_HEALTH_PRIVATE_H

#include <stdint.h>
#include <sys/stat.h>

/* The abstract socket's name begins so; PID, mount namespace and random digits follow. */
#define HEALTH_NAME "bpfxray-health-"

/* An answer is one of these words, and text for people, a line each. */
#define HEALTH_GOOD "healthy"
#define HEALTH_BAD  "unhealthy"

/* The inode of this process's mount namespace; 0 when /proc does not tell. */
uint64_t health_mount_namespace(void);

#endif
