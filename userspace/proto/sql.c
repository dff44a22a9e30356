// SPDX-License-Identifier: Apache-2.0
/*
 * sql.c - the shape of a statement: its tokens with each literal as `?`, one space where there was
 * white space, no comments.
 *
 * Drivers put parameters into the text before they send it, so that a literal is a user's data:
 * where it is not certain what a byte belongs to, the output ends.
 */
#include "proto/sql_lex.h"
#include "proto/sql_out.h"
#include "util/array.h"

static const char ELLIPSIS[] = "...";

struct sanitizer {
	struct sql_lex lex;
	struct sql_out out;
	struct sql_token prev; /* SQL_TOKEN_END: none in this statement */
	bool prev_literal;
	bool semicolon; /* held back: the last one is dropped */
	bool cut;	/* the text goes on, but not in the output */
	bool stop;
};

/* Statements that are about accounts: nothing behind these words is written. */
static const char *const ACCOUNT_STATEMENTS[][5] = {
	{ "set", "password" },
	{ "create", "user" },
	{ "create", "or", "replace", "user" },
	{ "alter", "user" },
	{ "grant" },
	{ "revoke" },
	{ "change", "master" },
	{ "change", "replication" },
	{ "create", "server" },
	{ "alter", "server" },
};

/* Whether the tokens from @lex on begin with @words. */
static bool begins_with(struct sql_lex lex, const char *const *words)
{
	for (; *words; words++) {
		struct sql_token token = sql_lex_next(&lex);

		if (!sql_token_is_word(&token, *words))
			return false;
	}
	return true;
}

/*
 * At a statement's beginning, which is @first: writes the leading words of an account statement,
 * and ends there.
 */
static bool account_statement(struct sanitizer *s, const struct sql_token *first,
			      struct sql_lex lex)
{
	for (size_t i = 0; i < ARRAY_LEN(ACCOUNT_STATEMENTS); i++) {
		const char *const *words = ACCOUNT_STATEMENTS[i];

		/* most statements differ in the first word, which is cut already */
		if (!sql_token_is_word(first, words[0]) || !begins_with(lex, words))
			continue;
		for (; *words; words++) {
			sql_out_token(&s->out, sql_lex_next(&lex).text);
			s->out.space = true;
		}
		return true;
	}
	return false;
}

static bool prev_is(const struct sanitizer *s, char c)
{
	return sql_token_is_punct(&s->prev, c);
}

/* Whether a sign here belongs to the number behind it. */
static bool is_unary(const struct sanitizer *s)
{
	if (s->prev.kind == SQL_TOKEN_PUNCT)
		return !s->prev_literal && !prev_is(s, ')') && !prev_is(s, '}');
	return s->prev.kind == SQL_TOKEN_END || s->prev.lead;
}

/*
 * A literal's sign goes with it. The space before it as well when the operator before that has
 * none: it only keeps two signs apart, as in `a- -1`.
 */
static bool drop_sign(struct sanitizer *s, const struct sql_token *token)
{
	bool tight = s->prev.kind == SQL_TOKEN_PUNCT && !prev_is(s, ',') && !prev_is(s, '(') &&
		     !s->prev.space;

	if (!sql_token_is_punct(token, '-') && !sql_token_is_punct(token, '+'))
		return false;
	if (!is_unary(s) || !sql_lex_number_follows(&s->lex))
		return false;
	sql_lex_skip_signs(&s->lex);
	if (tight)
		s->out.space = false;
	return true;
}

static bool opens_list(const struct sql_token *token)
{
	return sql_token_is_word(token, "in") || sql_token_is_word(token, "values") ||
	       sql_token_is_word(token, "value");
}

static void write_token(struct sanitizer *s, const struct sql_token *token, bool literal)
{
	if (literal)
		sql_out_literal(&s->out);
	else if (sql_token_is_punct(token, ','))
		sql_out_comma(&s->out, s->prev_literal);
	else if (sql_token_is_punct(token, '('))
		sql_out_open(&s->out, opens_list(&s->prev), prev_is(s, '('), prev_is(s, ','));
	else if (sql_token_is_punct(token, ')'))
		sql_out_close(&s->out);
	else
		sql_out_token(&s->out, token->text);
}

static bool is_literal(const struct sql_token *token)
{
	/* A placeholder is kept, and folds like what will take its place. */
	return token->kind == SQL_TOKEN_STRING || token->kind == SQL_TOKEN_NUMBER ||
	       token->kind == SQL_TOKEN_CUT || sql_token_is_punct(token, '?');
}

static void statement_end(struct sanitizer *s)
{
	s->semicolon = s->out.len > 0;
	s->prev = (struct sql_token){ 0 };
	s->prev_literal = false;
	s->out.space = false;
}

/* Writes what separates this statement from the one before. */
static void statement_begin(struct sanitizer *s)
{
	if (!s->semicolon)
		return;
	s->out.space = false;
	sql_out_token(&s->out, bytes_str(";"));
	s->out.space = true;
	s->semicolon = false;
}

static void step(struct sanitizer *s)
{
	struct sql_lex at = s->lex;
	struct sql_token token = sql_lex_next(&s->lex);
	bool literal = is_literal(&token);
	bool account = false;

	if (sql_token_is_punct(&token, ';'))
		return statement_end(s);
	s->stop = token.kind == SQL_TOKEN_END || token.kind == SQL_TOKEN_CUT;
	s->cut |= token.kind == SQL_TOKEN_CUT;
	if (token.kind == SQL_TOKEN_END)
		return;
	s->out.space |= token.space;
	if (s->prev.kind == SQL_TOKEN_END) {
		statement_begin(s);
		account = account_statement(s, &token, at);
	}
	s->stop |= account;
	if (account || drop_sign(s, &token))
		return;
	write_token(s, &token, literal);
	s->prev = token;
	s->prev_literal = literal;
}

/* In a charset whose characters may hold quote bytes, literals cannot be told: the verb only. */
static void write_verb(struct sanitizer *s)
{
	struct sql_token token;

	if (!sql_looks_like_statement(s->lex.in))
		return sql_out_literal(&s->out);
	do {
		token = sql_lex_next(&s->lex);
	} while (sql_token_is_punct(&token, '('));
	if (token.kind == SQL_TOKEN_WORD)
		sql_out_token(&s->out, token.text);
}

/* All but the output, which is large. */
static void sanitizer_init(struct sanitizer *s, struct bytes in, struct sql_mode mode)
{
	s->lex = sql_lex_of(in, mode);
	s->prev = (struct sql_token){ 0 };
	s->prev_literal = false;
	s->semicolon = false;
	s->cut = mode.truncated && !mode.odd_charset;
	s->stop = false;
}

size_t sql_sanitize(struct bytes in, struct sql_mode mode, char *out, size_t cap)
{
	/* Room for what says that the text is cut, unless there is hardly room for anything. */
	size_t reserve = cap > 2 * sizeof(ELLIPSIS) ? sizeof(ELLIPSIS) : 1;
	struct sanitizer s;

	if (!cap)
		return 0;
	sanitizer_init(&s, in, mode);
	sql_out_init(&s.out, out, cap - reserve);
	if (mode.odd_charset)
		write_verb(&s);
	while (!mode.odd_charset && !s.stop && !s.out.full)
		step(&s);
	s.cut |= s.out.full;
	sql_out_clean(&s.out, s.cut);
	if (s.cut && reserve == sizeof(ELLIPSIS)) {
		memcpy(out + s.out.len, ELLIPSIS, strlen(ELLIPSIS));
		s.out.len += strlen(ELLIPSIS);
	}
	out[s.out.len] = '\0';
	return s.out.len;
}
