// SPDX-License-Identifier: Apache-2.0
/* groups.c - see groups.h. */
#include "report/groups.h"

#include "util/array.h"
#include "util/cleanup.h"

static int group_at(struct groups *groups, uint32_t key, uint32_t where, uint32_t *ret)
{
	void *known = table_find(&groups->by_key, table_key2(key, where));
	int r;

	*ret = known ? (uint32_t)((uintptr_t)known - 1) : (uint32_t)groups->count;
	if (known)
		return 0;
	r = ARRAY_ROOM(groups->items, groups->count, groups->capacity);
	if (r < 0)
		return r;
	r = table_insert(&groups->by_key, table_key2(key, where),
			 (void *)(uintptr_t)(groups->count + 1));
	if (r < 0)
		return r;
	groups->items[groups->count++] =
		(struct group){ .key = key, .where = where, .most_in = SPAN_NONE };
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->tally.count != y->tally.count)
		return x->tally.count < y->tally.count ? 1 : -1;
	return (x->key > y->key) - (x->key < y->key);
}

static int by_sum(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->tally.sum_us != y->tally.sum_us)
		return x->tally.sum_us < y->tally.sum_us ? 1 : -1;
	return by_count(a, b);
}

static void sort(struct groups *groups, int (*compare)(const void *, const void *))
{
	for (size_t i = 0; i < groups->count; i++)
		tally_sort(&groups->items[i].tally);
	if (groups->count)
		qsort(groups->items, groups->count, sizeof(*groups->items), compare);
	/* Its indices are those from before. */
	table_clear(&groups->by_key);
}

const char *group_key_word(enum group_key key)
{
	static const char *const words[GROUP_KEY_COUNT] = {
		[GROUP_URL] = "url",	      [GROUP_METHOD] = "method", [GROUP_STATUS] = "status",
		[GROUP_AGENT] = "user_agent", [GROUP_CLIENT] = "client",
	};

	return words[key];
}

uint32_t group_key_of(enum group_key key, const struct span *root)
{
	switch (key) {
	case GROUP_URL:
		return root->url;
	case GROUP_METHOD:
		return root->method;
	case GROUP_STATUS:
		return (uint32_t)root->status;
	case GROUP_AGENT:
		return root->agent;
	default:
		return root->client;
	}
}

int groups_build(struct groups *groups, const struct store *store, enum group_key key)
{
	uint32_t at;
	int r;

	for (size_t i = 0; i < store->trace_count; i++) {
		const struct span *root;

		if (store->traces[i].root == SPAN_NONE)
			continue;
		root = &store->spans[store->traces[i].root];
		r = group_at(groups, group_key_of(key, root), STRING_NONE, &at);
		if (r < 0)
			return r;
		r = tally_add(&groups->items[at].tally, root);
		if (r < 0)
			return r;
	}
	sort(groups, by_count);
	return 0;
}

/* That a request executed a statement. */
struct use {
	uint32_t segment;
	uint32_t group;
};

static int by_use(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return (x->group > y->group) - (x->group < y->group);
}

/* Finds repetitions: equal neighbours once the uses are in order. */
static void count_repeated(struct groups *groups, struct use *uses, size_t count)
{
	size_t first = 0;

	if (count)
		qsort(uses, count, sizeof(*uses), by_use);
	for (size_t i = 1; i <= count; i++) {
		struct group *group = &groups->items[uses[first].group];

		if (i < count && !by_use(&uses[first], &uses[i]))
			continue;
		if (i - first > group->most) {
			group->most = (uint32_t)(i - first);
			group->most_in = uses[first].segment;
		}
		group->repeated += i - first > REPEATED_MIN;
		first = i;
	}
}

int statements_build(struct groups *groups, const struct store *store)
{
	_cleanup_free_ struct use *uses = NULL;
	size_t count = 0, capacity = 0;
	uint32_t at;
	int r;

	for (size_t i = 0; i < store->span_count; i++) {
		const struct span *span = &store->spans[i];

		if (!span->statement || span->owner == SPAN_NONE)
			continue;
		r = ARRAY_ROOM(uses, count, capacity);
		if (r < 0)
			return r;
		r = group_at(groups, span->statement, span->name, &at);
		if (r < 0)
			return r;
		r = tally_add(&groups->items[at].tally, span);
		if (r < 0)
			return r;
		uses[count++] = (struct use){ span->owner, at };
	}
	count_repeated(groups, uses, count);
	sort(groups, by_sum);
	return 0;
}

void groups_clear(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		tally_clear(&groups->items[i].tally);
	free(groups->items);
	table_clear(&groups->by_key);
	*groups = (struct groups){ 0 };
}
