/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.h - which service a process belongs to: each --pid has a name, and every descendant
 * bears it.
 */
#ifndef BPFXRAY_CLI_SERVICES_H
#define BPFXRAY_CLI_SERVICES_H

#include <linux/types.h>

#include "bpfxray/wire.h"
#include "cli/options.h"
#include "host/service_name.h"
#include "util/table.h"

struct service {
	pid_t root;
	struct service_name name;
};

struct services {
	struct service roots[OPTIONS_PIDS_MAX];
	size_t count;
	struct table root_of; /* tgid -> its entry in roots */
	const char *given;    /* --name */
};

/* The name of root process @root is found out and logged. 0 or a negative errno. */
int services_add_root(struct services *services, pid_t root);
/* Process @tgid descends from the last added root. 0 or -ENOMEM. */
int services_add(struct services *services, pid_t tgid);
/* Follows fork, exec and exit. */
void services_process(struct services *services, const struct bx_process *process);
/* The name for requests served by @tgid. */
const char *services_name(const struct services *services, pid_t tgid);
void services_clear(struct services *services);

#endif
