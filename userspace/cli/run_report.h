/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_report.h - `trace --report FILE`: from a PID to a page in one command. What the run sends is
 * read again at its end and written as the page that `bpfxray report -o` makes.
 *
 * The documents come from --output when that is a regular file, from where it ended when the run
 * began; else they are kept in an unnamed file in the page's directory, which is gone with the
 * process, however that ends.
 */
#ifndef BPFXRAY_CLI_RUN_REPORT_H
#define BPFXRAY_CLI_RUN_REPORT_H

#include <stdio.h>

#include "cli/exit_codes.h"
#include "cli/options.h"
#include "emit/file.h"

/* An all-zero struct has nothing to report. */
struct run_report {
	const char *path;
	FILE *page;
	FILE *documents;
	struct file_writer *writer; /* of the unnamed file; NULL: --output has the documents */
};

/*
 * Opens the page, so that a path that cannot be written is known before the trace, and the place of
 * the documents. EXIT_OK, or the exit code after one line that says what is wrong.
 */
enum exit_code run_report_open(const struct options *options, struct run_report *ret);

/* After the last document. Says where the page is. */
enum exit_code run_report_write(struct run_report *run);

void run_report_close(struct run_report *run);

#endif
