// SPDX-License-Identifier: Apache-2.0
/*
 * sql_lex.c - see sql_lex.h. Follows MySQL's lexer where it decides what is a literal, and calls
 * more than that a literal where it costs nothing: a name that begins with a digit counts as a
 * number unless a dot binds it to a name before it.
 */
#include "proto/sql_lex.h"
#include "util/array.h"

/* How far a sign may be from its number. */
#define SIGN_REACH 64

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static const bool name_bytes[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	['_'] = true,	      ['$'] = true,	    [0x80 ... 0xff] = true,
};

static bool is_name(int c)
{
	return c >= 0 && name_bytes[c];
}

static bool is_space(int c)
{
	return (c >= 0 && c <= 0x20) || c == 0x7f;
}

/* The byte @ahead of the position, -1 behind the end. */
static int peek(const struct sql_lex *lex, size_t ahead)
{
	size_t left = lex->in.len - lex->at;

	return ahead < left ? lex->in.at[lex->at + ahead] : -1;
}

static bool is_quote(const struct sql_lex *lex, int c)
{
	return c == '\'' || (c == '"' && !lex->mode.ansi_quotes);
}

static bool is_name_quote(const struct sql_lex *lex, int c)
{
	return c == '`' || (c == '"' && lex->mode.ansi_quotes);
}

/* Index behind the quoted run that begins at @in.at[0], doubled quotes inside; 0: not closed. */
static size_t quoted_len(struct bytes in, bool backslash)
{
	uint8_t quote = in.at[0];

	for (size_t i = 1; i < in.len; i++) {
		if (backslash && in.at[i] == '\\')
			i++;
		else if (in.at[i] == quote && i + 1 < in.len && in.at[i + 1] == quote)
			i++;
		else if (in.at[i] == quote)
			return i + 1;
	}
	return 0;
}

/*
 * Whether a comment's body that servers may run (or take hints from) means the same to those that
 * do not: its quotes are closed, and nothing in it begins another comment.
 */
static bool is_plain_body(const struct sql_lex *lex, struct bytes body)
{
	for (size_t i = 0; i < body.len; i++) {
		uint8_t c = body.at[i];
		int next = i + 1 < body.len ? body.at[i + 1] : -1;

		if (c == '#' || (c == '/' && next == '*') || (c == '-' && next == '-'))
			return false;
		if (c == '\'' || c == '"' || c == '`') {
			bool backslash = is_quote(lex, c) && !lex->mode.no_backslash_escapes;
			size_t n = quoted_len(bytes_skip(body, i), backslash);

			if (!n)
				return false;
			i += n - 1;
		}
	}
	return true;
}

static bool is_executable(struct bytes body)
{
	return bytes_starts_with(body, "!") || bytes_starts_with(body, "+") ||
	       bytes_starts_with(body, "M!");
}

/* Steps over a block comment; false when it is not certain where it ends. */
static bool skip_block_comment(struct sql_lex *lex)
{
	struct bytes rest = bytes_skip(lex->in, lex->at + 2);
	const uint8_t *end = rest.len ? memmem(rest.at, rest.len, "*/", 2) : NULL;
	struct bytes body;

	if (!end)
		return false;
	body = bytes_take(rest, (size_t)(end - rest.at));
	lex->at += 2 + body.len + 2;
	return !is_executable(body) || is_plain_body(lex, body);
}

/* Steps over a line comment; false when the text was cut inside. */
static bool skip_line_comment(struct sql_lex *lex)
{
	ptrdiff_t end = bytes_index(bytes_skip(lex->in, lex->at), '\n');

	lex->at = end < 0 ? lex->in.len : lex->at + (size_t)end + 1;
	return end >= 0 || !lex->mode.truncated;
}

static bool at_line_comment(const struct sql_lex *lex)
{
	if (peek(lex, 0) == '#')
		return true;
	return peek(lex, 0) == '-' && peek(lex, 1) == '-' &&
	       (peek(lex, 2) < 0 || is_space(peek(lex, 2)));
}

/* Steps over white space and comments; false: cut inside a comment. */
static bool skip_space(struct sql_lex *lex)
{
	for (;;) {
		if (is_space(peek(lex, 0)))
			lex->at++;
		else if (at_line_comment(lex)) {
			if (!skip_line_comment(lex))
				return false;
		} else if (peek(lex, 0) == '/' && peek(lex, 1) == '*') {
			if (!skip_block_comment(lex))
				return false;
		} else {
			return true;
		}
	}
}

static size_t name_len(const struct sql_lex *lex)
{
	struct bytes rest = bytes_skip(lex->in, lex->at);
	size_t n = 0;

	while (n < rest.len && name_bytes[rest.at[n]])
		n++;
	return n;
}

/* Length of an @variable without quotes: the names of system and user variables hold dots. */
static size_t variable_len(const struct sql_lex *lex)
{
	size_t n = peek(lex, 1) == '@' ? 2 : 1;

	while (is_name(peek(lex, n)) || peek(lex, n) == '.')
		n++;
	return n;
}

/*
 * Length of a number, with all that sticks to it. An exponent's sign belongs to it, except in
 * 0x1e-5, where e is a digit.
 */
static size_t number_len(const struct sql_lex *lex)
{
	bool decimal = peek(lex, 0) != '0' || (peek(lex, 1) != 'x' && peek(lex, 1) != 'X');
	bool exponent = false;
	size_t n = 0;

	for (;; n++) {
		int c = peek(lex, n);

		if (is_name(c) || c == '.') {
			exponent = decimal && (c == 'e' || c == 'E');
			decimal = decimal && (is_digit(c) || c == '.');
		} else if (exponent && (c == '+' || c == '-') && is_digit(peek(lex, n + 1))) {
			exponent = false;
		} else {
			return n;
		}
	}
}

/*
 * Length of a string's prefix with the white space behind it, when a string follows: x, b and n
 * touch the quote, a character set (_utf8mb4) need not.
 */
static size_t prefix_len(const struct sql_lex *lex)
{
	int first = peek(lex, 0);
	size_t n;

	if (first <= 0 || !strchr("xXbBnN_", first))
		return 0;
	n = name_len(lex);
	if (n == 1 && first != '_')
		return peek(lex, 1) == '\'' ? 1 : 0;
	if (n < 2 || first != '_')
		return 0;
	while (is_space(peek(lex, n)))
		n++;
	return is_quote(lex, peek(lex, n)) ? n : 0;
}

static struct sql_token take(struct sql_lex *lex, enum sql_token_kind kind, size_t n)
{
	struct bytes text = bytes_take(bytes_skip(lex->in, lex->at), n);

	lex->at += text.len;
	return (struct sql_token){ .kind = kind, .text = text };
}

static struct sql_token take_rest(struct sql_lex *lex, enum sql_token_kind kind)
{
	return take(lex, kind, lex->in.len - lex->at);
}

static struct sql_token take_quoted(struct sql_lex *lex, enum sql_token_kind kind, size_t prefix)
{
	struct bytes rest = bytes_skip(lex->in, lex->at + prefix);
	bool backslash = kind == SQL_TOKEN_STRING && !lex->mode.no_backslash_escapes;
	size_t n = quoted_len(rest, backslash);

	return n ? take(lex, kind, prefix + n) : take_rest(lex, SQL_TOKEN_CUT);
}

/* Keywords in front of a value: a sign behind them is the value's own. By their first letter. */
static bool is_lead_word(struct bytes word)
{
	static const char *const words['z' - 'a' + 1][5] = {
		['a' - 'a'] = { "all", "and" },
		['b' - 'a'] = { "by", "between" },
		['c' - 'a'] = { "case" },
		['d' - 'a'] = { "distinct", "div", "default" },
		['e' - 'a'] = { "else" },
		['h' - 'a'] = { "having" },
		['i' - 'a'] = { "in", "is", "interval" },
		['l' - 'a'] = { "like", "limit" },
		['m' - 'a'] = { "mod" },
		['n' - 'a'] = { "not" },
		['o' - 'a'] = { "or", "on", "offset" },
		['r' - 'a'] = { "regexp", "return", "rlike" },
		['s' - 'a'] = { "select", "set" },
		['t' - 'a'] = { "then" },
		['u' - 'a'] = { "using" },
		['v' - 'a'] = { "value", "values" },
		['w' - 'a'] = { "where", "when" },
		['x' - 'a'] = { "xor" },
	};
	unsigned int letter = (word.at[0] | 0x20u) - 'a';

	return letter < ARRAY_LEN(words) && word.len <= strlen("interval") &&
	       sql_word_in(word, words[letter]);
}

static bool is_number_start(const struct sql_lex *lex)
{
	return is_digit(peek(lex, 0)) || (peek(lex, 0) == '.' && is_digit(peek(lex, 1)));
}

/* The token at the position, which is no white space. */
static struct sql_token take_token(struct sql_lex *lex)
{
	int c = peek(lex, 0);
	size_t prefix;

	if (lex->after_name && c == '.')
		return take(lex, SQL_TOKEN_PUNCT, 1);
	if (lex->after_dot && is_name(c))
		return take(lex, SQL_TOKEN_WORD, name_len(lex));
	if (is_number_start(lex))
		return take(lex, SQL_TOKEN_NUMBER, number_len(lex));
	prefix = prefix_len(lex);
	if (prefix || is_quote(lex, c))
		return take_quoted(lex, SQL_TOKEN_STRING, prefix);
	if (is_name_quote(lex, c))
		return take_quoted(lex, SQL_TOKEN_QUOTED, 0);
	if (c == '@')
		return take(lex, SQL_TOKEN_WORD, variable_len(lex));
	if (is_name(c))
		return take(lex, SQL_TOKEN_WORD, name_len(lex));
	return take(lex, SQL_TOKEN_PUNCT, 1);
}

struct sql_lex sql_lex_of(struct bytes in, struct sql_mode mode)
{
	return (struct sql_lex){ .in = in, .mode = mode };
}

struct sql_token sql_lex_next(struct sql_lex *lex)
{
	size_t before = lex->at;
	bool whole = skip_space(lex);
	bool space = lex->at > before;
	bool after_name = lex->after_name && !space;
	struct sql_token token;

	lex->after_name = after_name;
	lex->after_dot &= !space;
	if (!whole)
		token = take_rest(lex, SQL_TOKEN_CUT);
	else if (lex->at == lex->in.len)
		token = (struct sql_token){ .kind = SQL_TOKEN_END };
	else
		token = take_token(lex);
	token.space = space;
	token.lead = token.kind == SQL_TOKEN_WORD && is_lead_word(token.text);
	lex->after_name =
		token.kind == SQL_TOKEN_QUOTED || (token.kind == SQL_TOKEN_WORD && !token.lead);
	lex->after_dot = after_name && sql_token_is_punct(&token, '.');
	return token;
}

/* Index of the first byte behind white space and signs, at most SIGN_REACH away. */
static size_t behind_signs(const struct sql_lex *lex)
{
	size_t n = 0;

	while (n < SIGN_REACH &&
	       (is_space(peek(lex, n)) || peek(lex, n) == '+' || peek(lex, n) == '-'))
		n++;
	return n;
}

bool sql_lex_number_follows(const struct sql_lex *lex)
{
	struct sql_lex ahead = *lex;

	ahead.at += behind_signs(lex);
	return is_number_start(&ahead);
}

void sql_lex_skip_signs(struct sql_lex *lex)
{
	lex->at += behind_signs(lex);
}

bool sql_token_is_word(const struct sql_token *token, const char *word)
{
	/* most words differ in the first letter */
	return token->kind == SQL_TOKEN_WORD && (token->text.at[0] | 0x20) == *word &&
	       bytes_case_equal_str(token->text, word);
}

bool sql_token_is_punct(const struct sql_token *token, char c)
{
	return token->kind == SQL_TOKEN_PUNCT && token->text.at[0] == (uint8_t)c;
}

bool sql_word_in(struct bytes word, const char *const *list)
{
	for (; word.len && *list; list++) {
		/* most words of a list differ in the first letter */
		if ((word.at[0] | 0x20) == **list && bytes_case_equal_str(word, *list))
			return true;
	}
	return false;
}
