/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - what services call the addresses that they connect to: from the answers of name
 * servers, and from their /etc/hosts. Pure: times come in.
 *
 * Names are kept for each service (a tree of processes) by itself: two containers may give one
 * address different names. Memory is bounded; the oldest goes first.
 */
#ifndef BPFXRAY_TRACE_NAMES_H
#define BPFXRAY_TRACE_NAMES_H

#include "proto/dns.h"
#include "trace/state.h"

/* Who was answered, or asks, and when (CLOCK_MONOTONIC). */
struct names_who {
	uint32_t tree; /* any number that the processes of a service have in common */
	uint32_t tgid;
	uint32_t tid;
	uint64_t at_ns;
};

/* The asker as @trace's sink groups the processes. */
static inline struct names_who names_who(const struct trace *trace, uint32_t tgid, uint32_t tid,
					 uint64_t at_ns)
{
	const struct trace_sink *sink = &trace->sink;

	return (struct names_who){ sink->tree ? sink->tree(sink->ctx, tgid) : 1, tgid, tid, at_ns };
}

/* Returns 0 and *ret, or -ENOMEM. */
int names_new(struct names **ret);
struct names *names_free(struct names *names);

/* A name server's message. False: it names no address. */
bool names_learn(struct names *names, const struct names_who *who, struct bytes message);

/* @text is the service's hosts file, in the place of what was known of it. */
void names_set_hosts(struct names *names, uint32_t tree, struct bytes text);

/*
 * The name of @address for a connection that began at who->at_ns, or NULL. Of several answers those
 * count first that were still valid then; of these the thread's own, then the process's, then the
 * latest. Without an answer the hosts file's first name counts. Valid until the next call.
 */
const char *names_find(const struct names *names, const struct names_who *who,
		       const uint8_t address[16]);

#endif
