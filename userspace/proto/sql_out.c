// SPDX-License-Identifier: Apache-2.0
/* sql_out.c - see sql_out.h. */
#include "proto/sql_out.h"
#include "util/utf8.h"

void sql_out_init(struct sql_out *out, char *at, size_t limit)
{
	out->at = at;
	out->len = 0;
	out->limit = limit;
	out->full = false;
	out->space = false;
	out->depth = 0;
	out->group[0] = (struct sql_group){ 0 };
}

static void put(struct sql_out *out, struct bytes text)
{
	struct bytes part = bytes_take(text, out->limit - out->len);

	if (part.len)
		memcpy(out->at + out->len, part.at, part.len);
	out->len += part.len;
	out->full |= part.len < text.len;
}

static void put_str(struct sql_out *out, const char *s)
{
	put(out, bytes_str(s));
}

static bool ends_with(const struct sql_out *out, const char *s)
{
	size_t n = strlen(s);

	return out->len >= n && !memcmp(out->at + out->len - n, s, n);
}

/* Pays the owed space; a comment that stood behind `--` must not turn that into one. */
static void put_space(struct sql_out *out)
{
	if (out->space && out->len && !ends_with(out, "--"))
		put_str(out, " ");
	out->space = false;
}

/* The innermost group; a dead one when it is too deep to be kept. */
static struct sql_group *top(struct sql_out *out)
{
	return out->depth < SQL_OUT_DEPTH ? &out->group[out->depth] : NULL;
}

static bool is_folding(const struct sql_group *group)
{
	return group && group->list && group->pure;
}

/* The group turns out to be no list of literals alone: writes what was held back. */
static void unfold(struct sql_out *out)
{
	struct sql_group *group = top(out);

	if (!is_folding(group))
		return;
	group->pure = false;
	for (; group->held && !out->full; group->held--)
		put_str(out, ", ?");
	if (group->comma) {
		put_str(out, ",");
		out->space = true;
	}
}

void sql_out_token(struct sql_out *out, struct bytes text)
{
	struct sql_group *group = top(out);

	unfold(out);
	put_space(out);
	put(out, text);
	if (group)
		group->has_sibling = false;
}

void sql_out_literal(struct sql_out *out)
{
	struct sql_group *group = top(out);

	if (!is_folding(group) || !group->has_literal) {
		put_space(out);
		put_str(out, "?");
	} else {
		group->held += group->comma;
		group->comma = false;
		out->space = false;
	}
	if (!group)
		return;
	group->has_literal = true;
	group->has_sibling = false;
}

void sql_out_comma(struct sql_out *out, bool behind_literal)
{
	struct sql_group *group = top(out);

	if (is_folding(group) && group->has_literal && !group->comma) {
		group->comma = true;
		out->space = false;
		return;
	}
	unfold(out);
	put_space(out);
	put_str(out, ",");
	out->space = behind_literal;
}

void sql_out_open(struct sql_out *out, bool list, bool first, bool behind_comma)
{
	struct sql_group *group = top(out);
	bool member = group && ((group->list && first) || (group->has_sibling && behind_comma));

	if (group && !behind_comma)
		group->has_sibling = false;
	unfold(out);
	put_space(out);
	out->depth++;
	group = top(out);
	if (group)
		*group = (struct sql_group){ .open_at = out->len,
					     .list = list || member,
					     .pure = true };
	put_str(out, "(");
}

/*
 * The list from @at to the output's end is a repetition of the one before it, or the new
 * neighbour.
 */
static void join_sibling(struct sql_out *out, struct sql_group *around, size_t at)
{
	size_t len = around->sibling_end - around->sibling_at;

	if (around->has_sibling && out->len - at == len &&
	    !memcmp(out->at + at, out->at + around->sibling_at, len)) {
		out->len = around->sibling_end;
		return;
	}
	around->has_sibling = true;
	around->sibling_at = at;
	around->sibling_end = out->len;
}

void sql_out_close(struct sql_out *out)
{
	struct sql_group *group = top(out);
	bool folded = is_folding(group) && group->has_literal && !group->comma;

	if (folded) {
		out->len = group->open_at;
		out->space = false;
		put_str(out, "(?)");
	} else {
		unfold(out);
		put_space(out);
		put_str(out, ")");
	}
	if (!out->depth)
		return;
	out->depth--;
	if (group && group->list && !out->full)
		join_sibling(out, top(out), group->open_at);
	else if (top(out))
		top(out)->has_sibling = false;
}

void sql_out_clean(struct sql_out *out, bool cut)
{
	for (size_t i = 0; i < out->len;) {
		uint32_t c = 0;
		size_t n;

		if (out->at[i] >= 0x20 && out->at[i] < 0x7f) {
			i++;
			continue;
		}
		n = utf8_decode(bytes_of(out->at + i, out->len - i), &c);
		if (!n && cut && out->len - i < 4) {
			out->len = i;
			return;
		}
		/* A name's byte stays a name's byte. */
		if (!n || c < 0x20 || c == 0x7f)
			out->at[i] = '_';
		i += n ? n : 1;
	}
}
