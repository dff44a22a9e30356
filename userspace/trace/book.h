/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book.h - which statements belong to which server-role exchange, in whatever order the records of
 * both come.
 */
#ifndef BPFXRAY_TRACE_BOOK_H
#define BPFXRAY_TRACE_BOOK_H

#include "trace/state.h"

/*
 * A client exchange came that the kernel put under (@conn, @seq). Returns its entry, or NULL when
 * nobody owns it, its owner is gone, or there is no memory.
 */
struct served *book_arrive(struct trace *trace, uint64_t conn, uint32_t seq);

/* The entry of (@conn, @seq), or NULL. */
struct served *book_find(struct trace *trace, uint64_t conn, uint32_t seq);

/* The kernel counted @children for (@conn, @seq) so far. 0 or -ENOMEM. */
int book_expect(struct trace *trace, uint64_t conn, uint32_t seq, uint32_t children);

/* A request covers (@conn, @seq) from now on. 0 or -ENOMEM. */
int book_use(struct trace *trace, uint64_t conn, uint32_t seq);
void book_unuse(struct trace *trace, uint64_t conn, uint32_t seq);

/* The exchange (@conn, @seq) is over. */
void book_end(struct trace *trace, uint64_t conn, uint32_t seq);

/*
 * An empty statement under @served (NULL: nobody's), written through *@open. NULL without memory.
 */
struct node *book_node(struct trace *trace, struct served *served, struct node **open);

/*
 * The statement is complete: it stays for its request, or is dropped by --db-spans or for lack of
 * an owner.
 */
void book_node_done(struct trace *trace, struct node *node);

/* Takes the statement away; its writer forgets it. */
void book_node_free(struct node *node);

/* Whether --db-spans wants it. */
bool book_wants(const struct trace *trace, const struct node *node);

/*
 * True when every client exchange that the kernel counted for @live has come, and none is half
 * read.
 */
bool book_complete(struct trace *trace, const struct live *live);

/*
 * True when client exchanges of @live are missing that the kernel counted less than @limit_ns ago:
 * a statement behind the answer may be under way still.
 */
bool book_grows(struct trace *trace, const struct live *live, uint64_t limit_ns);

/* Moves the statements proven to be @live's into its request, by start. 0 or -ENOMEM. */
int book_take(struct trace *trace, struct live *live);

/* Counts the statements that have been nobody's for long enough. */
void book_tick(struct trace *trace);

/* Counts the statements that nobody has taken. */
void book_flush(struct trace *trace);
void book_free_all(struct trace *trace);

#endif
