// SPDX-License-Identifier: Apache-2.0
/* environment.c - see environment.h. */
#include "cli/environment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/log.h"

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(text, *words))
			return true;
	return false;
}

bool environment_is_enabled(void)
{
	static const char *const yes[] = { "y", "yes", "t", "true", "on", "1", NULL };
	static const char *const no[] = { "n", "no", "f", "false", "off", "0", NULL };
	const char *text = getenv("AWS_XRAY_SDK_ENABLED");

	if (!text || is_one_of(text, yes))
		return true;
	if (is_one_of(text, no))
		return false;
	log_warn("AWS_XRAY_SDK_ENABLED is `%.64s`, neither true nor false: taken for true", text);
	return true;
}

void environment_check_context_missing(void)
{
	static const char *const known[] = { "RUNTIME_ERROR", "LOG_ERROR", "IGNORE_ERROR", NULL };
	const char *text = getenv("AWS_XRAY_CONTEXT_MISSING");

	if (text && !is_one_of(text, known))
		log_warn("AWS_XRAY_CONTEXT_MISSING is `%.64s`, which no SDK knows: ignored", text);
}
