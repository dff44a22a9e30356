/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - subsegments under their segments; internal to record.c. */
#ifndef BPFXRAY_COMPARE_TREE_H
#define BPFXRAY_COMPARE_TREE_H

#include "compare/record.h"

/* Fills the calls of all segments out of all documents, unordered. Returns 0 or -ENOMEM. */
int tree_find_calls(struct record *record);

#endif
