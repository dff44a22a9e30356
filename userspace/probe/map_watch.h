/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map_watch.h - files that any process of the host maps for execution, as it happens: how a driver
 * or a TLS library is noticed that is loaded after the attach.
 *
 * One perf event per CPU of the kind that counts nothing (PERF_COUNT_SW_DUMMY): the kernel writes a
 * record for each executable mapping, which is rare (a dlopen, an exec), and nothing for anything
 * else. No hook on a system call is needed.
 */
#ifndef BPFXRAY_PROBE_MAP_WATCH_H
#define BPFXRAY_PROBE_MAP_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct map_watch;

/* One executable mapping of a file. */
struct mapped_file {
	pid_t tgid;	/* in the agent's PID namespace */
	uint64_t at_ns; /* when, by CLOCK_MONOTONIC */
	uint64_t start;
	uint64_t end;
	const char *path; /* as the process sees it; valid during the call */
};

struct map_watch_sink {
	void (*mapped)(void *ctx, const struct mapped_file *file);
	/* records were lost: every target's maps must be read anew */
	void (*lost)(void *ctx);
	void *ctx;
};

/* 0, or the negative errno of perf_event_open() or mmap(). */
int map_watch_open(struct map_watch **ret);
/* Returns NULL. */
struct map_watch *map_watch_free(struct map_watch *watch);

/* Readable when there are records: for poll(). */
int map_watch_fd(const struct map_watch *watch);

/* Hands on what has been recorded, without waiting. */
void map_watch_read(struct map_watch *watch, const struct map_watch_sink *sink);

#endif
