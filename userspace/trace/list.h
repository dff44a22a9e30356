/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - doubly linked lists whose links live inside the elements, so that an element is on
 * several lists at once (its connection's, its thread's, the waiting ones) and leaves each of them
 * in one step. Allocates nothing.
 */
#ifndef BPFXRAY_TRACE_LIST_H
#define BPFXRAY_TRACE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A head, or the link inside an element. Linked to itself: an empty list, or an element on no
 * list.
 */
struct list {
	struct list *next;
	struct list *prev;
};

static inline void list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* @link must be on no list. A link in place of the head: before that one. */
static inline void list_append(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* Makes @link the last of @head, wherever it was. */
static inline void list_move(struct list *head, struct list *link)
{
	list_remove(link);
	list_append(head, link);
}

/* Moves all elements of @from to the empty @to. */
static inline void list_take_all(struct list *from, struct list *to)
{
	list_init(to);
	if (list_empty(from))
		return;
	to->next = from->next;
	to->prev = from->prev;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

/* The struct of type @type that holds @link as its member @member. */
#define list_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

#define list_first(head, type, member)                                                             \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

/* @it is a struct list *; the body may remove it, and nothing else of the list. */
#define list_for_each(head, it)                                                                    \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                  \
	     it = it##_next, it##_next = it->next)

/* The same from the last to the first. */
#define list_for_each_back(head, it)                                                               \
	for (struct list *it = (head)->prev, *it##_next = it->prev; it != (head);                  \
	     it = it##_next, it##_next = it->prev)

#endif
