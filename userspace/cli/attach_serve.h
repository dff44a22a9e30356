/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_serve.h - the attacher's own side of attach_wire.h: a process that holds the kernel side
 * and the capabilities, and does as it is asked until the asker ends.
 */
#ifndef BPFXRAY_CLI_ATTACH_SERVE_H
#define BPFXRAY_CLI_ATTACH_SERVE_H

#include "cli/exit_codes.h"
#include "cli/options.h"

/* @fd: its end of the pair, taken. @agent: the asker, whom other tracers are told of. */
enum exit_code attach_serve(int fd, const struct options *options, pid_t agent);

#endif
