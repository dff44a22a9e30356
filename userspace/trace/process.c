// SPDX-License-Identifier: Apache-2.0
/*
 * process.c - the process table. An entry lives until its process has ended and its last request is
 * handed on.
 */
#include "trace/process.h"

#include <errno.h>
#include <stdlib.h>

struct process *process_find(const struct trace *trace, uint32_t tgid)
{
	return table_find(&trace->processes, table_key(tgid));
}

static struct process *process_get(struct trace *trace, uint32_t tgid)
{
	struct process *process = process_find(trace, tgid);

	if (process && !(process->flags & PROCESS_GONE))
		return process;
	if (process) /* the number is in use again */
		table_remove(&trace->processes, table_key(tgid));
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->tgid = tgid;
	list_init(&process->requests);
	if (table_insert(&trace->processes, table_key(tgid), process) < 0) {
		free(process);
		return NULL;
	}
	return process;
}

int process_mark(struct trace *trace, uint32_t tgid, uint32_t flags)
{
	struct process *process = process_get(trace, tgid);

	if (!process)
		return -ENOMEM;
	process->flags |= flags;
	return 0;
}

int process_enter(struct trace *trace, struct live *live)
{
	struct process *process = process_get(trace, live->r.tgid);

	if (!process)
		return -ENOMEM;
	live->process = process;
	list_append(&process->requests, &live->process_link);
	return 0;
}

static void process_release(struct trace *trace, struct process *process)
{
	if (!(process->flags & PROCESS_GONE) || !list_empty(&process->requests))
		return;
	if (process_find(trace, process->tgid) == process)
		table_remove(&trace->processes, table_key(process->tgid));
	free(process);
}

void process_leave(struct trace *trace, struct live *live)
{
	struct process *process = live->process;

	if (!process)
		return;
	list_remove(&live->process_link);
	live->process = NULL;
	process_release(trace, process);
}

void process_forget(struct trace *trace, uint32_t tgid)
{
	struct process *process = process_find(trace, tgid);

	if (!process)
		return;
	process->flags |= PROCESS_GONE;
	process_release(trace, process);
}

void process_free_all(struct trace *trace)
{
	table_for_each (&trace->processes, it)
		free(table_remove(&trace->processes, it.key));
	table_clear(&trace->processes);
}
