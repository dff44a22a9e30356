/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finder.h - looks for the processes that --container, --ecs-container, --ecs-family, --cgroup,
 * --exe and --port choose, as long as the trace runs: the kernel tells of the descendants of what
 * is followed already, and of nothing else.
 *
 * A thread of its own takes a census of /proc once a second. It looks into processes that are new
 * (for their first ten seconds, in which they may still become what they will be) or chosen, and
 * into a tenth of the others in each pass: beside 1,100 processes that was 2 ms of CPU a second for
 * containers and programs, 8 ms for ports, and five times that in the first ten passes. Questions
 * about containers wait in that thread. What it finds, and finds again, it hands over; who takes it
 * decides.
 */
#ifndef BPFXRAY_CLI_FINDER_H
#define BPFXRAY_CLI_FINDER_H

#include "host/choice.h"
#include "host/container.h"

struct finder;

/* A chosen process. */
struct found {
	struct found *next;
	pid_t pid;
	uint64_t start_ticks;	    /* struct process: the number may be another's by now */
	struct container container; /* all empty when it is in none */
};

/* @choices must outlive it. 0 or a negative errno. */
int finder_new(const struct choice *choices, size_t count, struct finder **ret);

/* Takes one pass in the caller's thread, waiting for the agent; only before finder_start(). */
int finder_pass(struct finder *finder);

/* The container of @pid as far as it can be told, waiting for the agent; before the first pass. */
void finder_identify(struct finder *finder, pid_t pid, struct container *ret);

/* Goes on in a thread. 0 or a negative errno. */
int finder_start(struct finder *finder);

/* What was found since the last call, in the order of the process numbers; for found_free(). */
struct found *finder_take(struct finder *finder);
void found_free(struct found *first);

/* Stops the thread (at once, whatever it waits for). */
struct finder *finder_free(struct finder *finder);

#endif
