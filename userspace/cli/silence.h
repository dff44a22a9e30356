/* SPDX-License-Identifier: Apache-2.0 */
/*
 * silence.h - why a trace that is ready may see no request.
 */
#ifndef BPFXRAY_CLI_SILENCE_H
#define BPFXRAY_CLI_SILENCE_H

#include <linux/types.h>

#include "bpfxray/wire.h"
#include "trace/trace.h"

/* After this long without a request the likely cause is named once. */
#define SILENCE_NS (30 * 1000000000ULL)

/* The likely cause, as the rest of a sentence, by what the kernel side and the trace counted. */
const char *silence_cause(const uint64_t kernel[BX_C_MAX], const struct trace_counters *trace);

#endif
