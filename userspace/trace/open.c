// SPDX-License-Identifier: Apache-2.0
/* open.c - see open.h. */
#include "trace/open.h"

#include "trace/fronts.h"

/* Between walks: who waits for a minute does not mind a second. */
#define WALK_NS MS(1000)

static bool is_due(const struct trace *trace, const struct live *live)
{
	if (live->finished || live->dropped || live->told || live->r.number)
		return false;
	if (live->r.start_ns + trace->open_after_ns > trace->now_ns)
		return false;
	return !live->worker && !fronts_has_worker(live);
}

static void tell_due(struct trace *trace, const struct process *process)
{
	list_for_each (&process->requests, it) {
		struct live *live = list_entry(it, struct live, process_link);

		if (!is_due(trace, live))
			continue;
		live->r.number = ++trace->told_open;
		trace->sink.open(trace->sink.ctx, &live->r);
	}
}

void open_tick(struct trace *trace)
{
	if (!trace->open_after_ns || !trace->sink.open || trace->now_ns < trace->open_walk_ns)
		return;
	trace->open_walk_ns =
		trace->now_ns + (trace->open_after_ns < WALK_NS ? trace->open_after_ns : WALK_NS);
	table_for_each (&trace->processes, it)
		tell_due(trace, it.value);
}
