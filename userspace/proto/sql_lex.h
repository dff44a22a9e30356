/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_lex.h - cuts an SQL text into tokens; for sql.c and sql_kind.c only.
 *
 * The one thing it must never get wrong is where a literal begins and ends: where the text leaves
 * that open, the token is SQL_TOKEN_CUT and there is none behind it.
 */
#ifndef BPFXRAY_PROTO_SQL_LEX_H
#define BPFXRAY_PROTO_SQL_LEX_H

#include "proto/sql.h"

enum sql_token_kind {
	SQL_TOKEN_END,
	SQL_TOKEN_CUT, /* an unterminated string, quoted name or comment: nothing is known from here
			*/
	SQL_TOKEN_WORD,	  /* keyword, name, @variable */
	SQL_TOKEN_QUOTED, /* `name`, or "name" with ANSI_QUOTES; quotes included */
	SQL_TOKEN_STRING, /* with its prefix: x'..', N'..', _utf8mb4 '..' */
	SQL_TOKEN_NUMBER, /* without sign */
	SQL_TOKEN_PUNCT,  /* one byte */
};

struct sql_token {
	enum sql_token_kind kind;
	struct bytes text;
	bool space; /* white space or comments before it */
	bool lead;  /* a keyword behind which a value begins, as in `select -1` */
};

struct sql_lex {
	struct bytes in;
	struct sql_mode mode;
	size_t at;
	bool after_name; /* the byte before `at` ended a name: a `.` here qualifies it */
	bool after_dot;	 /* it was that `.`: digits here are a name */
};

struct sql_lex sql_lex_of(struct bytes in, struct sql_mode mode);

/* The next token; SQL_TOKEN_END (or _CUT) again and again at the end. */
struct sql_token sql_lex_next(struct sql_lex *lex);

/* Whether a number comes next, behind white space and signs only. */
bool sql_lex_number_follows(const struct sql_lex *lex);
/* Steps over the white space and signs in front of it. */
void sql_lex_skip_signs(struct sql_lex *lex);

/* ASCII case-insensitive, words only; @word in lower case, with a letter first. */
bool sql_token_is_word(const struct sql_token *token, const char *word);
bool sql_token_is_punct(const struct sql_token *token, char c);

/* Whether @word is among the NULL-terminated @list of words in lower case. */
bool sql_word_in(struct bytes word, const char *const *list);

#endif
