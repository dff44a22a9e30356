// SPDX-License-Identifier: Apache-2.0
/* reload.c - see reload.h. */
#include "cli/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config.h"
#include "cli/options_table.h"
#include "util/cleanup.h"
#include "util/log.h"

static size_t field_size(const struct flag *flag)
{
	if (flag->set == set_text || flag->set == set_name_pattern)
		return sizeof(char *);
	if (flag->set == set_true)
		return sizeof(bool);
	if (flag->set == set_word)
		return sizeof(unsigned int);
	return flag->set == set_size || flag->set == set_power ? sizeof(size_t) : 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_targets(const struct options *a, const struct options *b)
{
	if (a->pid_count != b->pid_count || a->choice_count != b->choice_count ||
	    memcmp(a->pids, b->pids, a->pid_count * sizeof(a->pids[0])))
		return false;
	for (size_t i = 0; i < a->choice_count; i++)
		if (a->choices[i].kind != b->choices[i].kind ||
		    !same_text(a->choices[i].value, b->choices[i].value))
			return false;
	return true;
}

static bool same_field(const struct flag *flag, const struct options *a, const struct options *b)
{
	const char *left = (const char *)a + flag->offset, *right = (const char *)b + flag->offset;

	if (flag->set == set_text || flag->set == set_name_pattern)
		return same_text(*(const char *const *)left, *(const char *const *)right);
	if (flag->set == set_duration)
		return a->duration_s == b->duration_s;
	if (flag->set == set_pid || flag->set == set_choice)
		return same_targets(a, b);
	return !memcmp(left, right, field_size(flag));
}

static void take_over(const struct flag *flag, const struct options *from, struct options *ret)
{
	memcpy((char *)ret + flag->offset, (const char *)from + flag->offset, field_size(flag));
}

/* The flags of the file as it is now. Its text in *ret_text, which @ret points into. */
static int read_again(const struct options *now, bool tell, char **ret_text, struct options *ret)
{
	int r = config_read(now->config, ret_text);

	if (r < 0 && tell)
		log_error("SIGHUP: cannot read %s: %s; nothing changes", now->config, strerror(-r));
	if (r < 0)
		return r;
	r = options_parse_with(now->argc, now->argv, *ret_text, ret);
	if (r < 0 && tell)
		log_error("SIGHUP: %s; nothing changes", ret->error);
	return r;
}

int reload_options(const struct options *now, bool tell, struct options *ret)
{
	_cleanup_free_ char *text = NULL;
	struct options next;
	int r = read_again(now, tell, &text, &next);

	if (r < 0)
		return r;
	*ret = *now;
	for (size_t i = 0; i < option_flag_count; i++) {
		const struct flag *flag = &option_flags[i];

		if (flag->reload)
			take_over(flag, &next, ret);
		else if (tell && flag->set != set_command && flag->set != set_verbose &&
			 !same_field(flag, now, &next))
			log_warn("SIGHUP: %s has changed, which needs another start", flag->name);
	}
	/* the strings of @ret point into it, until the process ends */
	(void)TAKE_PTR(text);
	return 0;
}
