/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top_frame.h - the live view as text: a frame that fits a screen, or lines for a file. No escape
 * sequence is written here, and what comes from requests is made safe, so that no URL moves the
 * cursor.
 */
#ifndef BPFXRAY_REPORT_TOP_FRAME_H
#define BPFXRAY_REPORT_TOP_FRAME_H

#include <stdio.h>

#include "report/top.h"

/* What the agent knows besides the requests. Texts may be hostile. */
struct top_facts {
	const char *services;
	size_t processes;
	const char *backend;
	uint64_t running_s;
	uint64_t documents;  /* made of the requests */
	uint64_t sent;	     /* to the daemon */
	uint64_t lost;	     /* everything that is counted as a loss */
	const char *losses;  /* by cause */
	const char *message; /* the last line of the log; empty: none */
	uint64_t now_ns;
};

/* At most @lines lines, with a line feed between them; each is for a screen of @columns. */
void top_frame(const struct top *top, const struct top_facts *facts, unsigned int columns,
	       unsigned int lines, FILE *out);

/*
 * One line of sums and one for each of the heaviest URLs and statements; each begins with @time and
 * `all`, `url` or `sql`.
 */
void top_lines(const struct top *top, const struct top_facts *facts, const char *time, FILE *out);

#endif
