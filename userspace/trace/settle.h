/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settle.h - finished requests wait here for their statements, their front or their worker, and go
 * to the sink.
 */
#ifndef BPFXRAY_TRACE_SETTLE_H
#define BPFXRAY_TRACE_SETTLE_H

#include "trace/state.h"

/* @live has finished: it is handed on now, or waits. It may be gone after this. */
void settle_add(struct trace *trace, struct live *live);

/* Looks at all that wait, at trace->now_ns. */
void settle_tick(struct trace *trace);

/* Hands on all that wait, as they are. */
void settle_flush(struct trace *trace);

#endif
