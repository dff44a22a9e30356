// SPDX-License-Identifier: Apache-2.0
/* libraries.c - see libraries.h: host/maps to probe/libraries. */
#include "cli/libraries.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/maps.h"
#include "probe/libraries.h"
#include "util/cleanup.h"
#include "util/log.h"

/* A scan of one process. */
struct scan {
	struct libraries *libraries;
	pid_t tgid;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* False when the file has been looked at before, or the memory for that is missing. */
static bool first_sight(struct libraries *libraries, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	return !table_insert(&libraries->seen, table_key2(status.st_dev, status.st_ino), libraries);
}

static void attach(struct libraries *libraries, int fd, const char *path)
{
	uint64_t begun_us = now_us(), took_us;
	int probes = kernel_attach_library(libraries->kernel, fd);

	if (!probes || probes == -ENOEXEC)
		return;
	if (probes < 0) {
		libraries->counters.failed++;
		log_warn("%s: its functions cannot be probed: %s", path, strerror(-probes));
		return;
	}
	took_us = now_us() - begun_us;
	libraries->counters.attached++;
	if (libraries->ready) {
		libraries->counters.late++;
		if (took_us > libraries->counters.late_max_us)
			libraries->counters.late_max_us = took_us;
	}
	log_debug("%s: %d probes, %llu us", path, probes, (unsigned long long)took_us);
}

static void look_at(struct libraries *libraries, pid_t tgid, const struct mapping *mapping)
{
	_cleanup_close_ int fd = mapping_open(tgid, mapping);

	if (fd >= 0 && first_sight(libraries, fd))
		attach(libraries, fd, mapping->path);
}

static void scanned(void *ctx, const struct mapping *mapping)
{
	const struct scan *scan = ctx;

	look_at(scan->libraries, scan->tgid, mapping);
}

void libraries_scan(struct libraries *libraries, pid_t tgid)
{
	struct scan scan = { libraries, tgid };

	/* a process that has ended meanwhile has nothing to read */
	(void)process_mappings(tgid, scanned, &scan);
}

static void mapped(void *ctx, const struct mapped_file *file)
{
	struct libraries *libraries = ctx;
	const struct mapping mapping = { file->start, file->end, file->path };

	if (kernel_is_target(libraries->kernel, file->tgid))
		look_at(libraries, file->tgid, &mapping);
}

static void scan_all(void *ctx)
{
	struct libraries *libraries = ctx;
	pid_t tgid = 0;

	while ((tgid = kernel_next_target(libraries->kernel, tgid)))
		libraries_scan(libraries, tgid);
}

void libraries_open(struct libraries *libraries, struct kernel *kernel)
{
	int err = map_watch_open(&libraries->watch);

	libraries->kernel = kernel;
	if (!err)
		err = kernel_wait_for(kernel, map_watch_fd(libraries->watch));
	if (err < 0)
		log_warn("libraries that are loaded later will not be noticed: perf events: %s",
			 strerror(-err));
}

void libraries_close(struct libraries *libraries)
{
	libraries->watch = map_watch_free(libraries->watch);
	table_clear(&libraries->seen);
}

void libraries_tick(struct libraries *libraries)
{
	const struct map_watch_sink sink = { mapped, scan_all, libraries };

	if (libraries->watch)
		map_watch_read(libraries->watch, &sink);
}
