/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libraries.h - probes on the functions of libraries that the targets map. A file is probed once,
 * for all processes that map it; the programs themselves leave every thread alone that is no
 * target's.
 */
#ifndef BPFXRAY_PROBE_LIBRARIES_H
#define BPFXRAY_PROBE_LIBRARIES_H

#include <stddef.h>

struct kernel;

/* What a file defines of the functions that are probed; bits. */
enum library_kinds {
	LIBRARY_PROBES_NONE = 0,
	LIBRARY_PROBES_OPENSSL = 1,
	LIBRARY_PROBES_GNUTLS = 2,
	LIBRARY_PROBES_MYSQL = 4, /* a MySQL client library, or an extension that holds one */
};

/* More than there are functions that are probed. */
#define LIBRARY_FUNCTIONS_MAX 64

/* What a file has of the functions that are probed in its kinds of library. */
struct library_functions {
	int kinds; /* bits of enum library_kinds; 0: nothing in it is probed */
	size_t defined_count;
	size_t missing_count;
	const char *defined[LIBRARY_FUNCTIONS_MAX]; /* they take a probe; names are constants */
	const char *missing[LIBRARY_FUNCTIONS_MAX];
};

/* Looks at the ELF file @fd, which stays the caller's. 0, or a negative errno: no such file. */
int library_inspect(int fd, struct library_functions *ret);

/* The probes on one file. */
struct library_probes;

/*
 * Attaches to what the ELF file @fd defines; the descriptor may be closed afterwards. Returns the
 * number of probes attached and in *ret what holds them, for library_probes_free(); 0 when the file
 * defines nothing that is probed, or a negative errno; then nothing of it stays attached.
 */
int kernel_attach_library(struct kernel *kernel, int fd, struct library_probes **ret);

/* Detaches; takes NULL; returns NULL. */
struct library_probes *library_probes_free(struct library_probes *probes);

#endif
