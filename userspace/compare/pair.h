/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair.h - which segment of one tracer is which of the other: by trace id where both joined the
 * same trace, else by method, URL and overlapping time. Among several the ones whose times differ
 * least belong together.
 */
#ifndef BPFXRAY_COMPARE_PAIR_H
#define BPFXRAY_COMPARE_PAIR_H

#include "compare/record.h"

/* Clocks are read at other moments by each tracer: so much is no difference. */
#define PAIR_TOLERANCE_S 0.001

/* Fills partner and by_trace on both sides. Returns 0 or -ENOMEM. */
int pair_segments(struct record *sdk, struct record *ours);

#endif
