/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h - counting what was found; internal to comparison.c and calls.c. */
#ifndef BPFXRAY_COMPARE_TALLY_H
#define BPFXRAY_COMPARE_TALLY_H

#include "compare/comparison.h"

int samples_add(struct samples *samples, double value);

/* A difference: counted under its reason, and kept when it has none. @sdk, @ours: NULL is absent.
 */
int tally_difference(struct comparison *comparison, const struct segment *segment,
		     const char *field, enum reason reason, const cJSON *sdk, const cJSON *ours);

/* Compares all of @fields for @sides into @tallies. */
int tally_fields(struct comparison *comparison, const struct field *fields, size_t count,
		 struct field_tally *tallies, struct sides *sides);

/* Two texts side by side. */
int tally_texts(struct comparison *comparison, const struct sides *sides);
void tally_sort_texts(struct comparison *comparison);

/* The calls of two segments that belong together. */
int calls_compare(struct comparison *comparison, struct segment *sdk, struct segment *ours);

#endif
