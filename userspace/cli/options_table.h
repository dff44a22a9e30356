/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options_table.h - one row per flag: name, value, the commands that know it, its setter, where it
 * goes, its help line. options_table.c holds the rows, options_set.c the setters that more than a
 * copy needs, options.c reads argv by them.
 */
#ifndef BPFXRAY_CLI_OPTIONS_TABLE_H
#define BPFXRAY_CLI_OPTIONS_TABLE_H

#include "cli/options.h"

#define FOR_NONE   (1u << COMMAND_NONE)
#define FOR_TRACE  (1u << COMMAND_TRACE)
#define FOR_DOCTOR (1u << COMMAND_DOCTOR)
#define FOR_HEALTH (1u << COMMAND_HEALTH)
#define FOR_ALL	   (FOR_NONE | FOR_TRACE | FOR_DOCTOR | FOR_HEALTH)

struct flag;

/*
 * Takes @value (NULL for a flag without one; else it must outlive @options). 0, or -EINVAL with one
 * sentence in options->error.
 */
typedef int flag_setter(struct options *options, const struct flag *flag, const char *value);

struct flag {
	const char *name;
	const char *value; /* what it takes, as --help names it; NULL: nothing */
	const char *help;
	unsigned int commands; /* FOR_* */
	char letter;	       /* 0: none */
	bool repeatable;
	bool only_argv; /* not in the configuration file */
	bool reload;	/* SIGHUP takes it anew */
	flag_setter *set;
	size_t offset;		  /* of the field, for set_text(), set_true() and set_word() */
	size_t min, max;	  /* for set_size() */
	const char *const *words; /* for set_word(): by the enum's value, NULL at the end */
	enum choice_kind kind;	  /* for set_choice() */
};

/* The parser keeps one bit for each. */
#define OPTION_FLAGS_MAX 64

/* Every flag, in the order of --help. */
extern const struct flag option_flags[];
extern const size_t option_flag_count;

/* Writes options->error; always returns -EINVAL. */
__attribute__((format(printf, 2, 3))) int option_wrong(struct options *options, const char *format,
						       ...);

flag_setter set_text, set_name_pattern, set_db_name, set_annotation, set_word, set_true, set_size,
	set_power, set_pid, set_choice, set_duration, set_verbose, set_command;

#endif
