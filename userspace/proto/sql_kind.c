// SPDX-License-Identifier: Apache-2.0
/*
 * sql_kind.c - tells the statements that drivers and frameworks send on their own from those that a
 * program asked for.
 *
 * Each rule matches a whole statement: one that goes on differently, or has another behind it, is
 * the program's.
 */
#include "proto/sql_lex.h"

/* A statement's tokens with the next one in hand. */
struct scan {
	struct sql_lex lex;
	struct sql_token token;
};

static void advance(struct scan *s)
{
	s->token = sql_lex_next(&s->lex);
}

static struct scan scan_of(struct bytes in)
{
	struct scan s = { .lex = sql_lex_of(in, (struct sql_mode){ 0 }) };

	advance(&s);
	return s;
}

static bool accept_word(struct scan *s, const char *word)
{
	bool ret = sql_token_is_word(&s->token, word);

	if (ret)
		advance(s);
	return ret;
}

static bool accept_punct(struct scan *s, char c)
{
	bool ret = sql_token_is_punct(&s->token, c);

	if (ret)
		advance(s);
	return ret;
}

/* Nothing more than a final semicolon. */
static bool at_end(struct scan *s)
{
	while (accept_punct(s, ';'))
		;
	return s->token.kind == SQL_TOKEN_END;
}

/* The rest is one statement's, whatever it says; with @without, this word is not in it. */
static bool rest_is_one(struct scan *s, const char *without)
{
	while (s->token.kind != SQL_TOKEN_END && s->token.kind != SQL_TOKEN_CUT &&
	       !sql_token_is_punct(&s->token, ';') &&
	       !(without && sql_token_is_word(&s->token, without)))
		advance(s);
	return at_end(s);
}

static bool starts_with_nocase(struct bytes in, const char *prefix)
{
	return bytes_case_equal_str(bytes_take(in, strlen(prefix)), prefix);
}

/*
 * The name of a variable in which callproc passes a parameter: `_PROC_arg1` (mysql.connector) or
 * `_PROC_0` (MySQLdb, PyMySQL).
 */
static bool is_callproc_name(struct bytes name)
{
	size_t len = name.len;

	while (len && name.at[len - 1] >= '0' && name.at[len - 1] <= '9')
		len--;
	if (len == name.len || !len || name.at[0] != '_')
		return false;
	name.len = len;
	if (len > 5 && bytes_equal_str(bytes_skip(name, len - 4), "_arg"))
		return true;
	return len > 2 && name.at[len - 1] == '_';
}

/* @name, or @`name`. */
static bool accept_callproc_variable(struct scan *s)
{
	struct bytes name = s->token.text;

	if (s->token.kind != SQL_TOKEN_WORD || name.at[0] != '@')
		return false;
	advance(s);
	if (name.len == 1 && s->token.kind == SQL_TOKEN_QUOTED) {
		name = bytes_take(s->token.text, s->token.text.len - 1);
		advance(s);
	}
	return is_callproc_name(bytes_skip(name, 1));
}

static bool is_system_variable(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_WORD && bytes_starts_with(token->text, "@@");
}

/* Steps over a value: up to the comma or the statement's end on this level of parentheses. */
static void skip_value(struct scan *s)
{
	size_t depth = 0;

	while (s->token.kind != SQL_TOKEN_END && s->token.kind != SQL_TOKEN_CUT) {
		if (!depth &&
		    (sql_token_is_punct(&s->token, ',') || sql_token_is_punct(&s->token, ';')))
			return;
		if (sql_token_is_punct(&s->token, '('))
			depth++;
		else if (sql_token_is_punct(&s->token, ')') && depth)
			depth--;
		advance(s);
	}
}

/* Behind SET: `@_p_arg1 = .., @_p_arg2 = ..` */
static bool is_callproc_set(struct scan s)
{
	do {
		if (!accept_callproc_variable(&s))
			return false;
		accept_punct(&s, ':');
		if (!accept_punct(&s, '='))
			return false;
		skip_value(&s);
	} while (accept_punct(&s, ','));
	return at_end(&s);
}

/* Behind SELECT: `@_p_arg1, @_p_arg2 AS p_arg2, CAST(@_p_arg3 AS type) AS p_arg3` */
static bool is_callproc_select(struct scan s)
{
	do {
		bool cast = accept_word(&s, "cast");

		if (cast && !accept_punct(&s, '('))
			return false;
		if (!accept_callproc_variable(&s))
			return false;
		if (cast && !sql_token_is_word(&s.token, "as"))
			return false;
		if (cast)
			skip_value(&s);
		else if (accept_word(&s, "as"))
			advance(&s);
	} while (accept_punct(&s, ','));
	return at_end(&s);
}

/* Behind SET: what concerns this session alone. */
static bool is_session_set(struct scan s)
{
	static const char *const words[] = { "names",	"charset", "autocommit",
					     "session", "local",   NULL };
	struct bytes name = s.token.text;
	struct scan behind = s;

	if (s.token.kind != SQL_TOKEN_WORD)
		return false;
	/* Django runs SET SESSION TRANSACTION ISOLATION LEVEL as a statement of its own. */
	if (accept_word(&behind, "session") && accept_word(&behind, "transaction"))
		return false;
	if (accept_word(&s, "character"))
		return accept_word(&s, "set") && rest_is_one(&s, NULL);
	if (!sql_word_in(name, words) && !is_system_variable(&s.token))
		return false;
	if (starts_with_nocase(name, "@@global.") || starts_with_nocase(name, "@@persist"))
		return false;
	return rest_is_one(&s, NULL);
}

/* Behind SELECT: system variables alone, `@@a, @@b AS b LIMIT 1`. */
static bool is_variables_select(struct scan s)
{
	do {
		if (!is_system_variable(&s.token))
			return false;
		advance(&s);
		if (accept_word(&s, "as"))
			advance(&s);
	} while (accept_punct(&s, ','));
	if (accept_word(&s, "limit") && s.token.kind == SQL_TOKEN_NUMBER)
		advance(&s);
	return at_end(&s);
}

/* Behind SELECT: `VERSION()`, and what else needs no table. */
static bool is_probe_select(struct scan s)
{
	if (!accept_word(&s, "version") || !accept_punct(&s, '(') || !accept_punct(&s, ')'))
		return false;
	return (sql_token_is_punct(&s.token, ',') || at_end(&s)) && rest_is_one(&s, "from");
}

static enum sql_kind kind_of_set(struct scan s)
{
	if (is_session_set(s))
		return SQL_SESSION;
	return is_callproc_set(s) ? SQL_CALLPROC_ARGS : SQL_OTHER;
}

static enum sql_kind kind_of_select(struct scan s)
{
	if (is_variables_select(s))
		return SQL_SESSION;
	if (is_probe_select(s))
		return SQL_PROBE;
	return is_callproc_select(s) ? SQL_CALLPROC_ARGS : SQL_OTHER;
}

/* COMMIT, ROLLBACK or BEGIN, with an optional WORK. */
static enum sql_kind kind_if_whole(struct scan s, enum sql_kind kind)
{
	accept_word(&s, "work");
	return at_end(&s) ? kind : SQL_OTHER;
}

enum sql_kind sql_kind(struct bytes in)
{
	struct scan s = scan_of(in);

	if (accept_word(&s, "set"))
		return kind_of_set(s);
	if (accept_word(&s, "select"))
		return kind_of_select(s);
	if (accept_word(&s, "commit"))
		return kind_if_whole(s, SQL_COMMIT);
	if (accept_word(&s, "rollback"))
		return kind_if_whole(s, SQL_ROLLBACK);
	if (accept_word(&s, "begin"))
		return kind_if_whole(s, SQL_BEGIN);
	if (accept_word(&s, "start") && accept_word(&s, "transaction") && rest_is_one(&s, NULL))
		return SQL_BEGIN;
	return SQL_OTHER;
}

/* A comment that servers run (it begins with an exclamation mark) is the statement itself. */
static struct bytes enter_executable(struct bytes in)
{
	while (in.len && (in.at[0] <= ' ' || in.at[0] == '('))
		in = bytes_skip(in, 1);
	if (!bytes_starts_with(in, "/*!") && !bytes_starts_with(in, "/*M!"))
		return in;
	in = bytes_skip(in, in.at[2] == 'M' ? 4 : 3);
	while (in.len && in.at[0] >= '0' && in.at[0] <= '9')
		in = bytes_skip(in, 1);
	return in;
}

bool sql_looks_like_statement(struct bytes in)
{
	static const char *const words[] = {
		"select",    "insert",	  "update",   "delete",	    "replace", "call",
		"set",	     "show",	  "with",     "begin",	    "start",   "commit",
		"rollback",  "create",	  "alter",    "drop",	    "use",     "explain",
		"do",	     "truncate",  "lock",     "unlock",	    "analyze", "optimize",
		"release",   "savepoint", "xa",	      "prepare",    "execute", "revoke",
		"grant",     "load",	  "handler",  "describe",   "desc",    "kill",
		"flush",     "reset",	  "check",    "checksum",   "repair",  "rename",
		"values",    "table",	  "help",     "change",	    "stop",    "install",
		"uninstall", "signal",	  "resignal", "binlog",	    "cache",   "purge",
		"import",    "restart",	  "shutdown", "deallocate", NULL,
	};
	struct scan s = scan_of(enter_executable(in));

	while (accept_punct(&s, '('))
		;
	return s.token.kind == SQL_TOKEN_WORD && sql_word_in(s.token.text, words);
}
