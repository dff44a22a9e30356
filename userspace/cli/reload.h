/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload.h - SIGHUP: the configuration file once more, beside the command line as it was.
 */
#ifndef BPFXRAY_CLI_RELOAD_H
#define BPFXRAY_CLI_RELOAD_H

#include "cli/options.h"

/*
 * Fills @ret with @now, and what may change while a trace runs from the file now->config as it is.
 * What may not and is another now is told in one line. 0, or a negative errno after one line that
 * says what is wrong: then nothing has changed. Without @tell the lines are left to another.
 */
int reload_options(const struct options *now, bool tell, struct options *ret);

#endif
