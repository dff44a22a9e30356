// SPDX-License-Identifier: Apache-2.0
/*
 * heavy.c - see heavy.h. The table is small enough to be walked: 128 comparisons of numbers for
 * each event, and the texts are compared when these are equal.
 */
#include "report/heavy.h"

#include "util/hash.h"

static bool is_same(const struct heavy_item *item, uint64_t hash, struct bytes text)
{
	struct bytes kept = bytes_take(text, HEAVY_TEXT_MAX);

	return item->hash == hash && !item->text[kept.len] &&
	       bytes_equal(bytes_of(item->text, kept.len), kept);
}

static struct heavy_item *find(struct heavy *heavy, uint64_t hash, struct bytes text)
{
	for (size_t i = 0; i < heavy->count; i++)
		if (is_same(&heavy->items[i], hash, text))
			return &heavy->items[i];
	return NULL;
}

static struct heavy_item *lightest(struct heavy *heavy)
{
	struct heavy_item *ret = heavy->items;

	for (size_t i = 1; i < heavy->count; i++)
		if (heavy->items[i].weight < ret->weight)
			ret = &heavy->items[i];
	return ret;
}

static struct heavy_item *enter(struct heavy *heavy, uint64_t hash, struct bytes text)
{
	struct bytes kept = bytes_take(text, HEAVY_TEXT_MAX);
	bool has_room = heavy->count < HEAVY_ITEMS;
	struct heavy_item *item = has_room ? &heavy->items[heavy->count++] : lightest(heavy);
	uint64_t inherited = has_room ? 0 : item->weight;

	*item = (struct heavy_item){ .hash = hash, .weight = inherited, .inherited = inherited };
	if (kept.len)
		memcpy(item->text, kept.at, kept.len);
	return item;
}

void heavy_add(struct heavy *heavy, const struct heavy_event *event)
{
	uint64_t hash = hash_bytes(event->text);
	struct heavy_item *item = find(heavy, hash, event->text);

	if (!item)
		item = enter(heavy, hash, event->text);
	item->weight += event->weight;
	item->failed += event->failed;
	sketch_add(&item->times, event->us);
}

const struct heavy_item *heavy_find(const struct heavy *heavy, const struct heavy_item *item)
{
	for (size_t i = 0; i < heavy->count; i++)
		if (heavy->items[i].hash == item->hash && !strcmp(heavy->items[i].text, item->text))
			return &heavy->items[i];
	return NULL;
}
