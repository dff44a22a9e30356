// SPDX-License-Identifier: Apache-2.0
/*
 * options.c - argv to struct options, by one table: name, value, commands that know it, where it
 * goes, help line.
 *
 * Each setter checks its value and leaves one sentence in options->error when it is wrong; what
 * only makes sense together is checked at the end. Pure but for getopt_long(), whose state is reset
 * on each call.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit_codes.h"
#include "cli/options.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* getopt's value for flag i is FLAG_BASE + i: outside of the letters. */
#define FLAG_BASE 256

#define FOR_NONE   (1u << COMMAND_NONE)
#define FOR_TRACE  (1u << COMMAND_TRACE)
#define FOR_DOCTOR (1u << COMMAND_DOCTOR)
#define FOR_ALL	   (FOR_NONE | FOR_TRACE | FOR_DOCTOR)

struct flag {
	const char *name;
	const char *value; /* what it takes, as --help names it; NULL: nothing */
	const char *help;
	unsigned int commands; /* FOR_* */
	char letter;	       /* 0: none */
	bool repeatable;
	int (*set)(struct options *options, const struct flag *flag, const char *value);
	size_t offset;		  /* of the field, for set_text() and set_word() */
	const char *const *words; /* for set_word(): by the enum's value, NULL at the end */
};

static const char *const command_words[] = {
	[COMMAND_TRACE] = "trace", [COMMAND_DOCTOR] = "doctor"
};
static const char *const sampling_words[] = { [SAMPLING_ALL] = "all", NULL };
static const char *const sql_words[] = {
	[SQL_TEXT_SANITIZED] = "sanitized", [SQL_TEXT_RAW] = "raw", [SQL_TEXT_OFF] = "off", NULL
};
static const char *const db_spans_words[] = {
	[DB_SPANS_SDK] = "sdk", [DB_SPANS_APP] = "app", [DB_SPANS_ALL] = "all", NULL
};
static const char *const backend_words[] = {
	[BACKEND_AUTO] = "auto", [BACKEND_SOCK] = "sock", [BACKEND_SYSCALL] = "syscall", NULL
};

__attribute__((format(printf, 2, 3))) static int wrong(struct options *options, const char *format,
						       ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(options->error, sizeof(options->error), format, args);
	va_end(args);
	return -EINVAL;
}

static int set_text(struct options *options, const struct flag *flag, const char *value)
{
	*(const char **)((char *)options + flag->offset) = value;
	return 0;
}

static int set_word(struct options *options, const struct flag *flag, const char *value)
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
	return wrong(options, "--%s: \"%.64s\" is not known (known: %s)", flag->name, value, known);
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

static int set_pid(struct options *options, const struct flag *flag, const char *value)
{
	unsigned long pid = 0;
	int r = whole_number(value, &pid);

	if (r == -EINVAL)
		return wrong(options, "--%s: \"%.64s\" is not a process number", flag->name, value);
	if (r || !pid || pid > OPTIONS_PID_LIMIT)
		return wrong(options, "--%s: %.64s is out of range (1 to %d)", flag->name, value,
			     OPTIONS_PID_LIMIT);
	if (has_pid(options, (pid_t)pid))
		return 0;
	if (options->pid_count == OPTIONS_PIDS_MAX)
		return wrong(options, "--%s: more than %d (descendants are followed by themselves)",
			     flag->name, OPTIONS_PIDS_MAX);
	options->pids[options->pid_count++] = (pid_t)pid;
	return 0;
}

static int set_duration(struct options *options, const struct flag *flag, const char *value)
{
	unsigned long seconds = 0;
	int r = whole_number(value, &seconds);

	if (r == -EINVAL)
		return wrong(options, "--%s: \"%.64s\" is not a whole number of seconds",
			     flag->name, value);
	if (r || !seconds || seconds > OPTIONS_DURATION_MAX_S)
		return wrong(options, "--%s: %.64s is out of range (1 to %u seconds)", flag->name,
			     value, OPTIONS_DURATION_MAX_S);
	options->duration_s = (uint32_t)seconds;
	return 0;
}

static int set_report(struct options *options, const struct flag *flag, const char *value)
{
	(void)value;
	return wrong(options, "--%s is reserved: use --output FILE, then bpfxray report FILE",
		     flag->name);
}

static int set_true(struct options *options, const struct flag *flag, const char *value)
{
	(void)value;
	*(bool *)((char *)options + flag->offset) = true;
	return 0;
}

static int set_verbose(struct options *options, const struct flag *flag, const char *value)
{
	(void)flag;
	(void)value;
	options->verbose++;
	return 0;
}

/* --help wins over --version, and both over the command that they stand behind. */
static int set_command(struct options *options, const struct flag *flag, const char *value)
{
	(void)value;
	if (options->command != COMMAND_HELP)
		options->command = flag->letter == 'h' ? COMMAND_HELP : COMMAND_VERSION;
	return 0;
}

#define FIELD(field) .offset = offsetof(struct options, field)
/* Who knows it, name, value, help, then what is not zero. */
#define FLAG(commands_, name_, value_, help_, ...)                                                 \
	{                                                                                          \
		.commands = commands_, .name = name_, .value = value_, .help = help_, __VA_ARGS__  \
	}

/* clang-format off */
static const struct flag flags[] = {
	FLAG(FOR_TRACE | FOR_DOCTOR, "pid", "PID",
	     "follow this process and its descendants; repeatable",
	     .repeatable = true, .set = set_pid),
	FLAG(FOR_TRACE, "daemon", "HOST:PORT",
	     "X-Ray daemon (AWS_XRAY_DAEMON_ADDRESS, 127.0.0.1:2000)",
	     .set = set_text, FIELD(daemon)),
	FLAG(FOR_TRACE, "no-daemon", NULL, "send nothing over the network", .set = set_true,
	     FIELD(no_daemon)),
	FLAG(FOR_TRACE, "output", "FILE", "also write each document as a line of JSON; - is stdout",
	     .set = set_text, FIELD(output)),
	FLAG(FOR_TRACE, "name", "NAME", "service name (default: see below)",
	     .set = set_text, FIELD(name)),
	FLAG(FOR_TRACE, "sampling", "RULE", "which requests become segments: all (default)",
	     .set = set_word, FIELD(sampling), .words = sampling_words),
	FLAG(FOR_TRACE, "sql", "TEXT", "statement text: sanitized (default), raw, off",
	     .set = set_word, FIELD(sql), .words = sql_words),
	FLAG(FOR_TRACE, "db-spans", "WHICH", "database round trips: sdk, app (default), all",
	     .set = set_word, FIELD(db_spans), .words = db_spans_words),
	FLAG(FOR_TRACE, "backend", "WHICH", "kernel hooks: auto (default), sock, syscall",
	     .set = set_word, FIELD(backend), .words = backend_words),
	FLAG(FOR_TRACE, "stats", "FILE", "write every counter as JSON at the end",
	     .set = set_text, FIELD(stats)),
	FLAG(FOR_TRACE, "duration", "SECONDS", "stop after this time", .set = set_duration),
	FLAG(FOR_TRACE, "report", "FILE", "reserved for a later version", .set = set_report),
	FLAG(FOR_TRACE | FOR_DOCTOR, "verbose", NULL, "say more on stderr; twice: everything",
	     .letter = 'v', .repeatable = true, .set = set_verbose),
	FLAG(FOR_ALL, "version", NULL, "print the versions",
	     .letter = 'V', .repeatable = true, .set = set_command),
	FLAG(FOR_ALL, "help", NULL, "print this text",
	     .letter = 'h', .repeatable = true, .set = set_command),
};
/* clang-format on */

/*
 * Fills getopt's two forms of the table. The leading ':' tells a missing value from an unknown
 * flag.
 */
static void getopt_tables(struct option longs[ARRAY_LEN(flags) + 1],
			  char letters[ARRAY_LEN(flags) + 2])
{
	*letters++ = ':';
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		longs[i] = (struct option){ .name = flags[i].name,
					    .has_arg = flags[i].value ? required_argument
								      : no_argument,
					    .val = FLAG_BASE + (int)i };
		if (flags[i].letter)
			*letters++ = flags[i].letter;
	}
	longs[ARRAY_LEN(flags)] = (struct option){ 0 };
	*letters = '\0';
}

static const struct flag *flag_of(int value)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (value == FLAG_BASE + (int)i || (value && value == flags[i].letter))
			return &flags[i];
	return NULL;
}

/* What getopt_long() refused. */
static int refused(struct options *options, int found, char *const *argv)
{
	const struct flag *flag = flag_of(optopt);

	if (found == ':' && flag)
		return wrong(options, "--%s needs a value: --%s %s", flag->name, flag->name,
			     flag->value);
	if (flag)
		return wrong(options, "--%s takes no value", flag->name);
	if (optopt)
		return wrong(options, "unknown flag -%c", optopt);
	return wrong(options, "unknown flag %.64s", argv[optind - 1]);
}

static int misplaced(struct options *options, const struct flag *flag, enum command command)
{
	if (command == COMMAND_NONE)
		return wrong(options, "no command before --%s (try: bpfxray trace --pid PID)",
			     flag->name);
	return wrong(options, "--%s does not belong to %s", flag->name, command_words[command]);
}

/* One flag as found. @seen has a bit for each flag given before. */
static int take_flag(struct options *options, const struct flag *flag, enum command command,
		     unsigned int *seen)
{
	unsigned int bit = 1u << (flag - flags);

	if (!(flag->commands & (1u << command)))
		return misplaced(options, flag, command);
	/* `--name --sql raw` is a forgotten value, not a service called "--sql". */
	if (flag->value && (!*optarg || !strncmp(optarg, "--", 2)))
		return wrong(options, "--%s needs a value: --%s %s", flag->name, flag->name,
			     flag->value);
	if (!flag->repeatable && (*seen & bit))
		return wrong(options, "--%s is given twice", flag->name);
	*seen |= bit;
	return flag->set(options, flag, optarg);
}

static int take_flags(int argc, char **argv, enum command command, struct options *options)
{
	struct option longs[ARRAY_LEN(flags) + 1];
	char letters[ARRAY_LEN(flags) + 2];
	unsigned int seen = 0;
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
		return wrong(options, "unexpected argument \"%.64s\"", argv[optind]);
	return 0;
}

/* "-" is stdout, which two writers would mix line by line. */
static int check_together(struct options *options)
{
	if (options->command != COMMAND_TRACE)
		return 0;
	if (!options->pid_count)
		return wrong(options, "trace needs a process: --pid PID");
	if (options->daemon && options->no_daemon)
		return wrong(options, "--daemon and --no-daemon contradict each other");
	if (options->output && options->stats && !strcmp(options->output, options->stats))
		return wrong(options, "--output and --stats name the same file");
	return 0;
}

static enum command command_of(const char *word)
{
	for (unsigned int i = 0; i < ARRAY_LEN(command_words); i++)
		if (command_words[i] && !strcmp(word, command_words[i]))
			return (enum command)i;
	return COMMAND_NONE;
}

int options_parse(int argc, char **argv, struct options *ret)
{
	enum command command = COMMAND_NONE;
	int r;

	*ret = (struct options){ .db_spans = DB_SPANS_APP };
	if (argc < 2)
		return wrong(ret, "no command (try: bpfxray trace --pid PID)");
	if (argv[1][0] != '-') {
		command = command_of(argv[1]);
		if (command == COMMAND_NONE)
			return wrong(ret,
				     "unknown command \"%.64s\" (known: trace, doctor, report)",
				     argv[1]);
		/* The command's word takes the place of argv[0], which getopt skips. */
		argc--;
		argv++;
	}
	ret->command = command;
	r = take_flags(argc, argv, command, ret);
	if (r)
		return r;
	if (ret->command == COMMAND_NONE)
		return wrong(ret, "no command (try: bpfxray trace --pid PID)");
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
	fputs("usage: bpfxray trace --pid PID [--pid PID ...] [flags]\n"
	      "       bpfxray doctor [--pid PID ...]\n"
	      "       bpfxray report FILE.jsonl... -o report.html|--text|--json (report --help)\n"
	      "\n"
	      "Follows running processes from the kernel and sends their HTTP requests, with the\n"
	      "MySQL calls made for each, as AWS X-Ray segments. The processes are not changed.\n"
	      "doctor says whether tracing would work here, and what a process runs.\n"
	      "\n"
	      "flags:\n",
	      out);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		print_flag(out, &flags[i]);
	fputs("\n"
	      "The service name is --name, else AWS_XRAY_TRACING_NAME, else that variable in the\n"
	      "process's own environment, else what it runs: uwsgi --module=todobackend.wsgi is\n"
	      "todobackend, gunicorn shop.wsgi is shop, any other program its own name.\n"
	      "SIGTERM and SIGINT end the trace, SIGUSR1 prints the counters.\n"
	      "\n"
	      "exit codes:\n",
	      out);
#define PRINT_CODE(name, number, text) fprintf(out, "  %d  %s\n", number, text);
	EXIT_CODES(PRINT_CODE)
#undef PRINT_CODE
}
