// SPDX-License-Identifier: Apache-2.0
/* test_config.c - the configuration file: what it sets, what wins, and each error with its line. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/config.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Parses @config with the words of @line (blanks between them) behind `bpfxray trace --config f`.
 */
static int parse(char *config, char *line, struct options *ret)
{
	static char program[] = "bpfxray", trace[] = "trace", flag[] = "--config", file[] = "f";
	char *argv[32] = { program, trace, flag, file };
	char *save = NULL;
	int argc = 4;

	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return options_parse_with(argc, argv, config, ret);
}

TEST(config_sets_flags)
{
	char config[] = "# a service\n"
			"pid = 42\n"
			"\n"
			"  daemon=xray.example:2000  \r\n"
			"pid = 43\n"
			"sql = off\n"
			"queue-documents = 7\n"
			"verbose = true\n"
			"no-daemon = false";
	char line[] = "";
	struct options options;

	if (!CHECK_EQ(parse(config, line, &options), 0))
		return;
	CHECK_EQ(options.pid_count, 2);
	CHECK_EQ(options.pids[1], 43);
	CHECK_STR(options.daemon, "xray.example:2000");
	CHECK_EQ(options.sql, SQL_TEXT_OFF);
	CHECK_EQ(options.queue_documents, 7);
	CHECK_EQ(options.verbose, 1);
	CHECK(!options.no_daemon);
	CHECK_STR(options.config, "f");
}

TEST(config_gives_way_to_the_command_line)
{
	char config[] = "pid = 1\nsql = off\nname = one";
	char line[] = "--sql raw --name two";
	struct options options;

	if (!CHECK_EQ(parse(config, line, &options), 0))
		return;
	CHECK_EQ(options.sql, SQL_TEXT_RAW);
	CHECK_STR(options.name, "two");
}

/* Two flags say where documents go. */
TEST(config_gives_way_in_where_to_send)
{
	static const struct {
		const char *text, *line;
		const char *daemon; /* NULL: none */
		bool wrong;
	} rows[] = {
		{ "daemon = a:1", "--no-daemon", NULL, false },
		{ "no-daemon = true", "--daemon b:2", "b:2", false },
		{ "daemon = a:1", "--daemon b:2", "b:2", false },
		{ "daemon = a:1", "", "a:1", false },
		{ "no-daemon = true", "", NULL, false },
		{ "daemon = a:1\nno-daemon = true", "", NULL, true },
		{ "daemon = a:1\nno-daemon = true", "--no-daemon", NULL, true },
		{ "daemon = a:1", "--daemon b:2 --no-daemon", NULL, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_free_ char *config = strdup(rows[i].text);
		_cleanup_free_ char *line = NULL;
		struct options options;

		unit_context("%s, %s", rows[i].text, rows[i].line);
		CHECK(asprintf(&line, "--pid 1 %s", rows[i].line) > 0);
		if (!CHECK_EQ(parse(config, line, &options), rows[i].wrong ? -EINVAL : 0))
			continue;
		if (rows[i].wrong) {
			CHECK(strstr(options.error, "contradict"));
			continue;
		}
		CHECK_STR(options.daemon, rows[i].daemon);
		CHECK_EQ(options.no_daemon, !rows[i].daemon);
	}
}

TEST(config_errors_name_their_line)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "pid = 1\n\n# x\nunknown = 2\n", "f:4: unknown key \"unknown\"" },
		{ "pid = many", "f:1: --pid: \"many\" is not a process number" },
		{ "pid", "f:1: pid needs a value: pid = PID" },
		{ "pid =", "f:1: pid needs a value: pid = PID" },
		{ "name = a\nname = b", "f:2: name is given twice" },
		{ "no-daemon = yes", "f:1: no-daemon is true or false" },
		{ "no-daemon", "f:1: no-daemon needs a value: no-daemon = true" },
		{ "config = other", "f:1: unknown key \"config\"" },
		{ "help = true", "f:1: unknown key \"help\"" },
		{ "top = true", "f:1: unknown key \"top\"" },
		{ "= 1", "f:1: unknown key \"\"" },
		{ "queue-bytes = 1",
		  "f:1: --queue-bytes: 1 is out of range (65536 to 1073741824)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_free_ char *config = strdup(rows[i].text);
		char line[] = "";
		struct options options;

		unit_context("%s", rows[i].text);
		CHECK_EQ(parse(config, line, &options), -EINVAL);
		CHECK_STR(options.error, rows[i].error);
	}
}

TEST(config_flag_is_not_abbreviated)
{
	char program[] = "bpfxray", trace[] = "trace", flag[] = "--conf", file[] = "f";
	char *argv[] = { program, trace, flag, file, NULL };
	struct options options;

	CHECK_EQ(options_parse_with(4, argv, NULL, &options), -EINVAL);
	CHECK_STR(options.error, "--config is given once, and not abbreviated");
}

static int read_text(const char *text, size_t len, char **ret)
{
	char path[] = "/tmp/bpfxray-unit-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	int r;

	CHECK_EQ(write(fd, text, len), len);
	r = config_read(path, ret);
	unlink(path);
	return r;
}

TEST(config_files_that_are_none)
{
	_cleanup_free_ char *large = malloc(CONFIG_MAX + 1), *got = NULL;

	CHECK_EQ(config_read("/no/such/file", &got), -ENOENT);
	memset(large, '#', CONFIG_MAX + 1);
	CHECK_EQ(read_text(large, CONFIG_MAX + 1, &got), -EFBIG);
	CHECK_EQ(read_text("pid\0= 1", 7, &got), -EBADMSG);
	CHECK(!got);
	if (CHECK_EQ(read_text("pid = 1\n", 8, &got), 0))
		CHECK_STR(got, "pid = 1\n");
}
