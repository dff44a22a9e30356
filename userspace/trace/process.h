/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - the traced processes: their live requests, and what part they play between client and
 * application.
 */
#ifndef BPFXRAY_TRACE_PROCESS_H
#define BPFXRAY_TRACE_PROCESS_H

#include "trace/state.h"

/* The process of @tgid, or NULL when nothing is known of it. */
struct process *process_find(const struct trace *trace, uint32_t tgid);

/* Remembers PROCESS_* of @tgid. 0 or -ENOMEM. */
int process_mark(struct trace *trace, uint32_t tgid, uint32_t flags);

int process_enter(struct trace *trace, struct live *live);
void process_leave(struct trace *trace, struct live *live);

/* The process has ended. */
void process_forget(struct trace *trace, uint32_t tgid);
void process_free_all(struct trace *trace);

#endif
