// SPDX-License-Identifier: Apache-2.0
/*
 * options.c - argv to struct options, by the table in options_table.c.
 *
 * What only makes sense together is checked at the end. Pure but for getopt_long(), whose state is
 * reset on each call.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/config.h"
#include "cli/exit_codes.h"
#include "cli/options.h"
#include "cli/options_table.h"
#include "util/array.h"

/* getopt's value for flag i is FLAG_BASE + i: outside of the letters. */
#define FLAG_BASE 256

static const char *const command_words[] = {
	[COMMAND_TRACE] = "trace", [COMMAND_DOCTOR] = "doctor", [COMMAND_HEALTH] = "health"
};

/*
 * Fills getopt's two forms of the table. The leading ':' tells a missing value from an unknown
 * flag.
 */
static void getopt_tables(struct option longs[OPTION_FLAGS_MAX + 1],
			  char letters[OPTION_FLAGS_MAX + 2])
{
	*letters++ = ':';
	for (size_t i = 0; i < option_flag_count; i++) {
		longs[i] = (struct option){ .name = option_flags[i].name,
					    .has_arg = option_flags[i].value ? required_argument
									     : no_argument,
					    .val = FLAG_BASE + (int)i };
		if (option_flags[i].letter)
			*letters++ = option_flags[i].letter;
	}
	longs[option_flag_count] = (struct option){ 0 };
	*letters = '\0';
}

static const struct flag *flag_of(int value)
{
	for (size_t i = 0; i < option_flag_count; i++)
		if (value == FLAG_BASE + (int)i || (value && value == option_flags[i].letter))
			return &option_flags[i];
	return NULL;
}

/* What getopt_long() refused. */
static int refused(struct options *options, int found, char *const *argv)
{
	const struct flag *flag = flag_of(optopt);

	if (found == ':' && flag)
		return option_wrong(options, "--%s needs a value: --%s %s", flag->name, flag->name,
				    flag->value);
	if (flag)
		return option_wrong(options, "--%s takes no value", flag->name);
	if (optopt)
		return option_wrong(options, "unknown flag -%c", optopt);
	return option_wrong(options, "unknown flag %.64s", argv[optind - 1]);
}

static int misplaced(struct options *options, const struct flag *flag, enum command command)
{
	if (command == COMMAND_NONE)
		return option_wrong(options,
				    "no command before --%s (try: bpfxray trace --pid PID)",
				    flag->name);
	return option_wrong(options, "--%s does not belong to %s", flag->name,
			    command_words[command]);
}

/* One flag as found. @seen has a bit for each flag given before. */
static int take_flag(struct options *options, const struct flag *flag, enum command command,
		     uint64_t *seen)
{
	uint64_t bit = 1ull << (flag - option_flags);

	if (!(flag->commands & (1u << command)))
		return misplaced(options, flag, command);
	/* `--name --sql raw` is a forgotten value, not a service called "--sql". */
	if (flag->value && (!*optarg || !strncmp(optarg, "--", 2)))
		return option_wrong(options, "--%s needs a value: --%s %s", flag->name, flag->name,
				    flag->value);
	if (!flag->repeatable && (*seen & bit))
		return option_wrong(options, "--%s is given twice", flag->name);
	*seen |= bit;
	return flag->set(options, flag, optarg);
}

static int take_flags(int argc, char **argv, enum command command, struct options *options)
{
	struct option longs[OPTION_FLAGS_MAX + 1];
	char letters[OPTION_FLAGS_MAX + 2];
	uint64_t seen = 0;
	int found, r;

	getopt_tables(longs, letters);
	opterr = 0;
	optind = 0; /* glibc: start anew, also its hidden state */
	while ((found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (found == ':' || found == '?')
			return refused(options, found, argv);
		r = take_flag(options, flag_of(found), command, &seen);
		if (r)
			return r;
	}
	if (optind < argc)
		return option_wrong(options, "unexpected argument \"%.64s\"", argv[optind]);
	return 0;
}

/* Two writers would mix line by line, or the later one take the earlier one's place. */
static int check_files(struct options *options)
{
	const struct {
		const char *flag, *path;
	} files[] = {
		{ "output", options->output },
		{ "stats", options->stats },
		{ "metrics", options->metrics },
		{ "report", options->report },
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		for (size_t j = i + 1; j < ARRAY_LEN(files); j++)
			if (files[i].path && files[j].path && !strcmp(files[i].path, files[j].path))
				return option_wrong(options, "--%s and --%s name the same file",
						    files[i].flag, files[j].flag);
	return 0;
}

static int check_together(struct options *options)
{
	if (options->command != COMMAND_TRACE)
		return 0;
	if (!options->pid_count && !options->choice_count)
		return option_wrong(options, "trace needs a target: --pid PID, --container NAME "
					     "or another of the first flags in --help");
	if (options->daemon && options->no_daemon)
		return option_wrong(options, "--daemon and --no-daemon contradict each other");
	if (options->report && !strcmp(options->report, "-"))
		return option_wrong(options, "--report needs a file, - is none");
	if (options->top && options->output && !strcmp(options->output, "-"))
		return option_wrong(options, "--top and --output - both write to stdout");
	return check_files(options);
}

static enum command command_of(const char *word)
{
	for (unsigned int i = 0; i < ARRAY_LEN(command_words); i++)
		if (command_words[i] && !strcmp(word, command_words[i]))
			return (enum command)i;
	return COMMAND_NONE;
}

const char *options_config_path(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--config"))
			return i + 1 < argc ? argv[i + 1] : NULL;
		if (!strncmp(argv[i], "--config=", strlen("--config=")))
			return argv[i] + strlen("--config=");
	}
	return NULL;
}

/*
 * Two flags say where documents go: what the command line says of either takes the place of both,
 * but for a file that contradicts itself.
 */
static int take_flags_over(int argc, char **argv, struct options *options)
{
	const char *daemon = options->daemon;
	bool no_daemon = options->no_daemon;
	int r;

	options->daemon = NULL;
	options->no_daemon = false;
	r = take_flags(argc, argv, options->command, options);
	if ((!options->daemon && !options->no_daemon) || (daemon && no_daemon)) {
		options->daemon = daemon;
		options->no_daemon = no_daemon;
	}
	return r;
}

/* The file's flags, then those of the command line, which win. */
static int take_all(int argc, char **argv, char *config, struct options *ret)
{
	const char *path = options_config_path(argc, argv);
	int r = config && path ? config_apply(config, path, ret) : 0;

	if (r < 0)
		return r;
	r = take_flags_over(argc, argv, ret);
	if (!r && ret->config && (!path || strcmp(path, ret->config)))
		return option_wrong(ret, "--config is given once, and not abbreviated");
	return r;
}

int options_parse(int argc, char **argv, struct options *ret)
{
	return options_parse_with(argc, argv, NULL, ret);
}

int options_parse_with(int argc, char **argv, char *config, struct options *ret)
{
	enum command command = COMMAND_NONE;
	int r;

	*ret = (struct options){ .sampling = "auto",
				 .db_spans = DB_SPANS_APP,
				 .queue_bytes = OPTIONS_QUEUE_BYTES,
				 .queue_documents = OPTIONS_QUEUE_DOCUMENTS,
				 .log_interval_s = OPTIONS_LOG_INTERVAL_S,
				 .in_progress_s = OPTIONS_IN_PROGRESS_S,
				 .argc = argc,
				 .argv = argv };
	if (argc < 2)
		return option_wrong(ret, "no command (try: bpfxray trace --pid PID)");
	if (argv[1][0] != '-') {
		command = command_of(argv[1]);
		if (command == COMMAND_NONE)
			return option_wrong(ret, "unknown command \"%.64s\"", argv[1]);
		/* The command's word takes the place of argv[0], which getopt skips. */
		argc--;
		argv++;
	}
	ret->command = command;
	r = take_all(argc, argv, config, ret);
	if (r)
		return r;
	if (ret->command == COMMAND_NONE)
		return option_wrong(ret, "no command (try: bpfxray trace --pid PID)");
	return check_together(ret);
}

static void print_flag(FILE *out, const struct flag *flag)
{
	char left[40];

	if (flag->letter)
		snprintf(left, sizeof(left), "-%c, --%s", flag->letter, flag->name);
	else
		snprintf(left, sizeof(left), "--%s%s%s", flag->name, flag->value ? " " : "",
			 flag->value ? flag->value : "");
	fprintf(out, "  %-20s %s%s\n", left, flag->help,
		flag->commands & FOR_DOCTOR && !(flag->commands & FOR_NONE) ? " (doctor too)" : "");
}

void options_print_help(FILE *out)
{
	fputs("usage: bpfxray trace --pid PID|--container NAME|... [flags]\n"
	      "       bpfxray doctor [--pid PID ...]\n"
	      "       bpfxray health\n"
	      "       bpfxray report FILE.jsonl... -o report.html|--text|--json (report --help)\n"
	      "       bpfxray compare SDK.jsonl OURS.jsonl [--json] (compare --help)\n"
	      "\n"
	      "Follows running processes from the kernel and sends their HTTP requests, with the\n"
	      "MySQL calls made for each, as AWS X-Ray segments. The processes are not changed.\n"
	      "doctor says whether tracing would work here, and what a process runs.\n"
	      "health ends with 0 when a trace runs here and turns, else with 1.\n"
	      "\n"
	      "flags:\n",
	      out);
	for (size_t i = 0; i < option_flag_count; i++)
		print_flag(out, &option_flags[i]);
	fputs("\n"
	      "Targets may be chosen in several ways at once: what any of them fits is followed.\n"
	      "With a choice that is not a PID, trace waits for what does not run yet.\n"
	      "The service name is --name, else AWS_XRAY_TRACING_NAME, else that variable in the\n"
	      "process's own environment, else the container's name, else what it runs: uwsgi\n"
	      "--module=todobackend.wsgi is todobackend, gunicorn shop.wsgi is shop, any other\n"
	      "program its own name.\n"
	      "SIGTERM and SIGINT end the trace, SIGUSR1 prints the counters.\n"
	      "\n"
	      "exit codes:\n",
	      out);
#define PRINT_CODE(name, number, text) fprintf(out, "  %d  %s\n", number, text);
	EXIT_CODES(PRINT_CODE)
#undef PRINT_CODE
}
