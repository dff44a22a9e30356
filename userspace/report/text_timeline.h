/* SPDX-License-Identifier: Apache-2.0 */
/* text_timeline.h - one trace on a terminal, a line and a bar for each part; internal to text.c. */
#ifndef BPFXRAY_REPORT_TEXT_TIMELINE_H
#define BPFXRAY_REPORT_TEXT_TIMELINE_H

#include <stdio.h>

#include "report/report.h"

/* As report_text(). */
int text_timeline(const struct report *report, const char *trace, FILE *out);

#endif
