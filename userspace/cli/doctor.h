/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.h - `bpfxray doctor`: would tracing work here, and what is this process?
 */
#ifndef BPFXRAY_CLI_DOCTOR_H
#define BPFXRAY_CLI_DOCTOR_H

#include <stdio.h>

#include "cli/exit_codes.h"
#include "cli/options.h"

/*
 * Prints the table of features, the backend that `trace` would use and why not the others, then
 * each process of options->pids. EXIT_OK only when tracing would work, of these processes too.
 * Leaves nothing attached.
 */
enum exit_code doctor_run(const struct options *options, FILE *out);

#endif
