// SPDX-License-Identifier: Apache-2.0
/* compare_command.c - see compare_command.h: two files in, tables or JSON out. */
#include "cli/compare_command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "compare/print.h"
#include "util/log.h"

struct compare_options {
	bool json;
	bool help;
	const char *sdk, *ours;
};

static void print_help(FILE *out)
{
	fputs("usage: bpfxray compare SDK.jsonl OURS.jsonl [--json]\n"
	      "\n"
	      "Compares what an X-Ray SDK and bpfxray told of the same requests: files of segment\n"
	      "documents, one a line. Segments are paired by trace id, else by method, URL and\n"
	      "overlapping time; statements by time.\n"
	      "\n"
	      "  --json      the same as JSON, with every pair and every statement\n"
	      "  -h, --help  print this text\n"
	      "\n"
	      "Ends with 0 when nothing but these documented differences remain, else with 10:\n",
	      out);
	for (unsigned int i = REASON_NONE + 1; i < REASON_COUNT; i++)
		fprintf(out, "  - %s\n", reason_text(i));
}

static int parse(int argc, char **argv, struct compare_options *ret)
{
	static const struct option longs[] = { { "json", no_argument, NULL, 'j' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	int flag;

	*ret = (struct compare_options){ 0 };
	opterr = 0;
	optind = 0;
	while ((flag = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (flag == '?') {
			log_error("compare: unknown flag %.64s (see bpfxray compare --help)",
				  argv[optind - 1]);
			return -EINVAL;
		}
		ret->json |= flag == 'j';
		ret->help |= flag == 'h';
	}
	if (!ret->help && argc - optind != 2) {
		log_error("compare needs two files: SDK.jsonl OURS.jsonl");
		return -EINVAL;
	}
	ret->sdk = argv[optind];
	ret->ours = ret->help ? NULL : argv[optind + 1];
	return 0;
}

static enum exit_code read_one(const char *path, struct record *ret)
{
	int r = record_read(path, ret);

	if (r < 0) {
		log_error("cannot read %s: %s", path, strerror(-r));
		return r == -ENOMEM ? EXIT_INTERNAL : EXIT_USAGE;
	}
	if (!ret->count) {
		log_error("%s holds no segment", path);
		return EXIT_USAGE;
	}
	if (ret->invalid)
		log_warn("%s: %" PRIu64 " lines are no segment document", path, ret->invalid);
	if (ret->orphans)
		log_warn("%s: %" PRIu64 " subsegments have no segment in it", path, ret->orphans);
	return EXIT_OK;
}

static enum exit_code print(const struct compare_options *options, struct comparison *comparison)
{
	int r = 0;

	if (options->json)
		r = comparison_print_json(comparison, stdout);
	else
		comparison_print(comparison, stdout);
	if (r < 0)
		return EXIT_INTERNAL;
	if (fflush(stdout) || ferror(stdout)) {
		log_error("cannot write the comparison: %s", strerror(errno));
		return EXIT_OUTPUT;
	}
	return comparison_undocumented(comparison) ? EXIT_DIFFERENT : EXIT_OK;
}

static enum exit_code run(const struct compare_options *options, struct comparison *comparison)
{
	enum exit_code code = read_one(options->sdk, &comparison->sdk);

	if (code == EXIT_OK)
		code = read_one(options->ours, &comparison->ours);
	if (code != EXIT_OK)
		return code;
	if (comparison_run(comparison) < 0) {
		log_error("out of memory");
		return EXIT_INTERNAL;
	}
	return print(options, comparison);
}

enum exit_code compare_command(int argc, char **argv)
{
	struct comparison comparison = { 0 };
	struct compare_options options;
	enum exit_code code;

	if (parse(argc, argv, &options) < 0)
		return EXIT_USAGE;
	if (options.help) {
		print_help(stdout);
		return EXIT_OK;
	}
	code = run(&options, &comparison);
	comparison_clear(&comparison);
	return code;
}
