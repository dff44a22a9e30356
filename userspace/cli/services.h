/* SPDX-License-Identifier: Apache-2.0 */
/*
 * services.h - which service a process belongs to. Each --pid and each container that was found is
 * one, with a name, and every descendant bears it. A service goes when the last of its processes
 * has been gone for a minute: requests of theirs may be on their way until then.
 */
#ifndef BPFXRAY_CLI_SERVICES_H
#define BPFXRAY_CLI_SERVICES_H

#include <linux/types.h>

#include "bpfxray/wire.h"
#include "cli/hosts_file.h"
#include "host/container.h"
#include "host/service_name.h"
#include "util/table.h"

struct service {
	struct service *next;
	pid_t root;    /* the first process that was followed, or after a restart the next one */
	pid_t entered; /* the last one that was found in its container beside that one; 0: none */
	struct service_name name;
	struct container container; /* its ids are empty outside of containers */
	size_t members;		    /* processes, those that ended a moment ago among them */
	struct hosts_file hosts;    /* hosts_file.h */
};

struct member;

/*
 * Finds out what the service that process @root begins is called. @container: its container's name
 * or NULL. 0 or a negative errno.
 */
typedef int service_namer(void *ctx, pid_t root, const char *container, struct service_name *ret);

/* Starts as { .namer, .ctx }. */
struct services {
	struct service *first;
	struct table member_of;		    /* tgid -> struct member */
	struct member *ended, **ended_last; /* in the order of their ends */
	service_namer *namer;
	void *ctx;
};

/*
 * The service that process @root begins: a new one, whose name is found out, or the one of its
 * container, which may have been restarted. @container: NULL, or what is known of it. 0 with the
 * service, or a negative errno.
 */
int services_add_root(struct services *services, pid_t root, const struct container *container,
		      struct service **ret);
/* Logs who it is: once it is followed. */
void services_tell(const struct service *service);
/* Process @tgid belongs to @service from now on. 0 or -ENOMEM. */
int services_add(struct services *services, pid_t tgid, struct service *service);
/* Follows fork, exec and exit. */
void services_process(struct services *services, const struct bx_process *process);
/* The service that @tgid belongs to, or NULL. */
struct service *services_of(const struct services *services, pid_t tgid);
/* What was told of the container of @tgid's service meanwhile. */
void services_learn(struct services *services, pid_t tgid, const struct container *container);
/* Lets go of what has been gone for a minute. */
void services_forget(struct services *services, uint64_t now_ns);
void services_clear(struct services *services);

#endif
