/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.h - the connection table: from a socket's first record until shortly after its close.
 */
#ifndef BPFXRAY_TRACE_CONN_H
#define BPFXRAY_TRACE_CONN_H

#include "trace/state.h"
#include "trace/turn.h"

/* The connection of @id, made when it is new. NULL without memory. */
struct conn *conn_get(struct trace *trace, uint64_t id);
struct conn *conn_find(struct trace *trace, uint64_t id);

/* Takes addresses, role and protocol from a record. */
void conn_learn(struct trace *trace, struct conn *conn, const struct bx_exchange *ex);

/* Keeps a fragment for its exchange. 0 or -ENOMEM. */
int conn_keep_fragment(struct trace *trace, struct conn *conn, const struct bx_fragment *fragment);

/* The connection's bytes are not read: its fragments are not missed. */
void conn_pass_fragments(struct conn *conn);

/* Forgets fragments of exchanges before @seq. */
void conn_drop_fragments(struct trace *trace, struct conn *conn, uint32_t seq);

/* The connection has ended: a tombstone stays for a while. */
void conn_close(struct trace *trace, struct conn *conn);

/* After record @ex: whether all that came in on the connection is answered. */
void conn_note_idle(struct trace *trace, struct conn *conn, const struct bx_exchange *ex);

/* Tells the sink of connections that have been idle for long enough. */
void conn_tell_idle(struct trace *trace);

/* Forgets tombstones that have stayed long enough. */
void conn_expire(struct trace *trace);

void conn_free_all(struct trace *trace);

#endif
