/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - the report as one HTML file that needs nothing else: the template from page/, built into
 * the program, with the data between two of its tags.
 */
#ifndef BPFXRAY_REPORT_PAGE_H
#define BPFXRAY_REPORT_PAGE_H

#include <stdio.h>

#include "report/input.h"
#include "report/report.h"
#include "util/bytes.h"

/*
 * @inputs: the files that the documents came from. Returns 0 or a negative errno; errors of @out
 * stay with the stream.
 */
int page_write(const struct report *report, const struct inputs *inputs, FILE *out);

/* The template as built in. */
struct bytes page_template(void);

#endif
