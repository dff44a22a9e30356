// SPDX-License-Identifier: Apache-2.0
/* report_command.c - see report_command.h: flags, files in, one form out. */
#include "cli/report_command.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "report/aggregates.h"
#include "report/input.h"
#include "report/page.h"
#include "report/text.h"
#include "util/cleanup.h"
#include "util/log.h"

/* Entries of each list that --json prints. */
#define JSON_LIST_MAX 1000

enum form { FORM_NONE, FORM_PAGE, FORM_TEXT, FORM_JSON };

struct report_options {
	enum form form;
	const char *output; /* NULL and "-" are stdout */
	const char *trace;
	char **files;
	int file_count;
	bool help;
};

static void print_help(FILE *out)
{
	fputs("usage: bpfxray report FILE.jsonl... -o report.html\n"
	      "       bpfxray report FILE.jsonl... --text|--json [-o FILE]\n"
	      "\n"
	      "Service map, response times, traces, timelines and statements from files of "
	      "segment\n"
	      "documents, one a line: those of `bpfxray trace --output`, or captured from an SDK.\n"
	      "- is stdin.\n"
	      "\n"
	      "  -o, --output FILE    write there; without --text and --json a page for a browser\n"
	      "  --text               tables for a terminal\n"
	      "  --json               the numbers alone\n"
	      "  --trace ID           --text: the timeline of this trace, not of the slowest\n"
	      "  -h, --help           print this text\n",
	      out);
}

static int set_form(struct report_options *options, enum form form)
{
	if (options->form != FORM_NONE && options->form != form) {
		log_error("report: --text and --json exclude each other");
		return -EINVAL;
	}
	options->form = form;
	return 0;
}

static int take_flag(struct report_options *options, int flag, char *const *argv)
{
	switch (flag) {
	case 'o':
		options->output = optarg;
		return 0;
	case 't':
		return set_form(options, FORM_TEXT);
	case 'j':
		return set_form(options, FORM_JSON);
	case 'i':
		options->trace = optarg;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		log_error("report: %.64s is unknown or lacks its value (see bpfxray report --help)",
			  argv[optind - 1]);
		return -EINVAL;
	}
}

static int parse(int argc, char **argv, struct report_options *ret)
{
	static const struct option longs[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "text", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "trace", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int flag;

	*ret = (struct report_options){ 0 };
	opterr = 0;
	optind = 0;
	while ((flag = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1)
		if (take_flag(ret, flag, argv) < 0)
			return -EINVAL;
	ret->files = argv + optind;
	ret->file_count = argc - optind;
	if (ret->form == FORM_NONE && ret->output)
		ret->form = FORM_PAGE;
	return 0;
}

static int check(const struct report_options *options)
{
	if (!options->file_count)
		log_error("report needs a file of documents (see bpfxray report --help)");
	else if (options->form == FORM_NONE)
		log_error("report needs -o FILE, --text or --json");
	else if (options->trace && options->form != FORM_TEXT)
		log_error("report: --trace belongs to --text");
	else
		return 0;
	return -EINVAL;
}

static enum exit_code read_all(const struct report_options *options, struct inputs *inputs,
			       struct store *store)
{
	for (int i = 0; i < options->file_count; i++) {
		int r = inputs_read(inputs, options->files[i], store);

		if (r < 0) {
			log_error("cannot read %s: %s", options->files[i], strerror(-r));
			return r == -ENOMEM ? EXIT_INTERNAL : EXIT_USAGE;
		}
	}
	if (store->counts.invalid && !store->counts.documents) {
		log_error("no line of the input is a segment document");
		return EXIT_USAGE;
	}
	if (store->counts.invalid)
		log_warn("%llu lines are no segment document",
			 (unsigned long long)store->counts.invalid);
	return EXIT_OK;
}

static int write_json(const struct report *report, FILE *out)
{
	cJSON *json = aggregates_json(report, JSON_LIST_MAX);
	_cleanup_free_ char *text = json ? cJSON_Print(json) : NULL;

	cJSON_Delete(json);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	return 0;
}

static int write_form(const struct report_options *options, const struct report *report,
		      const struct inputs *inputs, FILE *out)
{
	switch (options->form) {
	case FORM_TEXT:
		return report_text(report, options->trace, out);
	case FORM_JSON:
		return write_json(report, out);
	default:
		return page_write(report, inputs, out);
	}
}

static enum exit_code write_report(const struct report_options *options,
				   const struct report *report, const struct inputs *inputs)
{
	bool to_stdout = !options->output || !strcmp(options->output, "-");
	const char *name = to_stdout ? "stdout" : options->output;
	FILE *out = to_stdout ? stdout : fopen(name, "we");
	int r;

	if (!out) {
		log_error("cannot write %s: %s", name, strerror(errno));
		return EXIT_OUTPUT;
	}
	r = write_form(options, report, inputs, out);
	/* A full disk shows at the latest when the stream is closed. */
	if (ferror(out) | (to_stdout ? fflush(out) : fclose(out))) {
		log_error("cannot write %s: %s", name, strerror(errno));
		return EXIT_OUTPUT;
	}
	if (r == -ENOENT)
		log_error("no trace %s in the input", options->trace);
	else if (r < 0)
		log_error("cannot make the report: %s", strerror(-r));
	return r == -ENOENT ? EXIT_USAGE : r < 0 ? EXIT_INTERNAL : EXIT_OK;
}

static enum exit_code run(const struct report_options *options, struct inputs *inputs,
			  struct store *store)
{
	enum exit_code code = read_all(options, inputs, store);
	struct report report;

	if (code != EXIT_OK)
		return code;
	if (report_build(&report, store) < 0) {
		log_error("out of memory");
		code = EXIT_INTERNAL;
	} else {
		code = write_report(options, &report, inputs);
	}
	report_clear(&report);
	return code;
}

enum exit_code report_command(int argc, char **argv)
{
	struct report_options options;
	struct inputs inputs = { 0 };
	struct store store = { 0 };
	enum exit_code code;

	if (parse(argc, argv, &options) < 0)
		return EXIT_USAGE;
	if (options.help) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (check(&options) < 0)
		return EXIT_USAGE;
	code = run(&options, &inputs, &store);
	store_clear(&store);
	inputs_close(&inputs);
	return code;
}
