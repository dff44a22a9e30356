/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.h - what each thread serves, and since when it is known to serve several requests at once.
 *
 * The kernel names the request whose head a thread read last. That is proof as long as the thread
 * has no other request open. The exchange of a connection that a thread turns away from is sent
 * before anything of the next one, so that an earlier request which looks open here is open.
 */
#ifndef BPFXRAY_TRACE_THREAD_H
#define BPFXRAY_TRACE_THREAD_H

#include "trace/state.h"

/* @live's head was read by its thread. 0 or -ENOMEM. */
int thread_enter(struct trace *trace, struct live *live, bool multiplex);

/* @live is answered (or over): intervals are compared, and @live is no longer open. */
void thread_leave(struct live *live);

/* Another thread answers @live: it never was this one's. */
void thread_quit(struct live *live);

/* @node was made by its thread; a soft request of that thread may own it. 0 or -ENOMEM. */
int thread_adopt(struct trace *trace, struct node *node);

/*
 * Whether thread @tid of @tgid has failed to connect to a database since @since_ns, by what its
 * sockets said.
 */
bool thread_failed_to_connect(const struct trace *trace, uint32_t tgid, uint32_t tid,
			      uint64_t since_ns);

/*
 * Whether the soft request @live owns what its thread began at @at_ns: it does when it is the
 * first request that the thread finishes after it. A thread pool works off one request after the
 * other; where no thread has answered what another read, it is not known to be one, and any
 * neighbour in time is a doubt.
 */
bool thread_owns_softly(const struct live *live, uint64_t at_ns);

/*
 * Thread @tid of @tgid sent at @at_ns for a request that was not seen (read before the attach):
 * what it did until then may have been for that one.
 */
void thread_answers_strange(struct trace *trace, uint32_t tgid, uint32_t tid, uint64_t at_ns);

/*
 * From @at_ns on @live's connection speaks something else than HTTP (a WebSocket): its thread may
 * do anything for it at any time, so that nothing is proven for another request until
 * thread_downgrade(). Returns the thread, which stays, or NULL when there is none.
 */
struct thread *thread_upgrade(const struct live *live, uint64_t at_ns);

/* The connection has ended; its last bytes passed at @last_ns. */
void thread_downgrade(struct thread *thread, uint64_t last_ns);

enum thread_proof { PROOF_NO, PROOF_YES, PROOF_LATER };

/*
 * Whether only @live was served by its thread at @at_ns. LATER: the end of a unix socket has not
 * been seen yet.
 */
enum thread_proof thread_proves(const struct live *live, uint64_t at_ns);

bool thread_multiplexes(const struct live *live);

/* Forgets the threads of a process that is gone, and those without a request for a while. */
void thread_forget_process(struct trace *trace, uint32_t tgid);
void thread_expire(struct trace *trace);
void thread_free_all(struct trace *trace);

#endif
