// SPDX-License-Identifier: Apache-2.0
/* containers.c - see containers.h. */
#include "cli/containers.h"

#include "host/docker.h"
#include "util/cleanup.h"

/* A container that nobody knows yet may be starting: asked for in each pass, then rarely. */
#define EAGER_TRIES 10
#define RARE_PASSES 30
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

static bool is_due(const struct containers *containers, const struct known_container *known,
		   uint32_t pass)
{
	uint32_t wait = known->tries < EAGER_TRIES ? 1 : RARE_PASSES;

	if (known->told || containers->silent_pass == pass)
		return false;
	return !known->asked_pass || pass - known->asked_pass >= wait;
}

/* An answer that says it is not there is one; all else is silence. */
static void note_silence(struct containers *containers, int r, uint32_t pass)
{
	if (!r || r == -ENOENT)
		return;
	containers->silent_pass = pass;
	containers->silent_error = r;
}

void containers_ask(struct containers *containers, struct known_container *known, pid_t pid,
		    uint32_t pass)
{
	struct container *container = &known->container;
	int r;

	if (!is_due(containers, known, pass))
		return;
	known->asked_pass = pass;
	known->tries++;
	r = ecs_agent_ask(&containers->agent, pid, container);
	note_silence(containers, r, pass);
	known->told = !r;
	/* without an agent, a name may still be had where Docker's files can be read */
	if (r && !container->task.docker_name[0])
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
