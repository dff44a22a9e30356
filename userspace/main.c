/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bpfxray: the command line to the command that it names. */
#include <string.h>

#include "cli/compare_command.h"
#include "cli/config.h"
#include "cli/doctor.h"
#include "cli/health.h"
#include "cli/options.h"
#include "cli/report_command.h"
#include "cli/session.h"
#include "cli/version.h"
#include "util/cleanup.h"
#include "util/log.h"

int main(int argc, char **argv)
{
	const char *path = options_config_path(argc, argv);
	_cleanup_free_ char *config = NULL;
	struct options options;

	/* They have flags and arguments of their own. */
	if (argc > 1 && !strcmp(argv[1], "report"))
		return report_command(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "compare"))
		return compare_command(argc - 1, argv + 1);
	if (path) {
		int err = config_read(path, &config);

		if (err < 0) {
			log_error("cannot read %s: %s", path, strerror(-err));
			return EXIT_USAGE;
		}
	}
	if (options_parse_with(argc, argv, config, &options) < 0) {
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
	case COMMAND_HEALTH:
		return health_run();
	case COMMAND_VERSION:
		version_print(stdout);
		return EXIT_OK;
	default:
		options_print_help(stdout);
		return EXIT_OK;
	}
}
