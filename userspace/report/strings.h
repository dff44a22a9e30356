/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strings.h - each distinct text once, known by a number, so that grouping a hundred thousand
 * traces by URL compares numbers. An all-zero struct is empty.
 */
#ifndef BPFXRAY_REPORT_STRINGS_H
#define BPFXRAY_REPORT_STRINGS_H

#include <stddef.h>
#include <stdint.h>

#include "util/table.h"

/* The number of the empty text, which NULL is as well. */
#define STRING_NONE 0

struct string_entry;

struct strings {
	struct table index; /* hash -> chain of entries */
	struct string_entry **entries;
	size_t count;
	size_t capacity;
};

/* Returns 0 with the number of @text, the same for equal texts, or -ENOMEM. */
int strings_add(struct strings *strings, const char *text, uint32_t *ret);

/* Valid until strings_clear(); "" for STRING_NONE. */
const char *strings_get(const struct strings *strings, uint32_t id);

void strings_clear(struct strings *strings);

#endif
