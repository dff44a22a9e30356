/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_catch.h - standard error kept away from a terminal that shows a view: its last line is part
 * of the view, and the last lines are printed when the view is gone.
 */
#ifndef BPFXRAY_CLI_LOG_CATCH_H
#define BPFXRAY_CLI_LOG_CATCH_H

#include <stddef.h>

/* Bytes kept, older ones go first. */
#define LOG_CATCH_MAX 4096

/* Nothing is caught while saved is negative. */
struct log_catch {
	int saved; /* what standard error was */
	int pipe;
	size_t len;
	char text[LOG_CATCH_MAX + 1];
};

/* Catches only when standard error is a terminal. Returns 0 or a negative errno. */
int log_catch_start(struct log_catch *log);

/* The last whole line so far, "" when there is none; valid until the next call. */
const char *log_catch_last(struct log_catch *log, char *ret, size_t cap);

/* Standard error is what it was, and gets what was kept. */
void log_catch_end(struct log_catch *log);

#endif
