// SPDX-License-Identifier: Apache-2.0
/*
 * options_set.c - see options_table.h: the setters. Each checks its value and leaves one sentence
 * in options->error when it is wrong.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options_table.h"
#include "xray/name_pattern.h"

int option_wrong(struct options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(options->error, sizeof(options->error), format, args);
	va_end(args);
	return -EINVAL;
}

int set_text(struct options *options, const struct flag *flag, const char *value)
{
	*(const char **)((char *)options + flag->offset) = value;
	return 0;
}

int set_name_pattern(struct options *options, const struct flag *flag, const char *value)
{
	const char *why = name_pattern_refused(bytes_str(value));

	return why ? option_wrong(options, "--%s \"%.64s\": %s", flag->name, value, why)
		   : set_text(options, flag, value);
}

int set_db_name(struct options *options, const struct flag *flag, const char *value)
{
	struct segment_db_name name = { .name = value };
	const char *equals = strchr(value, '=');
	size_t len = equals ? (size_t)(equals - value) : 0;

	if (equals && (!len || len >= sizeof(name.address) || !equals[1]))
		return option_wrong(options, "--%s: \"%.64s\" is not NAME or ADDRESS=NAME",
				    flag->name, value);
	if (options->db_name_count == OPTIONS_DB_NAMES_MAX)
		return option_wrong(options, "--%s: more than %d", flag->name,
				    OPTIONS_DB_NAMES_MAX);
	if (equals) {
		memcpy(name.address, value, len);
		name.name = equals + 1;
	}
	options->db_names[options->db_name_count++] = name;
	return 0;
}

int set_annotation(struct options *options, const struct flag *flag, const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_";
	struct segment_annotation *to = &options->annotations[options->annotation_count];
	size_t len = strspn(value, letters);

	if (!len || len > SEGMENT_ANNOTATION_KEY_MAX || value[len] != '=' || !value[len + 1])
		return option_wrong(options,
				    "--%s: \"%.64s\" is not KEY=VALUE with a KEY of letters, "
				    "digits and _ (at most %d)",
				    flag->name, value, SEGMENT_ANNOTATION_KEY_MAX);
	if (options->annotation_count == SEGMENT_ANNOTATIONS_MAX)
		return option_wrong(options, "--%s: more than %d", flag->name,
				    SEGMENT_ANNOTATIONS_MAX);
	memcpy(to->key, value, len);
	to->value = value + len + 1;
	options->annotation_count++;
	return 0;
}

int set_word(struct options *options, const struct flag *flag, const char *value)
{
	char known[128] = "";
	size_t used = 0;

	for (unsigned int i = 0; flag->words[i]; i++) {
		if (!strcmp(value, flag->words[i])) {
			/* An enum without negative values is an unsigned int to gcc and clang. */
			*(unsigned int *)((char *)options + flag->offset) = i;
			return 0;
		}
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
					 flag->words[i]);
	}
	return option_wrong(options, "--%s: \"%.64s\" is not known (known: %s)", flag->name, value,
			    known);
}

/* Decimal digits only: strtoul() alone would take blanks, signs and the empty string. */
static int whole_number(const char *value, unsigned long *ret)
{
	unsigned long number;

	if (!*value || value[strspn(value, "0123456789")])
		return -EINVAL;
	errno = 0;
	number = strtoul(value, NULL, 10);
	if (errno)
		return -ERANGE;
	*ret = number;
	return 0;
}

static bool has_pid(const struct options *options, pid_t pid)
{
	for (size_t i = 0; i < options->pid_count; i++)
		if (options->pids[i] == pid)
			return true;
	return false;
}

int set_pid(struct options *options, const struct flag *flag, const char *value)
{
	unsigned long pid = 0;
	int r = whole_number(value, &pid);

	if (r == -EINVAL)
		return option_wrong(options, "--%s: \"%.64s\" is not a process number", flag->name,
				    value);
	if (r || !pid || pid > OPTIONS_PID_LIMIT)
		return option_wrong(options, "--%s: %.64s is out of range (1 to %d)", flag->name,
				    value, OPTIONS_PID_LIMIT);
	if (has_pid(options, (pid_t)pid))
		return 0;
	if (options->pid_count == OPTIONS_PIDS_MAX)
		return option_wrong(options,
				    "--%s: more than %d (descendants are followed by themselves)",
				    flag->name, OPTIONS_PIDS_MAX);
	options->pids[options->pid_count++] = (pid_t)pid;
	return 0;
}

/* Fills @ret->port, or refuses a value that could never choose anything. */
static int check_choice(struct options *options, const struct flag *flag, struct choice *ret)
{
	unsigned long port = 0;

	if (ret->kind == CHOICE_CGROUP && !ret->value[strspn(ret->value, "/")])
		return option_wrong(options, "--%s: the root group holds every process",
				    flag->name);
	if (ret->kind != CHOICE_PORT)
		return 0;
	if (whole_number(ret->value, &port) || !port || port > UINT16_MAX)
		return option_wrong(options, "--%s: \"%.64s\" is not a port (1 to %d)", flag->name,
				    ret->value, UINT16_MAX);
	ret->port = (uint16_t)port;
	return 0;
}

int set_choice(struct options *options, const struct flag *flag, const char *value)
{
	struct choice choice = { .kind = flag->kind, .value = value };
	int r = check_choice(options, flag, &choice);

	if (r)
		return r;
	if (options->choice_count == OPTIONS_CHOICES_MAX)
		return option_wrong(options, "--%s: more than %d targets are chosen", flag->name,
				    OPTIONS_CHOICES_MAX);
	options->choices[options->choice_count++] = choice;
	return 0;
}

int set_duration(struct options *options, const struct flag *flag, const char *value)
{
	unsigned long seconds = 0;
	int r = whole_number(value, &seconds);

	if (r == -EINVAL)
		return option_wrong(options, "--%s: \"%.64s\" is not a whole number of seconds",
				    flag->name, value);
	if (r || !seconds || seconds > OPTIONS_DURATION_MAX_S)
		return option_wrong(options, "--%s: %.64s is out of range (1 to %u seconds)",
				    flag->name, value, OPTIONS_DURATION_MAX_S);
	options->duration_s = (uint32_t)seconds;
	return 0;
}

int set_size(struct options *options, const struct flag *flag, const char *value)
{
	unsigned long size = 0;
	int r = whole_number(value, &size);

	if (r == -EINVAL)
		return option_wrong(options, "--%s: \"%.64s\" is not a whole number", flag->name,
				    value);
	if (r || size < flag->min || size > flag->max)
		return option_wrong(options, "--%s: %.64s is out of range (%zu to %zu)", flag->name,
				    value, flag->min, flag->max);
	*(size_t *)((char *)options + flag->offset) = size;
	return 0;
}

int set_power(struct options *options, const struct flag *flag, const char *value)
{
	int r = set_size(options, flag, value);
	size_t size;

	if (r < 0)
		return r;
	size = *(size_t *)((char *)options + flag->offset);
	if (size & (size - 1))
		return option_wrong(options, "--%s: %.64s is not a power of two", flag->name,
				    value);
	return 0;
}

int set_true(struct options *options, const struct flag *flag, const char *value)
{
	(void)value;
	*(bool *)((char *)options + flag->offset) = true;
	return 0;
}

int set_verbose(struct options *options, const struct flag *flag, const char *value)
{
	(void)flag;
	(void)value;
	options->verbose++;
	return 0;
}

/* --help wins over --version, and both over the command that they stand behind. */
int set_command(struct options *options, const struct flag *flag, const char *value)
{
	(void)value;
	if (options->command != COMMAND_HELP)
		options->command = flag->letter == 'h' ? COMMAND_HELP : COMMAND_VERSION;
	return 0;
}
