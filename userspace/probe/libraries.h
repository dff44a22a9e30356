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

/*
 * What the ELF file @fd defines, as bits of enum library_kinds; 0: nothing that is probed. A
 * negative errno when it cannot be read.
 */
int library_inspect(int fd);

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
