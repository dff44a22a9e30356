// SPDX-License-Identifier: Apache-2.0
/* strings.c - see strings.h. Texts of one hash form a chain behind the table's entry. */
#include "report/strings.h"

#include <string.h>

#include "util/array.h"
#include "util/hash.h"

struct string_entry {
	struct string_entry *next; /* of the same hash */
	uint32_t id;
	char text[];
};

static struct string_entry *entry_new(const char *text, uint32_t id)
{
	size_t size = strlen(text) + 1;
	struct string_entry *entry = malloc(sizeof(*entry) + size);

	if (!entry)
		return NULL;
	entry->next = NULL;
	entry->id = id;
	memcpy(entry->text, text, size);
	return entry;
}

/* Enters @entry behind @head, the first of its hash, or as the first. */
static int enter(struct strings *strings, uint64_t hash, struct string_entry *head,
		 struct string_entry *entry)
{
	if (!head)
		return table_insert(&strings->index, table_key(hash), entry);
	entry->next = head->next;
	head->next = entry;
	return 0;
}

int strings_add(struct strings *strings, const char *text, uint32_t *ret)
{
	uint64_t hash;
	struct string_entry *head, *entry;
	int r;

	*ret = STRING_NONE;
	if (!text || !*text)
		return 0;
	hash = hash_bytes(bytes_str(text));
	head = table_find(&strings->index, table_key(hash));
	for (entry = head; entry; entry = entry->next) {
		if (!strcmp(entry->text, text)) {
			*ret = entry->id;
			return 0;
		}
	}
	r = ARRAY_ROOM(strings->entries, strings->count, strings->capacity);
	if (r < 0)
		return r;
	entry = entry_new(text, (uint32_t)strings->count + 1);
	if (!entry)
		return -ENOMEM;
	r = enter(strings, hash, head, entry);
	if (r < 0) {
		free(entry);
		return r;
	}
	strings->entries[strings->count++] = entry;
	*ret = entry->id;
	return 0;
}

const char *strings_get(const struct strings *strings, uint32_t id)
{
	return id == STRING_NONE || id > strings->count ? "" : strings->entries[id - 1]->text;
}

void strings_clear(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->entries[i]);
	free(strings->entries);
	table_clear(&strings->index);
	*strings = (struct strings){ 0 };
}
