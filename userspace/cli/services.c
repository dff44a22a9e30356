/* SPDX-License-Identifier: Apache-2.0 */
/* services.c - see services.h. */
#include "cli/services.h"

#include <errno.h>
#include <stdlib.h>

#include "util/log.h"

static int find_name(const struct services *services, pid_t pid, struct service_name *ret)
{
	return service_name(pid, services->given, getenv("AWS_XRAY_TRACING_NAME"), ret);
}

int services_add_root(struct services *services, pid_t root)
{
	struct service *service = &services->roots[services->count];
	int err = find_name(services, root, &service->name);

	if (err < 0)
		return err;
	service->root = root;
	services->count++;
	log_info("process %d is the service `%s`", root, service->name.name);
	return 0;
}

static int set_root(struct services *services, pid_t tgid, struct service *root)
{
	int err = table_insert(&services->root_of, table_key(tgid), root);

	return err == -EEXIST ? 0 : err;
}

int services_add(struct services *services, pid_t tgid)
{
	return set_root(services, tgid, &services->roots[services->count - 1]);
}

/*
 * A root that executes another program is another service from then on; a worker's exec changes
 * nothing.
 */
static void executed(struct services *services, pid_t tgid)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->roots[i].root == tgid)
			(void)find_name(services, tgid,
					&services->roots[i].name); /* else the old one */
}

void services_process(struct services *services, const struct bx_process *process)
{
	struct service *root;

	switch (process->what) {
	case BX_PROCESS_FORK:
		root = table_find(&services->root_of, table_key(process->parent_tgid));
		if (root)
			(void)set_root(services, process->tgid,
				       root); /* else the first root's name */
		break;
	case BX_PROCESS_EXEC:
		executed(services, process->tgid);
		break;
	default:
		/* kept: its requests may still be on their way */
		break;
	}
}

const char *services_name(const struct services *services, pid_t tgid)
{
	const struct service *root = table_find(&services->root_of, table_key(tgid));

	return root ? root->name.name : services->roots[0].name.name;
}

void services_clear(struct services *services)
{
	table_clear(&services->root_of);
}
