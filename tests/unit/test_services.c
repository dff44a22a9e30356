// SPDX-License-Identifier: Apache-2.0
/*
 * test_services.c - which service a process belongs to while processes come and go.
 */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/services.h"
#include "util/log.h"

#define CID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MINUTE (60 * 1000000000ull)

static int call_it_shop(void *ctx, pid_t root, const char *container, struct service_name *ret)
{
	(void)ctx, (void)root, (void)container;
	*ret = (struct service_name){ .name = "shop", .source = NAME_GIVEN };
	return 0;
}

static void process(struct services *services, __u32 what, pid_t tgid, pid_t parent, uint64_t at)
{
	const struct bx_process record = {
		.what = what, .tgid = (__u32)tgid, .parent_tgid = (__u32)parent, .at_ns = at
	};

	services_process(services, &record);
}

TEST(services_of_descendants)
{
	struct services services = { .namer = call_it_shop };
	struct service *service;

	log_set_level(LOG_LEVEL_ERROR);
	if (!CHECK_EQ(services_add_root(&services, getpid(), NULL, &service), 0))
		return;
	CHECK_EQ(services_add(&services, 10, service), 0);
	process(&services, BX_PROCESS_FORK, 11, 10, 0);
	process(&services, BX_PROCESS_FORK, 12, 11, 0);
	CHECK(services_of(&services, 12) == service);
	CHECK(!services_of(&services, 13));
	process(&services, BX_PROCESS_FORK, 14, 13, 0);
	CHECK(!services_of(&services, 14));
	CHECK_STR(service->name.name, "shop");
	services_clear(&services);
}

/* Requests may still be on their way for a minute; then the service goes with its last process. */
TEST(services_end)
{
	struct services services = { .namer = call_it_shop };
	struct service *service;

	log_set_level(LOG_LEVEL_ERROR);
	CHECK_EQ(services_add_root(&services, getpid(), NULL, &service), 0);
	CHECK_EQ(services_add(&services, 10, service), 0);
	CHECK_EQ(services_add(&services, 11, service), 0);
	process(&services, BX_PROCESS_EXIT, 10, 0, 1000);
	process(&services, BX_PROCESS_EXIT, 10, 0, 2000);
	services_forget(&services, 999 + MINUTE);
	CHECK(services_of(&services, 10) == service);
	services_forget(&services, 1000 + MINUTE);
	CHECK(!services_of(&services, 10));
	CHECK(services_of(&services, 11) == service);
	process(&services, BX_PROCESS_EXIT, 11, 0, 2000);
	services_forget(&services, 2000 + MINUTE);
	CHECK(!services.first);
	services_clear(&services);
}

/* The number of an ended process belongs to whoever has it now; the old record takes nothing. */
TEST(services_number_used_again)
{
	struct services services = { .namer = call_it_shop };
	struct container container = { .ids = { CID, "" } };
	struct service *first, *second;

	log_set_level(LOG_LEVEL_ERROR);
	CHECK_EQ(services_add_root(&services, getpid(), NULL, &first), 0);
	CHECK_EQ(services_add(&services, 10, first), 0);
	CHECK_EQ(services_add_root(&services, getpid(), &container, &second), 0);
	CHECK(first != second);
	CHECK_EQ(services_add(&services, 20, second), 0);
	process(&services, BX_PROCESS_EXIT, 10, 0, 1000);
	process(&services, BX_PROCESS_FORK, 10, 20, 1500);
	CHECK(services_of(&services, 10) == second);
	services_forget(&services, 1000 + MINUTE);
	CHECK(services_of(&services, 10) == second);
	CHECK(services.first == second && !second->next);
	services_clear(&services);
}

TEST(services_of_a_container)
{
	struct services services = { .namer = call_it_shop };
	struct container container = { .ids = { CID, "" } };
	struct service *first, *second;

	log_set_level(LOG_LEVEL_ERROR);
	CHECK_EQ(services_add_root(&services, getpid(), &container, &first), 0);
	CHECK_EQ(services_add(&services, 10, first), 0);
	/* entered by another process, as `docker exec` does */
	CHECK_EQ(services_add_root(&services, getpid(), &container, &second), 0);
	CHECK(first == second);
	CHECK(!first->container.ecs);
	container.ecs = true;
	services_learn(&services, 10, &container);
	CHECK(first->container.ecs);
	services_learn(&services, 99, &container);
	services_clear(&services);
}

/* The names that were asked for, and of which process. */
static int note_root(void *ctx, pid_t root, const char *container, struct service_name *ret)
{
	*(pid_t *)ctx = root;
	*ret = (struct service_name){ .source = NAME_CONTAINER };
	snprintf(ret->name, sizeof(ret->name), "%s", container ?: "unknown");
	return 0;
}

/*
 * A restart keeps the container's id: it is the same service, for which the new process stands
 * whether its predecessor's end is told before it or behind it.
 */
TEST(services_of_a_container_restarted)
{
	for (int told_late = 0; told_late < 2; told_late++) {
		pid_t asked = 0;
		struct services services = { .namer = note_root, .ctx = &asked };
		struct container container = { .ids = { CID, "" } };
		struct service *service, *again;

		unit_context("told late: %d", told_late);
		log_set_level(LOG_LEVEL_ERROR);
		CHECK_EQ(services_add_root(&services, 10, &container, &service), 0);
		CHECK_EQ(services_add(&services, 10, service), 0);
		service->hosts.inode = 7;
		if (!told_late)
			process(&services, BX_PROCESS_EXIT, 10, 0, 1000);
		CHECK_EQ(services_add_root(&services, 20, &container, &again), 0);
		CHECK_EQ(services_add(&services, 20, again), 0);
		if (told_late)
			process(&services, BX_PROCESS_EXIT, 10, 0, 1000);
		CHECK(again == service);
		CHECK_EQ(service->root, 20);
		CHECK_EQ(service->hosts.inode, 0);
		/* which is asked for when there is more to know */
		process(&services, BX_PROCESS_EXEC, 20, 0, 2000);
		CHECK_EQ(asked, 20);
		services_clear(&services);
	}
}

/* Who entered a container and left again never stands for it. */
TEST(services_of_a_container_entered)
{
	struct services services = { .namer = call_it_shop };
	struct container container = { .ids = { CID, "" } };
	struct service *service;

	log_set_level(LOG_LEVEL_ERROR);
	CHECK_EQ(services_add_root(&services, 10, &container, &service), 0);
	CHECK_EQ(services_add(&services, 10, service), 0);
	CHECK_EQ(services_add_root(&services, 20, &container, &service), 0);
	CHECK_EQ(services_add(&services, 20, service), 0);
	CHECK_EQ(service->root, 10);
	process(&services, BX_PROCESS_EXIT, 20, 0, 1000);
	process(&services, BX_PROCESS_EXIT, 10, 0, 2000);
	CHECK_EQ(service->root, 10);
	services_clear(&services);
}

/* The agent registers a container only after its first process has been replaced. */
TEST(services_of_a_container_known_late)
{
	pid_t asked = 0;
	struct services services = { .namer = note_root, .ctx = &asked };
	struct container container = { .ids = { CID, "" } };
	struct service *service;

	log_set_level(LOG_LEVEL_ERROR);
	CHECK_EQ(services_add_root(&services, 10, &container, &service), 0);
	CHECK_EQ(services_add(&services, 10, service), 0);
	CHECK_STR(service->name.name, "unknown");
	process(&services, BX_PROCESS_EXIT, 10, 0, 1000);
	container.ecs = true;
	snprintf(container.task.container_name, sizeof(container.task.container_name), "web");
	CHECK_EQ(services_add_root(&services, 20, &container, &service), 0);
	CHECK(service->container.ecs);
	CHECK_EQ(asked, 20);
	CHECK_STR(service->name.name, "web");
	services_clear(&services);
}
