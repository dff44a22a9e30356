/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heavy.h - the heaviest of any number of texts in a table of fixed size: the space-saving
 * algorithm (Metwally, Agrawal, El Abbadi 2005). A text that is not in the full table takes the
 * place of the lightest and inherits its weight, so that a text with more than 1/HEAVY_ITEMS of all
 * weight is in the table whatever else came, a million hostile URLs included.
 *
 * What is counted of an item was its own; only its rank may be inherited.
 */
#ifndef BPFXRAY_REPORT_HEAVY_H
#define BPFXRAY_REPORT_HEAVY_H

#include <stdbool.h>

#include "report/sketch.h"
#include "util/bytes.h"

#define HEAVY_ITEMS 128
/* Bytes kept of a text; two texts that differ behind them are two items. */
#define HEAVY_TEXT_MAX 255

struct heavy_item {
	uint64_t hash; /* of the whole text */
	uint64_t weight;
	uint64_t inherited; /* of the weight; not 0: it may have come before and not been counted */
	uint64_t failed;
	struct sketch times;
	char text[HEAVY_TEXT_MAX + 1]; /* not escaped */
};

/* An all-zero struct is empty. */
struct heavy {
	struct heavy_item items[HEAVY_ITEMS];
	size_t count;
};

struct heavy_event {
	struct bytes text;
	uint64_t us;
	uint64_t weight;
	bool failed;
};

void heavy_add(struct heavy *heavy, const struct heavy_event *event);

/* The item of the same text as @item, or NULL. */
const struct heavy_item *heavy_find(const struct heavy *heavy, const struct heavy_item *item);

#endif
