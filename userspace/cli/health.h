/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h - `bpfxray health`, and what a running trace tells it.
 *
 * A trace listens on an abstract unix socket, @bpfxray-health-PID-MOUNT-RANDOM: nothing is written,
 * so that a read-only root file system does, and nothing is left behind by a kill. Its loop answers
 * by itself, between two drains: a loop that hangs does not answer. The name ends in random
 * digits, because anybody on the host may take a name that can be foreseen.
 *
 * `bpfxray health` finds these sockets in /proc/net/unix and asks those that are named after its
 * own mount namespace, or whose process has the same root directory (a unit with mounts of its own,
 * asked from a shell of the host), and whose owner is root or its own user, in the same PID
 * namespace: in a container that shares the host's network and processes, exactly the tracer of the
 * container. Others are not asked, since one that hangs would not tell whose it is.
 */
#ifndef BPFXRAY_CLI_HEALTH_H
#define BPFXRAY_CLI_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/exit_codes.h"

/* One message of this size at most answers a connection. */
#define HEALTH_ANSWER_MAX 1024

struct health_report {
	const char *why;    /* NULL: healthy; else what is wrong, for the user */
	const char *daemon; /* what is known of the X-Ray daemon, for the user */
	uint64_t processes; /* followed now */
	uint64_t requests;  /* told of */
	uint64_t sent;	    /* documents */
	uint64_t lost;	    /* documents */
};

/* Begins to listen. Returns a descriptor that never blocks, or a negative errno. */
int health_listen(void);

/* Has anybody asked at @fd (negative: nobody can)? */
bool health_asked(int fd);

/* Answers whoever has asked at @fd. Never waits. */
void health_answer(int fd, const struct health_report *report);

/*
 * Asks every trace that it is to ask and prints a line for each. EXIT_OK when there is one and all
 * are healthy, else EXIT_INTERNAL, which is 1.
 */
enum exit_code health_run(void);

#endif
