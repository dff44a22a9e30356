/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telemetry.h - what a running trace tells of itself: to `bpfxray health`, on SIGUSR1, in a line
 * now and then, and in Prometheus's text format.
 */
#ifndef BPFXRAY_CLI_TELEMETRY_H
#define BPFXRAY_CLI_TELEMETRY_H

#include <stdbool.h>

#include "cli/options.h"
#include "cli/stats.h"

struct telemetry {
	const struct options *options; /* stats, metrics, log_interval_s */
	struct stats_source source;
	int health_fd; /* negative: `bpfxray health` cannot ask */
	uint64_t line_ns, metrics_ns;
	int metrics_error; /* the last, so that it is said once */
};

/* Begins to listen for `bpfxray health`. */
void telemetry_open(struct telemetry *telemetry, const struct options *options,
		    struct stats_source source, uint64_t now_ns);
void telemetry_close(struct telemetry *telemetry);

/* Answers, and tells what is due. @why: what keeps the trace from working, or NULL. */
void telemetry_tick(struct telemetry *telemetry, const char *why, uint64_t now_ns);

/*
 * SIGUSR1, and the end: every counter that matters as lines, and the files of --stats, --metrics.
 * 0, or the negative errno of a file that cannot be written, which has been said.
 */
int telemetry_tell(struct telemetry *telemetry);

#endif
