/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ecs_agent.h - questions to the ECS agent of this host: which task a container belongs to. They
 * wait, half a second each at most: never on the path of events.
 *
 * Two sources, as a host-network task reaches them: the agent's introspection on loopback, which
 * knows every container of the host, and the task metadata endpoint, whose address the container
 * has in its environment and which adds the container's ARN.
 */
#ifndef BPFXRAY_CLI_ECS_AGENT_H
#define BPFXRAY_CLI_ECS_AGENT_H

#include "host/container.h"

struct ecs_agent {
	int cancel_fd; /* lets go of a question when it can be read; -1: none */
	bool host_known;
	struct ecs_host host;
};

/*
 * Fills @container (whose ids are there) with what is told of it. @pid: one of its processes.
 * Returns 0, -ENOENT when the agent does not know the container, or how the agent could not be
 * asked.
 */
int ecs_agent_ask(struct ecs_agent *agent, pid_t pid, struct container *container);

#endif
