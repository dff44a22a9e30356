/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.h - the files of JSON lines: read once into a store, and single documents once more when
 * they are shown.
 */
#ifndef BPFXRAY_REPORT_INPUT_H
#define BPFXRAY_REPORT_INPUT_H

#include <stdio.h>

#include "report/store.h"

/* An all-zero struct holds no file. */
struct inputs {
	FILE **files;
	size_t count, capacity;
};

/*
 * Adds every line of the file at @path, `-` for stdin, to @store. What cannot be read twice, such
 * as a pipe, is copied to an unnamed file. Lines that are no segment document are only counted.
 * Returns 0 or a negative errno.
 */
int inputs_read(struct inputs *inputs, const char *path, struct store *store);

/*
 * The same for the open regular file @file, from its present position on. Owns it in any case.
 */
int inputs_take(struct inputs *inputs, FILE *file, struct store *store);

/* The document as it stood in its file. Returns 0 with a string to free, or a negative errno. */
int inputs_document(const struct inputs *inputs, const struct document *document, char **ret);

void inputs_close(struct inputs *inputs);

#endif
