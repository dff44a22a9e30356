/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregates.h - the report's numbers as JSON: what --json prints, and what the page shows before
 * anything is filtered. Times are milliseconds with 3 decimals.
 */
#ifndef BPFXRAY_REPORT_AGGREGATES_H
#define BPFXRAY_REPORT_AGGREGATES_H

#include <cjson/cJSON.h>

#include "report/report.h"

/* Entries of each list in the page; the number of all stands beside it. */
#define AGGREGATES_PAGE_MAX 60

/* Lists are cut at @max entries. Returns an object that the caller owns, or NULL without memory. */
cJSON *aggregates_json(const struct report *report, size_t max);

#endif
