/* SPDX-License-Identifier: Apache-2.0 */
/* print.h - a comparison for a person and for a program. */
#ifndef BPFXRAY_COMPARE_PRINT_H
#define BPFXRAY_COMPARE_PRINT_H

#include <stdio.h>

#include "compare/comparison.h"

/* Tables for a terminal. What comes from documents is printed without control characters. */
void comparison_print(struct comparison *comparison, FILE *out);

/* The same as one JSON object, with every pair. Returns 0 or -ENOMEM. */
int comparison_print_json(struct comparison *comparison, FILE *out);

#endif
