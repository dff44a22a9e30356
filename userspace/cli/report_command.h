/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_command.h - `bpfxray report FILE...`: what was traced, from documents alone. Needs no
 * privilege and no kernel.
 */
#ifndef BPFXRAY_CLI_REPORT_COMMAND_H
#define BPFXRAY_CLI_REPORT_COMMAND_H

#include "cli/exit_codes.h"

/* @argv begins with the command's word. Logs what goes wrong. */
enum exit_code report_command(int argc, char **argv);

#endif
