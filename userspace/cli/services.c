/* SPDX-License-Identifier: Apache-2.0 */
/* services.c - see services.h. */
#include "cli/services.h"

#include <errno.h>
#include <stdlib.h>

#include "util/log.h"

/* Far beyond the wait for a request's last statements. */
#define KEEP_NS (60 * 1000000000ull)

/* A process of a service. */
struct member {
	struct member *next; /* in the list of those that ended */
	struct service *service;
	pid_t tgid;
	uint64_t ended_ns; /* 0: it lives */
};

static int find_name(const struct services *services, struct service *service)
{
	return services->namer(services->ctx, service->root, container_name(&service->container),
			       &service->name);
}

/* One container is one service, however many processes it was entered by. */
static struct service *of_container(const struct services *services,
				    const struct container *container)
{
	const char *id = container ? container->ids.container : "";
	struct service *service = id[0] ? services->first : NULL;

	while (service && strcmp(service->container.ids.container, id) != 0)
		service = service->next;
	return service;
}

void services_tell(const struct service *service)
{
	const struct container *container = &service->container;

	if (!container->ids.container[0])
		log_info("process %d is the service `%s`", service->root, service->name.name);
	else
		log_info("process %d in container %.12s is the service `%s`%s%s", service->root,
			 container->ids.container, service->name.name,
			 container->ecs ? ", task " : "",
			 container->ecs ? container->task.task_arn : "");
}

/* In the order in which they were given or found. */
static void append(struct services *services, struct service *service)
{
	struct service **last = &services->first;

	while (*last)
		last = &(*last)->next;
	*last = service;
}

static bool is_alive(const struct services *services, pid_t tgid)
{
	const struct member *member = table_find(&services->member_of, table_key(tgid));

	return member && !member->ended_ns;
}

/* Its name stays: it is the same service. Its hosts file may be another. */
static void stand_for(struct service *service, pid_t root)
{
	service->root = root;
	service->hosts = (struct hosts_file){ 0 };
}

static void learn(const struct services *services, struct service *service,
		  const struct container *container)
{
	if (service->container.ecs || !container->ecs)
		return;
	service->container = *container;
	(void)find_name(services, service); /* else the old one */
	services_tell(service);
}

/*
 * Another process of the container: one that entered it, or the first one after a restart, which
 * stands for it once the old one has ended.
 */
static void enter(const struct services *services, struct service *service, pid_t root,
		  const struct container *container)
{
	service->entered = root;
	if (!is_alive(services, service->root))
		stand_for(service, root);
	learn(services, service, container);
}

int services_add_root(struct services *services, pid_t root, const struct container *container,
		      struct service **ret)
{
	struct service *service = of_container(services, container);
	int r;

	if (service) {
		enter(services, service, root, container);
		*ret = service;
		return 0;
	}
	service = calloc(1, sizeof(*service));
	if (!service)
		return -ENOMEM;
	service->root = root;
	if (container)
		service->container = *container;
	r = find_name(services, service);
	if (r < 0) {
		free(service);
		return r;
	}
	append(services, service);
	*ret = service;
	return 0;
}

/* Its number may be that of a process that ended: that one's record stays until its time is up. */
int services_add(struct services *services, pid_t tgid, struct service *service)
{
	struct member *member = table_find(&services->member_of, table_key(tgid));
	int r;

	if (member && !member->ended_ns)
		return 0;
	member = calloc(1, sizeof(*member));
	if (!member)
		return -ENOMEM;
	member->service = service;
	member->tgid = tgid;
	(void)table_remove(&services->member_of, table_key(tgid));
	r = table_insert(&services->member_of, table_key(tgid), member);
	if (r) {
		free(member);
		return r;
	}
	service->members++;
	return 0;
}

struct service *services_of(const struct services *services, pid_t tgid)
{
	const struct member *member = table_find(&services->member_of, table_key(tgid));

	return member ? member->service : NULL;
}

void services_learn(struct services *services, pid_t tgid, const struct container *container)
{
	struct service *service = services_of(services, tgid);

	if (service)
		learn(services, service, container);
}

/*
 * A root that executes another program is another service from then on; a worker's exec changes
 * nothing.
 */
static void executed(struct services *services, pid_t tgid)
{
	for (struct service *service = services->first; service; service = service->next)
		if (service->root == tgid)
			(void)find_name(services, service); /* else the old one */
}

static void ended(struct services *services, pid_t tgid, uint64_t at_ns)
{
	struct member *member = table_find(&services->member_of, table_key(tgid));
	struct service *service = member ? member->service : NULL;

	if (!member || member->ended_ns)
		return;
	member->ended_ns = at_ns;
	if (service->root == tgid && is_alive(services, service->entered))
		stand_for(service, service->entered);
	if (!services->ended)
		services->ended_last = &services->ended;
	*services->ended_last = member;
	services->ended_last = &member->next;
}

void services_process(struct services *services, const struct bx_process *process)
{
	struct service *service;

	switch (process->what) {
	case BX_PROCESS_FORK:
		service = services_of(services, process->parent_tgid);
		/* no memory: it is found by the kernel's note of its root */
		if (service)
			(void)services_add(services, process->tgid, service);
		break;
	case BX_PROCESS_EXEC:
		executed(services, process->tgid);
		break;
	default:
		ended(services, process->tgid, process->at_ns);
		break;
	}
}

static void drop_service(struct services *services, struct service *service)
{
	struct service **at = &services->first;

	while (*at && *at != service)
		at = &(*at)->next;
	if (*at)
		*at = service->next;
	log_info("the service `%s` (process %d) has ended", service->name.name, service->root);
	free(service);
}

/* Out of the list, and out of the table unless a later process has its number. */
static void take_first_ended(struct services *services)
{
	struct member *member = services->ended;

	services->ended = member->next;
	if (table_find(&services->member_of, table_key(member->tgid)) == member)
		(void)table_remove(&services->member_of, table_key(member->tgid));
}

void services_forget(struct services *services, uint64_t now_ns)
{
	struct member *member;

	while ((member = services->ended) && member->ended_ns + KEEP_NS <= now_ns) {
		take_first_ended(services);
		if (!--member->service->members)
			drop_service(services, member->service);
		free(member);
	}
}

void services_clear(struct services *services)
{
	while (services->ended) {
		struct member *member = services->ended;

		take_first_ended(services);
		free(member);
	}
	table_for_each (&services->member_of, at)
		free(at.value);
	table_clear(&services->member_of);
	while (services->first) {
		struct service *service = services->first;

		services->first = service->next;
		free(service);
	}
}
