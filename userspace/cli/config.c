// SPDX-License-Identifier: Apache-2.0
/* config.c - see config.h. */
#include "cli/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options_table.h"
#include "util/cleanup.h"
#include "util/read_file.h"

int config_read(const char *path, char **ret)
{
	_cleanup_free_ char *text = NULL;
	ssize_t len = read_file(path, CONFIG_MAX, &text);

	if (len < 0)
		return (int)len;
	/* what stands behind a NUL byte would be passed over */
	if (memchr(text, '\0', (size_t)len))
		return -EBADMSG;
	*ret = TAKE_PTR(text);
	return 0;
}

/* @text without blanks at both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

/* Those that name a command, the file itself, or a terminal have no place in a file. */
static const struct flag *find_flag(const char *name)
{
	for (size_t i = 0; i < option_flag_count; i++) {
		const struct flag *flag = &option_flags[i];

		if (!strcmp(flag->name, name) && flag->commands & FOR_TRACE &&
		    flag->set != set_command && !flag->only_argv)
			return flag;
	}
	return NULL;
}

/* Puts the place before what a setter has said. */
static int wrong_at(struct options *options, const char *path, unsigned int line)
{
	char said[sizeof(options->error)];

	memcpy(said, options->error, sizeof(said));
	return option_wrong(options, "%.80s:%u: %.160s", path, line, said);
}

/* @value is NULL when there is no `=`. */
static int take_line(struct options *options, const char *name, const char *value, uint64_t *seen)
{
	const struct flag *flag = find_flag(name);
	uint64_t bit = flag ? 1ull << (flag - option_flags) : 0;

	if (!flag)
		return option_wrong(options, "unknown key \"%.64s\"", name);
	if (!value || !*value)
		return option_wrong(options, "%s needs a value: %s = %s", name, name,
				    flag->value ? flag->value : "true");
	if (!flag->repeatable && *seen & bit)
		return option_wrong(options, "%s is given twice", name);
	*seen |= bit;
	if (flag->value)
		return flag->set(options, flag, value);
	if (strcmp(value, "true") && strcmp(value, "false"))
		return option_wrong(options, "%s is true or false", name);
	return *value == 't' ? flag->set(options, flag, NULL) : 0;
}

int config_apply(char *text, const char *path, struct options *options)
{
	uint64_t seen = 0;
	unsigned int number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *value;

		number++;
		line = trim(line);
		if (!*line || *line == '#')
			continue;
		value = strchr(line, '=');
		if (value)
			*value++ = '\0';
		if (take_line(options, trim(line), value ? trim(value) : NULL, &seen) < 0)
			return wrong_at(options, path, number);
	}
	return 0;
}
