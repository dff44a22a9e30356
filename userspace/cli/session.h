/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - one run of `bpfxray trace`: attach, follow, send, stop.
 */
#ifndef BPFXRAY_CLI_SESSION_H
#define BPFXRAY_CLI_SESSION_H

#include "cli/exit_codes.h"
#include "cli/options.h"

/*
 * Runs until SIGTERM, SIGINT, --duration, or the last target's end. Says each failure in one line.
 */
enum exit_code session_run(const struct options *options);

#endif
