// SPDX-License-Identifier: Apache-2.0
/* containers.c - see containers.h. */
#include "cli/containers.h"

#include <time.h>

#include "host/docker.h"
#include "util/cleanup.h"

/* A container that nobody knows yet may be starting: asked for in each pass, then rarely. */
#define EAGER_TRIES 10
#define RARE_PASSES 30
/*
 * What one pass may wait for answers. A healthy agent takes a few milliseconds; one that is slow
 * must not hold up the look at other processes, nor `ready`.
 */
#define PASS_NS 1000000000ULL
/* Old processes are looked at every tenth pass: longer than that. */
#define KEEP_PASSES 25

struct known_container *containers_see(struct containers *containers,
				       const struct container_ids *ids, uint32_t pass)
{
	struct known_container *known = containers->first;

	while (known && strcmp(known->container.ids.container, ids->container) != 0)
		known = known->next;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known)
			return NULL;
		known->container.ids = *ids;
		known->next = containers->first;
		containers->first = known;
	}
	known->seen_pass = pass;
	return known;
}

static bool is_due(const struct known_container *known, uint32_t pass)
{
	uint32_t wait = known->tries < EAGER_TRIES ? 1 : RARE_PASSES;

	return !known->told && (!known->asked_pass || pass - known->asked_pass >= wait);
}

static bool answers(const struct containers *containers, uint32_t pass)
{
	if (containers->waited_pass == pass && containers->waited_ns >= PASS_NS)
		return false;
	return containers->silent_pass != pass;
}

/* That it is not there is an answer. So is one that makes no sense: the next may be better. */
static bool is_answer(int r)
{
	return !r || r == -ENOENT || r == -EBADMSG || r == -EMSGSIZE;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void note_wait(struct containers *containers, uint64_t took_ns, uint32_t pass)
{
	if (containers->waited_pass != pass)
		containers->waited_ns = 0;
	containers->waited_pass = pass;
	containers->waited_ns += took_ns;
}

static void ask_agent(struct containers *containers, struct known_container *known, pid_t pid,
		      uint32_t pass)
{
	uint64_t began_ns = now_ns();
	int r = ecs_agent_ask(&containers->agent, pid, &known->container);

	note_wait(containers, now_ns() - began_ns, pass);
	known->told = !r;
	if (r && r != -ENOENT && r != -ECANCELED)
		containers->silent_error = r;
	if (is_answer(r))
		known->tries++;
	else
		containers->silent_pass = pass;
}

void containers_ask(struct containers *containers, struct known_container *known, pid_t pid,
		    uint32_t pass)
{
	struct container *container = &known->container;

	if (!is_due(known, pass))
		return;
	known->asked_pass = pass;
	if (answers(containers, pass))
		ask_agent(containers, known, pid, pass);
	/* without an agent, a name may still be had where Docker's files can be read */
	if (!known->told && !container->task.docker_name[0])
		(void)docker_name(container->ids.container, container->task.docker_name,
				  sizeof(container->task.docker_name));
	container_hostname(pid, container);
}

void containers_forget(struct containers *containers, uint32_t pass)
{
	struct known_container **at = &containers->first;

	while (*at) {
		struct known_container *known = *at;

		if (pass - known->seen_pass <= KEEP_PASSES) {
			at = &known->next;
			continue;
		}
		*at = known->next;
		free(known);
	}
}

void containers_clear(struct containers *containers)
{
	while (containers->first) {
		struct known_container *known = containers->first;

		containers->first = known->next;
		free(known);
	}
}
