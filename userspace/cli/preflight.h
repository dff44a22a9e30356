/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight.h - the questions that `trace` and `doctor` both ask before anything is attached,
 * answered the same way. Each failure is one line on stderr that says what to do, and the exit code
 * to end with.
 */
#ifndef BPFXRAY_CLI_PREFLIGHT_H
#define BPFXRAY_CLI_PREFLIGHT_H

#include <sys/types.h>

#include "cli/exit_codes.h"
#include "cli/options.h"
#include "probe/features.h"

/*
 * EXIT_OK when @pid is a running process, not a thread nor the kernel's own. A 32-bit program is
 * only warned of: its descendants may be 64-bit ones.
 */
enum exit_code preflight_process(pid_t pid);

/* EXIT_OK when the processes of the whole machine can be seen, by the kernel's own numbers. */
enum exit_code preflight_namespace(void);

/*
 * EXIT_OK when everything that @backend needs is here; for BACKEND_AUTO, that any backend needs.
 * Else the first thing that is missing is logged with what to do about it.
 */
enum exit_code preflight_backend(enum backend backend);

/* The exit code that stands for the lack of @missing. */
enum exit_code preflight_code(const struct feature *missing);

#endif
