// SPDX-License-Identifier: Apache-2.0
/* libraries.c - see libraries.h: host/maps to probe/libraries. */
#include "cli/libraries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/file_id.h"
#include "host/maps.h"
#include "probe/libraries.h"
#include "util/cleanup.h"
#include "util/log.h"

/* A process that maps more different files than this is up to something. */
#define LIBRARY_FILES_MAX 4096
/* Between looks at whether what is probed is still mapped: a scan takes a millisecond a process. */
#define LIBRARY_SWEEP_US 60000000

/* An executable file that targets map. */
struct file {
	struct library_probes *probes; /* NULL: nothing in it is probed */
	struct file_id id;	       /* as it was when it was looked at */
	uint64_t seen;		       /* the round in which it was last mapped */
};

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

/* A new entry for the file, or NULL without memory or room. */
static struct file *file_new(struct libraries *libraries, const struct file_id *id)
{
	struct file *file = NULL;

	if (libraries->files.count < LIBRARY_FILES_MAX)
		file = calloc(1, sizeof(*file));
	if (file && table_insert(&libraries->files, id->inode, file) < 0) {
		free(file);
		file = NULL;
	}
	if (!file)
		libraries->counters.passed_over++;
	return file;
}

/* Probes were attached after `ready`: what the file moved before is not read. */
static void count_late(struct libraries *libraries)
{
	uint64_t late_us;

	libraries->counters.late++;
	if (!libraries->mapped_us) {
		libraries->counters.late_unmeasured++;
		return;
	}
	late_us = now_us() - libraries->mapped_us;
	if (late_us > libraries->counters.late_max_us)
		libraries->counters.late_max_us = late_us;
}

static void attach(struct libraries *libraries, int fd, const char *path, struct file *file)
{
	uint64_t begun_us = now_us();
	int probes = kernel_attach_library(libraries->kernel, fd, &file->probes);

	if (!probes || probes == -ENOEXEC)
		return;
	if (probes < 0) {
		libraries->counters.failed++;
		log_warn("%s: its functions cannot be probed: %s", path, strerror(-probes));
		return;
	}
	libraries->counters.attached++;
	if (libraries->ready)
		count_late(libraries);
	log_debug("%s: %d probes, %llu us", path, probes,
		  (unsigned long long)(now_us() - begun_us));
}

static bool is_as_it_was(const struct file *file, const struct file_id *id)
{
	return file->id.written_ns == id->written_ns && file->id.size == id->size;
}

/* Where a file was written over, other functions begin, or none. */
static void look_into(struct libraries *libraries, int fd, const char *path,
		      const struct file_id *id)
{
	struct file *file = table_find(&libraries->files, id->inode);
	bool known = file != NULL;

	if (!known)
		file = file_new(libraries, id);
	if (!file)
		return;
	file->seen = libraries->round;
	if (known && is_as_it_was(file, id))
		return;
	file->id = *id;
	file->probes = library_probes_free(file->probes);
	attach(libraries, fd, path, file);
}

static void look_at(struct libraries *libraries, pid_t tgid, const struct mapping *mapping)
{
	_cleanup_close_ int fd = mapping_open(tgid, mapping);
	struct file_id id;

	/* what has no memory or no descriptor left misses it; what is gone has nothing to miss */
	libraries->counters.passed_over += fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM;
	if (fd >= 0 && !file_id_read(fd, &id))
		look_into(libraries, fd, mapping->path, &id);
}

static void scanned(void *ctx, const struct mapping *mapping)
{
	const struct scan *scan = ctx;

	look_at(scan->libraries, scan->tgid, mapping);
}

void libraries_scan(struct libraries *libraries, pid_t tgid)
{
	struct scan scan = { libraries, tgid };

	if (libraries->off)
		return;
	/* a process that has ended meanwhile has nothing to read */
	(void)process_mappings(tgid, scanned, &scan);
}

static void mapped(void *ctx, const struct mapped_file *file)
{
	struct libraries *libraries = ctx;
	const struct mapping mapping = { file->start, file->end, file->path };

	if (!kernel_is_target(libraries->kernel, file->tgid))
		return;
	libraries->mapped_us = file->at_ns / 1000;
	look_at(libraries, file->tgid, &mapping);
	libraries->mapped_us = 0;
}

static void scan_all(void *ctx)
{
	struct libraries *libraries = ctx;
	pid_t tgid = 0;

	while ((tgid = kernel_next_target(libraries->kernel, tgid)))
		libraries_scan(libraries, tgid);
}

void libraries_open(struct libraries *libraries, struct kernel *kernel, bool off)
{
	int err = off ? 0 : map_watch_open(&libraries->watch);

	libraries->kernel = kernel;
	libraries->off = off;
	if (err < 0)
		log_warn("libraries that are loaded later will not be noticed: perf events: %s",
			 strerror(-err));
}

static void forget(struct libraries *libraries, struct table_iter it)
{
	struct file *file = table_remove(&libraries->files, it.key);

	library_probes_free(file->probes);
	free(file);
}

void libraries_close(struct libraries *libraries)
{
	libraries->watch = map_watch_free(libraries->watch);
	table_for_each (&libraries->files, it)
		forget(libraries, it);
	table_clear(&libraries->files);
}

/*
 * Containers and processes come and go: probes on what no target maps any more, some ten
 * descriptors a file, and what is known of processes that have ended would pile up.
 */
static void sweep(struct libraries *libraries, uint64_t at_us)
{
	libraries->swept_us = at_us;
	libraries->round++;
	kernel_forget_ended(libraries->kernel);
	scan_all(libraries);
	table_for_each (&libraries->files, it)
		if (((struct file *)it.value)->seen != libraries->round)
			forget(libraries, it);
}

void libraries_tick(struct libraries *libraries)
{
	const struct map_watch_sink sink = { mapped, scan_all, libraries };
	uint64_t at_us = now_us();

	if (libraries->watch)
		map_watch_read(libraries->watch, &sink);
	if (!libraries->swept_us)
		libraries->swept_us = at_us;
	if (at_us - libraries->swept_us > LIBRARY_SWEEP_US)
		sweep(libraries, at_us);
}
