// SPDX-License-Identifier: Apache-2.0
/*
 * log.c - see log.h. The level is one of the two process-wide variables that the project allows
 * itself.
 */
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level shown = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	shown = level;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const prefix[] = {
		[LOG_LEVEL_ERROR] = "bpfxray: error: ",
		[LOG_LEVEL_WARN] = "bpfxray: warning: ",
		[LOG_LEVEL_INFO] = "bpfxray: ",
		[LOG_LEVEL_DEBUG] = "bpfxray: debug: ",
	};
	int saved = errno;
	char line[1024];
	int len, n;
	va_list args;

	if (level > shown)
		return;
	len = snprintf(line, sizeof(line), "%s", prefix[level]);
	va_start(args, format);
	n = vsnprintf(line + len, sizeof(line) - len, format, args);
	va_end(args);
	len = n < 0 ? len : len + n;
	if (len > (int)sizeof(line) - 1)
		len = sizeof(line) - 1;
	line[len++] = '\n'; /* over the NUL */
	if (write(STDERR_FILENO, line, len) < 0) {
		/* nobody is left to be told */
	}
	errno = saved;
}
