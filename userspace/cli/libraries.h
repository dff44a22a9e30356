/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libraries.h - the TLS libraries of the targets: found in their maps at the attach, and as they
 * are loaded later; each file is probed once.
 */
#ifndef BPFXRAY_CLI_LIBRARIES_H
#define BPFXRAY_CLI_LIBRARIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "probe/kernel.h"
#include "probe/map_watch.h"
#include "util/table.h"

struct libraries_counters {
	uint64_t attached; /* files whose functions are probed */
	uint64_t late;	   /* of these, loaded after `ready`: what they moved before is not read */
	uint64_t late_max_us; /* the longest time from such a file's mapping to its last probe */
	uint64_t late_unmeasured; /* of the late ones, those whose mapping was not noticed */
	uint64_t failed;	  /* files with such functions that refused the probes */
	uint64_t passed_over;	  /* mappings that were not looked at: too many files, no memory */
};

struct libraries {
	struct kernel *kernel;
	bool off;		 /* nothing is looked at */
	struct map_watch *watch; /* NULL: new libraries are not noticed */
	struct table files;	 /* file_id.inode -> struct file of libraries.c */
	uint64_t round;		 /* sweeps so far */
	uint64_t swept_us;
	uint64_t mapped_us; /* when the file was mapped that is looked at now; 0: not known */
	bool ready;
	struct libraries_counters counters;
};

/*
 * Begins to watch, unless @off: then nothing is ever probed. What cannot be had (perf events) is
 * said in one line, and tracing goes on without.
 */
void libraries_open(struct libraries *libraries, struct kernel *kernel, bool off);
void libraries_close(struct libraries *libraries);

/* Looks at what process @tgid has mapped now. */
void libraries_scan(struct libraries *libraries, pid_t tgid);

/* Takes in what has been mapped since. */
void libraries_tick(struct libraries *libraries);

#endif
