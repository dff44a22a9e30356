/* SPDX-License-Identifier: Apache-2.0 */
/*
 * census.h - which processes there are, taken again and again: what came, what stayed, what went.
 * It reads the list in /proc and nothing of any process, so that a pass over thousands costs a few
 * milliseconds.
 */
#ifndef BPFXRAY_HOST_CENSUS_H
#define BPFXRAY_HOST_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct census_entry {
	pid_t pid;
	ino_t ino; /* of its folder in /proc: another one for the next process of this number */
	uint32_t since; /* the pass that saw it first */
	bool mark;	/* the caller's; kept from pass to pass */
};

/* Starts as { 0 }. Entries are in the order of their numbers. */
struct census {
	struct census_entry *at;
	size_t count;
	uint32_t pass; /* of the last one; the first is 1 */
};

/* Takes a pass. 0, or a negative errno with the census as it was. */
int census_take(struct census *census);
void census_clear(struct census *census);

/*
 * Whether the number is still this process's: what was read by its number in between is of no
 * other. False may also be wrong, as in census.c; then the next pass tells.
 */
bool census_is_still(const struct census_entry *entry);

#endif
