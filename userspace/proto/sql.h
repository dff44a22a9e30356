/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql.h - the shape of an SQL statement without its literals, and what kind of statement it is.
 * Pure, one pass.
 */
#ifndef BPFXRAY_PROTO_SQL_H
#define BPFXRAY_PROTO_SQL_H

#include "util/bytes.h"

/* Output cap of sql_sanitize(), the NUL included. */
#define SQL_SANITIZED_CAP 4096

struct sql_mode {
	bool no_backslash_escapes; /* server status 0x0200 */
	bool ansi_quotes;	   /* MariaDB server status 0x8000: ".." is an identifier */
	bool odd_charset; /* not utf8/latin1/ascii (gbk, sjis, big5 ...): only the verb is emitted
			   */
	bool truncated;	  /* the text goes on beyond the view */
};

/*
 * Writes @in with each literal replaced by `?` to @out: NUL-terminated, at most @cap bytes with the
 * NUL, valid UTF-8 without control characters. `...` at the end says that something is missing
 * there. No byte of a literal is ever written. Returns the length written.
 */
size_t sql_sanitize(struct bytes in, struct sql_mode mode, char *out, size_t cap);

enum sql_kind {
	SQL_OTHER,    /* a statement a program asked for */
	SQL_SESSION,  /* driver set-up: SET NAMES, SET autocommit, SET SESSION .., SELECT @@.. */
	SQL_COMMIT,   /* COMMIT, whole statement */
	SQL_ROLLBACK, /* ROLLBACK, whole statement (not ROLLBACK TO) */
	SQL_BEGIN,    /* BEGIN, START TRANSACTION */
	SQL_PROBE,    /* SELECT VERSION(), @@.. : what frameworks ask once */
	SQL_CALLPROC_ARGS, /* SET @_proc_arg1 = .. and SELECT @_proc_arg1..: callproc's helpers */
};

/* What @in is, by its first tokens; comments and case do not matter. */
enum sql_kind sql_kind(struct bytes in);

/*
 * True when @in begins, after white space, `(` and comments, with a keyword that begins MySQL
 * statements: the strict test for connections older than the trace.
 */
bool sql_looks_like_statement(struct bytes in);

#endif
