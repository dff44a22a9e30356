/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_out.h - the sanitiser's output: bounded text, with literal lists folded while they are
 * written; for sql.c only.
 *
 * `(?, ?, ?)` behind IN and VALUES becomes `(?)`, and a group equal to its neighbour disappears.
 * Both happen on the way, so that a list of a million rows never fills the output.
 */
#ifndef BPFXRAY_PROTO_SQL_OUT_H
#define BPFXRAY_PROTO_SQL_OUT_H

#include "util/bytes.h"

/* Deeper parentheses are written, but not folded. */
#define SQL_OUT_DEPTH 32

/* What stands between a pair of parentheses. */
struct sql_group {
	size_t open_at; /* where its parenthesis is in the output */
	bool list;	/* directly behind IN or VALUES, or a member of such a list */
	bool pure;	/* only literals so far: those behind the first are held back */
	bool has_literal;
	bool comma;	  /* a comma is held back */
	size_t held;	  /* literals held back */
	bool has_sibling; /* a list has just ended in here; only a comma stands behind it */
	size_t sibling_at, sibling_end;
};

struct sql_out {
	char *at;
	size_t len;
	size_t limit;
	bool full;    /* something did not fit */
	bool space;   /* owed before the next token */
	size_t depth; /* open parentheses; group[0] is the text around them */
	struct sql_group group[SQL_OUT_DEPTH]; /* those up to depth are there */
};

/* Begins with nothing. */
void sql_out_init(struct sql_out *out, char *at, size_t limit);

void sql_out_token(struct sql_out *out, struct bytes text);
void sql_out_literal(struct sql_out *out);
void sql_out_comma(struct sql_out *out, bool behind_literal);
/* @list: a keyword in front of it makes it a list; @first: it is the first thing in its group. */
void sql_out_open(struct sql_out *out, bool list, bool first, bool behind_comma);
void sql_out_close(struct sql_out *out);

/*
 * Makes the text valid UTF-8 without control characters; with @cut a partial last character goes.
 */
void sql_out_clean(struct sql_out *out, bool cut);

#endif
