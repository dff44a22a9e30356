/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the configuration file: the flags of `bpfxray trace` by their names, one a line.
 *
 *	# comment
 *	daemon = xray.services.dockerinaws.org:2000
 *	pid = 4711
 *	no-daemon = true
 *
 * A flag without a value takes true or false. A flag that may be repeated may be so here. What the
 * command line says wins. config_apply() is pure; only config_read() opens a file.
 */
#ifndef BPFXRAY_CLI_CONFIG_H
#define BPFXRAY_CLI_CONFIG_H

#include "cli/options.h"

/* Larger files are a mistake. */
#define CONFIG_MAX 65536

/* 0 with @ret NUL-terminated, the caller's to free; -EFBIG, or another negative errno. */
int config_read(const char *path, char **ret);

/*
 * Sets in @options what @text says, which is cut into strings that @options then points to. 0, or
 * -EINVAL with options->error beginning `PATH:LINE: `.
 */
int config_apply(char *text, const char *path, struct options *options);

#endif
