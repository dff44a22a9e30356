// SPDX-License-Identifier: Apache-2.0
/*
 * mysql_prepared.c - the texts of a connection's prepared statements, by the server's id.
 */
#include "trace/mysql_conn.h"

#include <errno.h>
#include <stdlib.h>

void mysql_text_copy(char *to, struct bytes in)
{
	memcpy(to, in.at, in.len);
	to[in.len] = '\0';
	for (char *at = to; (at = memchr(at, '\0', in.len - (size_t)(at - to)));)
		*at = ' ';
}

struct mysql_text *mysql_text_new(struct bytes in, bool truncated)
{
	struct mysql_text *text = malloc(sizeof(*text) + in.len + 1);

	if (!text)
		return NULL;
	text->refs = 1;
	text->truncated = truncated;
	text->len = in.len;
	mysql_text_copy(text->data, in);
	return text;
}

struct mysql_text *mysql_text_ref(struct mysql_text *text)
{
	if (text)
		text->refs++;
	return text;
}

struct mysql_text *mysql_text_unref(struct mysql_text *text)
{
	if (text && !--text->refs)
		free(text);
	return NULL;
}

static struct mysql_prepared *find(const struct mysql_conn *m, uint32_t id)
{
	return table_find(&m->prepared, table_key(id));
}

static void prepared_free(struct mysql_conn *m, struct mysql_prepared *prepared)
{
	table_remove(&m->prepared, table_key(prepared->id));
	list_remove(&prepared->link);
	mysql_text_unref(prepared->text);
	free(prepared);
}

int mysql_prepared_add(struct mysql_conn *m, uint32_t id, struct mysql_text *text)
{
	struct mysql_prepared *prepared;

	mysql_prepared_remove(m, id);
	if (m->prepared.count >= MYSQL_PREPARED_MAX)
		prepared_free(m, list_first(&m->prepared_order, struct mysql_prepared, link));
	prepared = calloc(1, sizeof(*prepared));
	if (!prepared)
		return -ENOMEM;
	prepared->id = id;
	list_init(&prepared->link);
	if (table_insert(&m->prepared, table_key(id), prepared) < 0) {
		free(prepared);
		return -ENOMEM;
	}
	prepared->text = mysql_text_ref(text);
	list_append(&m->prepared_order, &prepared->link);
	return 0;
}

struct mysql_text *mysql_prepared_find(const struct mysql_conn *m, uint32_t id)
{
	struct mysql_prepared *prepared = find(m, id);

	return prepared ? prepared->text : NULL;
}

void mysql_prepared_remove(struct mysql_conn *m, uint32_t id)
{
	struct mysql_prepared *prepared = find(m, id);

	if (prepared)
		prepared_free(m, prepared);
}

void mysql_prepared_clear(struct mysql_conn *m)
{
	list_for_each (&m->prepared_order, it)
		prepared_free(m, list_entry(it, struct mysql_prepared, link));
	table_clear(&m->prepared);
}
