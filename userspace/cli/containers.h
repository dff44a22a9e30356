/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers.h - the containers seen on this host, and what the ECS agent or Docker's files told of
 * each. Answers are kept as long as the container lives; who does not answer is asked again, less
 * and less often.
 */
#ifndef BPFXRAY_CLI_CONTAINERS_H
#define BPFXRAY_CLI_CONTAINERS_H

#include "cli/ecs_agent.h"

struct known_container {
	struct known_container *next;
	struct container container;
	bool told;	     /* by somebody: no more questions */
	unsigned int tries;  /* that the agent answered */
	uint32_t asked_pass; /* 0: never */
	uint32_t seen_pass;
};

/* Passes are those of the finder, about a second each. Starts as { .agent.cancel_fd = -1 }. */
struct containers {
	struct ecs_agent agent;
	struct known_container *first;
	uint32_t silent_pass; /* the last one in which the agent did not answer */
	int silent_error;     /* why, 0 when it always did */
	uint32_t waited_pass; /* the last one in which it was asked */
	uint64_t waited_ns;   /* for its answers, in that one */
};

/* The container with @ids, which process @pid lives in; new ones are added. NULL: no memory. */
struct known_container *containers_see(struct containers *containers,
				       const struct container_ids *ids, uint32_t pass);

/*
 * Finds out who it is, unless that is known or was tried a moment ago; without the agent where that
 * was found silent or slow in this pass. @pid: one of its processes. This waits for answers: in a
 * pass, for a second and one container's at most.
 */
void containers_ask(struct containers *containers, struct known_container *known, pid_t pid,
		    uint32_t pass);

/* Forgets those that were not seen for a while. */
void containers_forget(struct containers *containers, uint32_t pass);
void containers_clear(struct containers *containers);

#endif
