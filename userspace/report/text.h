/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - the report on a terminal. What comes from documents is printed without control
 * characters, so that no URL moves the cursor or changes colours.
 */
#ifndef BPFXRAY_REPORT_TEXT_H
#define BPFXRAY_REPORT_TEXT_H

#include <stdio.h>

#include "report/report.h"

/*
 * @trace: the id of the trace whose timeline is shown; NULL is the slowest that is no health check.
 * Returns 0, -ENOENT when there is no such trace, or -ENOMEM.
 */
int report_text(const struct report *report, const char *trace, FILE *out);

/*
 * @in as at most @width characters that are safe on a terminal, in @ret of at least 4 * @width + 4
 * bytes. White space becomes one blank; what is cut ends in an ellipsis. Returns the characters.
 */
size_t text_safe(const char *in, size_t width, char *ret);

#endif
