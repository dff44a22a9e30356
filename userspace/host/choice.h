/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choice.h - whether a process is chosen by what it is: by its container, its task, its control
 * group, its program, or the port that it listens on. Pure: facts about a process in, verdict out.
 *
 * Choices are alternatives: a process is taken when any of them fits it. Containers that run once
 * (a migration, collectstatic) have names of their own in their task definition, so that a choice
 * by the service's container name leaves them out.
 */
#ifndef BPFXRAY_HOST_CHOICE_H
#define BPFXRAY_HOST_CHOICE_H

#include "host/ecs_task.h"

enum choice_kind {
	CHOICE_CONTAINER,     /* an id or its beginning, its name in Docker or in ECS */
	CHOICE_ECS_CONTAINER, /* the container's name in the task definition */
	CHOICE_ECS_FAMILY,    /* the task definition's family */
	CHOICE_CGROUP,	      /* a control group's path: the processes in it and below it */
	CHOICE_EXE,	      /* a pattern of the program's path, or of its base name */
	CHOICE_PORT,	      /* a TCP port that the process listens on */
};

struct choice {
	enum choice_kind kind;
	const char *value;
	uint16_t port; /* of CHOICE_PORT */
};

/* What is known of a process. */
struct candidate {
	struct container_ids ids;
	struct bytes cgroup;	     /* text of its /proc/PID/cgroup */
	const char *exe;	     /* as the process sees it; NULL: not readable */
	const uint16_t *ports;	     /* those of the choices that it listens on */
	size_t port_count;	     /* of ports */
	const struct ecs_task *task; /* NULL: the agent was not asked yet */
};

/* How sure the answer is. */
enum chosen {
	CHOSEN_NO,
	CHOSEN_YES,
	CHOSEN_ASK, /* the container's names must be known first: ask, then again */
};

/* A process in no container is never a reason to ask. */
enum chosen choice_verdict(const struct choice *choices, size_t count,
			   const struct candidate *candidate);

/*
 * Whether @path, as the user writes it ("/system.slice/uwsgi.service"), names the group of one line
 * of @text, or one that holds it. From within a cgroup namespace the paths of others are relative
 * to its own group ("/../docker-ID.scope"): those fit when what follows the dots is the end of
 * @path.
 */
bool choice_cgroup_fits(const char *path, struct bytes text);

#endif
