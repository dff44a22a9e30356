/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sdk.h - whether a process could be running the X-Ray SDK for Python, before it has shown so.
 *
 * Python's modules leave no mark in /proc. What can be seen is that the package lies where the
 * process looks for packages, and that the compiled part of wrapt, which the SDK cannot do without,
 * is mapped.
 */
#ifndef BPFXRAY_HOST_SDK_H
#define BPFXRAY_HOST_SDK_H

#include <stdbool.h>
#include <sys/types.h>

#define SDK_DIRECTORY_CAP 1024

struct sdk_evidence {
	char directory[SDK_DIRECTORY_CAP]; /* that holds the package, as the process sees it */
	bool wrapt;			   /* is mapped */
};

/*
 * Adds what process @pid shows. Directories are those of mapped extension modules, of PYTHONPATH,
 * and of the environment that its program or its script lies in.
 */
void sdk_look(pid_t pid, struct sdk_evidence *ret);

#endif
