// SPDX-License-Identifier: Apache-2.0
/*
 * test_options.c - the command line: each flag's effect, each wrong use's one line, and what --help
 * must name.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/exit_codes.h"
#include "cli/options.h"
#include "util/array.h"

#define WORDS_MAX 80

/* Splits @line at blanks; '' stands for an empty word. */
static int split(char *line, char **argv)
{
	static char empty[] = "";
	int argc = 0;
	char *save = NULL;

	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = strcmp(word, "''") ? word : empty;
	argv[argc] = NULL;
	return argc;
}

/* Strings in *ret point into @line. */
static int parse(char *line, struct options *ret)
{
	char *argv[WORDS_MAX];
	int argc = split(line, argv);

	return options_parse(argc, argv, ret);
}

TEST(options_trace_defaults)
{
	char line[] = "bpfxray trace --pid 42";
	struct options options;

	if (!CHECK_EQ(parse(line, &options), 0))
		return;
	CHECK_EQ(options.command, COMMAND_TRACE);
	CHECK_EQ(options.pid_count, 1);
	CHECK_EQ(options.pids[0], 42);
	CHECK_STR(options.daemon, NULL);
	CHECK(!options.no_daemon);
	CHECK_STR(options.output, NULL);
	CHECK_STR(options.name, NULL);
	CHECK_STR(options.stats, NULL);
	CHECK_STR(options.sampling, "auto");
	CHECK_STR(options.name_pattern, NULL);
	CHECK_EQ(options.sql, SQL_TEXT_SANITIZED);
	CHECK_EQ(options.db_spans, DB_SPANS_APP);
	CHECK_EQ(options.backend, BACKEND_AUTO);
	CHECK_EQ(options.duration_s, 0);
	CHECK_EQ(options.verbose, 0);
}

TEST(options_trace_everything)
{
	char line[] =
		"bpfxray trace --pid=7 --daemon xray:2000 --output - --name shop --sampling all "
		"--sql raw --db-spans all --backend syscall --stats s.json --duration 90 -vv "
		"--report s.html "
		"--pid 4194304 --pid 7";
	struct options options;

	if (!CHECK_EQ(parse(line, &options), 0))
		return;
	CHECK_EQ(options.pid_count, 2);
	CHECK_EQ(options.pids[0], 7);
	CHECK_EQ(options.pids[1], 4194304);
	CHECK_STR(options.daemon, "xray:2000");
	CHECK_STR(options.output, "-");
	CHECK_STR(options.sampling, "all");
	CHECK_STR(options.name, "shop");
	CHECK_EQ(options.sql, SQL_TEXT_RAW);
	CHECK_EQ(options.db_spans, DB_SPANS_ALL);
	CHECK_EQ(options.backend, BACKEND_SYSCALL);
	CHECK_STR(options.stats, "s.json");
	CHECK_EQ(options.duration_s, 90);
	CHECK_STR(options.report, "s.html");
	CHECK_EQ(options.verbose, 2);
}

TEST(options_choices)
{
	char line[] = "bpfxray trace --container web --ecs-container todobackend --ecs-family fam "
		      "--cgroup /system.slice --exe uwsgi* --port 8000 --port 65535 --pid 7";
	static const struct choice expected[] = {
		{ CHOICE_CONTAINER, "web", 0 },	 { CHOICE_ECS_CONTAINER, "todobackend", 0 },
		{ CHOICE_ECS_FAMILY, "fam", 0 }, { CHOICE_CGROUP, "/system.slice", 0 },
		{ CHOICE_EXE, "uwsgi*", 0 },	 { CHOICE_PORT, "8000", 8000 },
		{ CHOICE_PORT, "65535", 65535 },
	};
	struct options options;

	if (!CHECK_EQ(parse(line, &options), 0))
		return;
	CHECK_EQ(options.pid_count, 1);
	if (!CHECK_EQ(options.choice_count, ARRAY_LEN(expected)))
		return;
	for (size_t i = 0; i < options.choice_count; i++) {
		CHECK_EQ(options.choices[i].kind, expected[i].kind);
		CHECK_STR(options.choices[i].value, expected[i].value);
		CHECK_EQ(options.choices[i].port, expected[i].port);
	}
}

/* A target that is no PID is enough. */
TEST(options_choice_alone)
{
	char line[] = "bpfxray trace --ecs-container todobackend";
	struct options options;

	CHECK_EQ(parse(line, &options), 0);
}

TEST(options_words)
{
	static const struct {
		const char *line;
		enum sql_text sql;
		enum db_spans db_spans;
		enum backend backend;
	} rows[] = {
		{ "bpfxray trace --pid 1 --sql off --db-spans sdk --backend sock", SQL_TEXT_OFF,
		  DB_SPANS_SDK, BACKEND_SOCK },
		{ "bpfxray trace --pid 1 --sql sanitized --db-spans app --backend auto",
		  SQL_TEXT_SANITIZED, DB_SPANS_APP, BACKEND_AUTO },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[128];
		struct options options;

		unit_context("%s", rows[i].line);
		snprintf(line, sizeof(line), "%s", rows[i].line);
		if (!CHECK_EQ(parse(line, &options), 0))
			continue;
		CHECK_EQ(options.sql, rows[i].sql);
		CHECK_EQ(options.db_spans, rows[i].db_spans);
		CHECK_EQ(options.backend, rows[i].backend);
	}
}

TEST(options_commands)
{
	static const struct {
		const char *line;
		enum command command;
	} rows[] = {
		{ "bpfxray --help", COMMAND_HELP },
		{ "bpfxray -h", COMMAND_HELP },
		{ "bpfxray --version", COMMAND_VERSION },
		{ "bpfxray -V", COMMAND_VERSION },
		{ "bpfxray --version --help", COMMAND_HELP },
		{ "bpfxray --help --version", COMMAND_HELP },
		/* Asked for help, nothing else has to be right. */
		{ "bpfxray trace --help", COMMAND_HELP },
		{ "bpfxray trace --daemon a:1 --no-daemon --version", COMMAND_VERSION },
		{ "bpfxray doctor", COMMAND_DOCTOR },
		{ "bpfxray doctor --pid 3 -v", COMMAND_DOCTOR },
		{ "bpfxray trace --pid 3 --no-daemon", COMMAND_TRACE },
		{ "bpfxray trace --pid 3 --top --output f", COMMAND_TRACE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[128];
		struct options options;

		unit_context("%s", rows[i].line);
		snprintf(line, sizeof(line), "%s", rows[i].line);
		CHECK_EQ(parse(line, &options), 0);
		CHECK_EQ(options.command, rows[i].command);
	}
}

/* A wrong command line and words that its message must hold. */
static const struct {
	const char *line;
	const char *says;
} wrong_uses[] = {
	{ "bpfxray", "no command" },
	{ "bpfxray -v", "no command before --verbose" },
	{ "bpfxray --pid 3", "no command before --pid" },
	{ "bpfxray attach", "unknown command \"attach\"" },
	{ "bpfxray ''", "unknown command" },
	{ "bpfxray trace", "trace needs a target: --pid PID, --container NAME" },
	{ "bpfxray trace --port 0", "--port: \"0\" is not a port" },
	{ "bpfxray trace --port 65536", "--port: \"65536\" is not a port" },
	{ "bpfxray trace --port http", "--port: \"http\" is not a port" },
	{ "bpfxray trace --cgroup /", "--cgroup: the root group holds every process" },
	{ "bpfxray doctor --container web", "--container does not belong to doctor" },
	{ "bpfxray trace --bogus", "unknown flag --bogus" },
	{ "bpfxray trace --pid 1 --bogus=3", "unknown flag --bogus=3" },
	{ "bpfxray trace -x", "unknown flag -x" },
	{ "bpfxray trace -vx --pid 1", "unknown flag -x" },
	{ "bpfxray trace --pid", "--pid needs a value: --pid PID" },
	{ "bpfxray trace --pid --no-daemon", "--pid needs a value" },
	{ "bpfxray trace --pid ''", "--pid needs a value" },
	{ "bpfxray trace --pid=", "--pid needs a value" },
	{ "bpfxray trace --pid x", "--pid: \"x\" is not a process number" },
	{ "bpfxray trace --pid 12x", "not a process number" },
	{ "bpfxray trace --pid -5", "not a process number" },
	{ "bpfxray trace --pid +5", "not a process number" },
	{ "bpfxray trace --pid 0x10", "not a process number" },
	{ "bpfxray trace --pid 1.5", "not a process number" },
	{ "bpfxray trace --pid 0", "out of range" },
	{ "bpfxray trace --pid 4194305", "out of range" },
	{ "bpfxray trace --pid 4294967297", "out of range" },
	{ "bpfxray trace --pid 99999999999999999999999", "out of range" },
	{ "bpfxray trace --pid 1 stray", "unexpected argument \"stray\"" },
	{ "bpfxray trace --pid 1 -- --pid", "unexpected argument \"--pid\"" },
	{ "bpfxray trace --pid 1 --daemon a:1 --no-daemon", "contradict" },
	{ "bpfxray trace --pid 1 --no-daemon --daemon a:1", "contradict" },
	{ "bpfxray trace --pid 1 --no-daemon=yes", "--no-daemon takes no value" },
	{ "bpfxray trace --pid 1 --output f --stats f", "name the same file" },
	{ "bpfxray trace --pid 1 --output - --stats -", "name the same file" },
	{ "bpfxray trace --pid 1 --name a --name b", "--name is given twice" },
	{ "bpfxray trace --pid 1 --no-daemon --no-daemon", "--no-daemon is given twice" },
	{ "bpfxray trace --pid 1 --name-pattern *", "nothing but wildcards" },
	{ "bpfxray trace --pid 1 --db-name =db", "is not NAME or ADDRESS=NAME" },
	{ "bpfxray trace --pid 1 --db-name 10.0.0.1=", "is not NAME or ADDRESS=NAME" },
	{ "bpfxray trace --pid 1 --annotation stage", "is not KEY=VALUE" },
	{ "bpfxray trace --pid 1 --annotation stage=", "is not KEY=VALUE" },
	{ "bpfxray trace --pid 1 --annotation =prod", "is not KEY=VALUE" },
	{ "bpfxray trace --pid 1 --annotation a-b=c", "is not KEY=VALUE" },
	{ "bpfxray trace --pid 1 --name-pattern *.a --name-pattern *.b", "is given twice" },
	{ "bpfxray trace --pid 1 --sql none", "(known: sanitized, raw, off)" },
	{ "bpfxray trace --pid 1 --db-spans no", "(known: sdk, app, all)" },
	{ "bpfxray trace --pid 1 --backend bpf", "(known: auto, sock, fentry, kprobe, syscall)" },
	{ "bpfxray trace --pid 1 --duration 1h", "not a whole number of seconds" },
	{ "bpfxray trace --pid 1 --duration 0", "out of range" },
	{ "bpfxray trace --pid 1 --duration 99999999999", "out of range" },
	{ "bpfxray trace --pid 1 --report f --output f", "--output and --report name the same" },
	{ "bpfxray trace --pid 1 --stats f --report f", "--stats and --report name the same" },
	{ "bpfxray trace --pid 1 --report -", "--report needs a file" },
	{ "bpfxray trace --pid 1 --top --output -", "both write to stdout" },
	{ "bpfxray doctor --top", "--top does not belong to doctor" },
	{ "bpfxray doctor --report a", "--report does not belong to doctor" },
	{ "bpfxray doctor --daemon a:1", "--daemon does not belong to doctor" },
	{ "bpfxray doctor --name a", "--name does not belong to doctor" },
};

TEST(options_wrong_uses)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong_uses); i++) {
		char line[128];
		struct options options;

		unit_context("%s", wrong_uses[i].line);
		snprintf(line, sizeof(line), "%s", wrong_uses[i].line);
		CHECK_EQ(parse(line, &options), -EINVAL);
		CHECK(strstr(options.error, wrong_uses[i].says));
		CHECK(!strchr(options.error, '\n'));
	}
}

TEST(options_wrong_value_is_cut)
{
	char line[1024] = "bpfxray trace --sql ";
	struct options options;

	memset(line + strlen(line), 'a', sizeof(line) - 1 - strlen(line));
	CHECK_EQ(parse(line, &options), -EINVAL);
	CHECK(strstr(options.error, "(known: sanitized, raw, off)"));
}

TEST(options_too_many_pids)
{
	char line[1024] = "bpfxray trace";
	struct options options;

	for (int i = 1; i <= OPTIONS_PIDS_MAX; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " --pid=%d", i);
	CHECK_EQ(parse(line, &options), 0);
	CHECK_EQ(options.pid_count, OPTIONS_PIDS_MAX);
}

TEST(options_names_and_annotations)
{
	char line[] = "bpfxray trace --pid 1 --db-name 10.0.0.7=orders.db --db-name main.db "
		      "--annotation stage=prod --annotation team_2=a=b --adopt-trace";
	struct options options;

	if (!CHECK_EQ(parse(line, &options), 0) || !CHECK_EQ(options.db_name_count, 2) ||
	    !CHECK_EQ(options.annotation_count, 2))
		return;
	CHECK_STR(options.db_names[0].address, "10.0.0.7");
	CHECK_STR(options.db_names[0].name, "orders.db");
	CHECK_STR(options.db_names[1].address, "");
	CHECK_STR(options.db_names[1].name, "main.db");
	CHECK_STR(options.annotations[0].key, "stage");
	CHECK_STR(options.annotations[0].value, "prod");
	CHECK_STR(options.annotations[1].key, "team_2");
	CHECK_STR(options.annotations[1].value, "a=b");
	CHECK(options.adopt_trace);
}

TEST(options_one_pid_too_many)
{
	char line[1024] = "bpfxray trace";
	struct options options;

	for (int i = 1; i <= OPTIONS_PIDS_MAX + 1; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " --pid=%d", i);
	CHECK_EQ(parse(line, &options), -EINVAL);
	CHECK(strstr(options.error, "more than 64"));
}

static const char *const flag_names[] = {
	"--pid",	  "--daemon",	"--no-daemon",	"--output",	 "--name",
	"--name-pattern", "--db-name",	"--annotation", "--adopt-trace", "--sampling",
	"--sql",	  "--db-spans", "--backend",	"--stats",	 "--duration",
	"--report",	  "--top",	"--version",	"--help",	 "-v"
};

TEST(options_help_names_flags_and_exit_codes)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!CHECK(out))
		return;
	options_print_help(out);
	fclose(out);
	for (size_t i = 0; i < ARRAY_LEN(flag_names); i++) {
		unit_context("%s", flag_names[i]);
		CHECK(strstr(text, flag_names[i]));
	}
#define CHECK_CODE(name, number, words) CHECK(strstr(text, "  " #number "  " words "\n"));
	EXIT_CODES(CHECK_CODE)
#undef CHECK_CODE
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unit_context("%s", line);
		CHECK(strlen(line) <= 90);
	}
	free(text);
}

TEST(exit_codes_are_distinct)
{
	unsigned long seen = 0;

#define CHECK_DISTINCT(name, number, words)                                                        \
	CHECK(!(seen & (1ul << (number))));                                                        \
	seen |= 1ul << (number);
	EXIT_CODES(CHECK_DISTINCT)
#undef CHECK_DISTINCT
}

TEST(options_health_takes_no_flag)
{
	char line[] = "bpfxray health", wrong[] = "bpfxray health --pid 1";
	struct options options;

	CHECK_EQ(parse(line, &options), 0);
	CHECK_EQ(options.command, COMMAND_HEALTH);
	CHECK_EQ(parse(wrong, &options), -EINVAL);
}
