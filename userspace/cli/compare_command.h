/* SPDX-License-Identifier: Apache-2.0 */
/* compare_command.h - `bpfxray compare SDK.jsonl OURS.jsonl [--json]`. */
#ifndef BPFXRAY_CLI_COMPARE_COMMAND_H
#define BPFXRAY_CLI_COMPARE_COMMAND_H

#include "cli/exit_codes.h"

/*
 * @argv[0] is the command's word. EXIT_OK only when nothing but documented differences remain, else
 * EXIT_DIFFERENT. Logs what goes wrong.
 */
enum exit_code compare_command(int argc, char **argv);

#endif
