/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version.h - the version of bpfxray and of the libraries it runs with.
 */
#ifndef BPFXRAY_CLI_VERSION_H
#define BPFXRAY_CLI_VERSION_H

#include <stdio.h>

/* The build may give a longer one (a tag, a commit): -DBPFXRAY_VERSION='"..."'. */
#ifndef BPFXRAY_VERSION
#define BPFXRAY_VERSION "0.1.0"
#endif

void version_print(FILE *out);

#endif
