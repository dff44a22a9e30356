/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bpfxray: the command line to the command that it names. */
#include "cli/doctor.h"
#include "cli/options.h"
#include "cli/session.h"
#include "cli/version.h"
#include "util/log.h"

int main(int argc, char **argv)
{
	struct options options;

	if (options_parse(argc, argv, &options) < 0) {
		log_error("%s (see bpfxray --help)", options.error);
		return EXIT_USAGE;
	}
	if (options.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	switch (options.command) {
	case COMMAND_TRACE:
		return session_run(&options);
	case COMMAND_DOCTOR:
		return doctor_run(&options, stdout);
	case COMMAND_VERSION:
		version_print(stdout);
		return EXIT_OK;
	default:
		options_print_help(stdout);
		return EXIT_OK;
	}
}
