/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.h - requests that have been open for long are told before their end: what is in progress
 * then can be seen, and a service that hangs leaves a trace.
 *
 * The sweep tells of an open exchange within 150 ms of its last byte; the walk here takes what has
 * been open for longer than asked for, once. A front's request is not told when a worker's is
 * behind it: that one is.
 */
#ifndef BPFXRAY_TRACE_OPEN_H
#define BPFXRAY_TRACE_OPEN_H

#include "trace/state.h"

void open_tick(struct trace *trace);

#endif
