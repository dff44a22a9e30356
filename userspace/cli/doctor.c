// SPDX-License-Identifier: Apache-2.0
/*
 * doctor.c - the answers of probe/ and host/ as text. It decides nothing that `trace` decides
 * otherwise: both ask features_missing(), and then kernel_open().
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/confine.h"
#include "cli/doctor.h"
#include "cli/preflight.h"
#include "host/maps.h"
#include "host/process.h"
#include "host/recognise.h"
#include "host/sdk.h"
#include "host/service_name.h"
#include "probe/features.h"
#include "probe/kernel.h"
#include "probe/libraries.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/table.h"

static const struct backend_row {
	const char *name;
	unsigned int bit;
	enum kernel_backend kernel;
} backends[] = {
	{ "sock", FEATURE_FOR_SOCK, KERNEL_BACKEND_SOCK },
	{ "fentry", FEATURE_FOR_FENTRY, KERNEL_BACKEND_FENTRY },
	{ "kprobe", FEATURE_FOR_KPROBE, KERNEL_BACKEND_KPROBE },
	{ "syscall", FEATURE_FOR_SYSCALL, KERNEL_BACKEND_SYSCALL },
};

static const char *const verdict_words[] = {
	[FEATURE_NO] = "no",
	[FEATURE_YES] = "yes",
	[FEATURE_UNKNOWN] = "?",
};

static void print_feature(const struct feature *feature, FILE *out)
{
	char error[96];

	feature_error_text(feature->error, error, sizeof(error));
	fprintf(out, "  %-30s %s%s%s%s%s\n", feature->name, verdict_words[feature->verdict],
		feature->detail[0] ? ", " : "", feature->detail, error[0] ? ": " : "", error);
	if (feature->verdict == FEATURE_NO)
		fprintf(out, "  %-30s -> %s\n", "", feature->advice);
}

static void print_missing(const char *backend, const struct feature *missing, FILE *out)
{
	char error[96];

	feature_error_text(missing->error, error, sizeof(error));
	fprintf(out, "not %s: %s is missing%s%s%s%s\n", backend, missing->name,
		missing->detail[0] ? ", " : "", missing->detail, error[0] ? ": " : "", error);
}

/* Loads and attaches it as `trace` does, and lets it go. */
static bool backend_works(const struct backend_row *row, FILE *out)
{
	const struct kernel_options options = { .backend = row->kernel };
	struct kernel *kernel;
	char why[256];

	if (kernel_open(&options, &kernel, why, sizeof(why))) {
		fprintf(out, "not %s: %s\n", row->name, why);
		return false;
	}
	kernel_free(kernel);
	return true;
}

/* The first backend of the table that works. Says of the others why not. */
static enum exit_code print_backends(const struct feature *features, size_t count, FILE *out)
{
	enum exit_code code = EXIT_OK;
	const char *chosen = NULL;

	for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
		const struct feature *missing = features_missing(features, count, backends[i].bit);

		if (missing)
			print_missing(backends[i].name, missing, out);
		else if (chosen)
			fprintf(out, "not %s: %s costs less\n", backends[i].name, chosen);
		else if (!backend_works(&backends[i], out))
			code = EXIT_ATTACH;
		else
			fprintf(out, "backend: %s\n", chosen = backends[i].name);
		if (missing && code == EXIT_OK)
			code = preflight_code(missing);
	}
	if (chosen)
		return EXIT_OK;
	fprintf(out, "backend: none\n");
	return code;
}

static void print_list(const char *label, const struct recognised_list *list, const char *none,
		       FILE *out)
{
	fprintf(out, "  %-15s ", label);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i ? ", " : "", list->name[i]);
	fprintf(out, "%s\n", list->more ? ", and others" : list->count ? "" : none);
}

static const char *const source_text[] = {
	[NAME_GIVEN] = "given",
	[NAME_OWN_ENV] = "AWS_XRAY_TRACING_NAME here",
	[NAME_TARGET_ENV] = "AWS_XRAY_TRACING_NAME of the process",
	[NAME_CONTAINER] = "its container's",
	[NAME_DERIVED] = "from what it runs",
	[NAME_EXECUTABLE] = "the program's name",
};

static void print_name(pid_t pid, FILE *out)
{
	struct service_name name;

	if (!service_name(pid, NULL, getenv("AWS_XRAY_TRACING_NAME"), NULL, &name))
		fprintf(out, "  %-15s %s (%s)\n", "service name", name.name,
			source_text[name.source]);
}

static void print_server(pid_t pid, FILE *out)
{
	_cleanup_(words_clear) struct words argv = { 0 };
	_cleanup_free_ char *exe = NULL;
	struct invocation in;
	const char *name;

	if (process_argv(pid, &argv))
		return;
	if (process_exe(pid, &exe))
		exe = NULL;
	in = invocation_of(argv.count, argv.at, exe);
	name = server_name(&in);
	fprintf(out, "  %-15s %s\n", "server",
		name ? name : "not recognised (traced all the same)");
}

/* The files that were looked at, over all processes of a tree. */
struct probed_files {
	struct table seen;
	size_t found;
	pid_t pid;
	FILE *out;
};

static void print_functions(const char *label, const char *const *names, size_t count, FILE *out)
{
	if (!count)
		return;
	fprintf(out, "  %-15s   %s", "", label);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? ", " : " ", names[i]);
	fputc('\n', out);
}

/* A file that is mapped by several processes is told once. */
static void print_probed(void *ctx, const struct mapping *mapping)
{
	struct probed_files *files = ctx;
	_cleanup_close_ int fd = mapping_open(files->pid, mapping);
	struct library_functions functions;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 ||
	    table_insert(&files->seen, table_key2(status.st_dev, status.st_ino), files) < 0)
		return;
	if (library_inspect(fd, &functions) < 0 || !functions.kinds)
		return;
	fprintf(files->out, "  %-15s %s:%s%s%s\n", files->found++ ? "" : "probed", mapping->path,
		functions.kinds & LIBRARY_PROBES_OPENSSL ? " OpenSSL" : "",
		functions.kinds & LIBRARY_PROBES_GNUTLS ? " GnuTLS" : "",
		functions.kinds & LIBRARY_PROBES_MYSQL ? " MySQL client" : "");
	print_functions("at", functions.defined, functions.defined_count, files->out);
	print_functions("it lacks", functions.missing, functions.missing_count, files->out);
}

static void print_probed_files(const struct pid_set *tree, FILE *out)
{
	struct probed_files files = { .out = out };

	for (size_t i = 0; i < tree->count; i++) {
		files.pid = tree->at[i];
		(void)process_mappings(files.pid, print_probed, &files);
	}
	table_clear(&files.seen);
	if (!files.found)
		fprintf(out, "  %-15s no library yet; what is loaded later is noticed\n", "probed");
}

/* An SDK in another language is seen by what it sends: `trace` tells of that. */
static void print_sdk(const struct pid_set *tree, FILE *out)
{
	struct sdk_evidence found = { 0 };

	for (size_t i = 0; i < tree->count; i++)
		sdk_look(tree->at[i], &found);
	fprintf(out, "  %-15s ", "aws_xray_sdk");
	if (!found.directory[0])
		fprintf(out, "not found among the packages of the process\n");
	else if (!found.wrapt)
		fprintf(out, "in %s; not in use, as it seems\n", found.directory);
	else
		fprintf(out,
			"in %s, with what it needs loaded: where it is in use, requests have "
			"double segments;\n  %-15s --adopt-trace puts both into one trace\n",
			found.directory, "");
}

static void print_libraries(const struct pid_set *tree, FILE *out)
{
	struct recognised seen = { 0 };
	size_t unread = 0;

	for (size_t i = 0; i < tree->count; i++)
		unread += recognise_process(tree->at[i], &seen) != 0;
	print_list("MySQL driver", &seen.mysql,
		   seen.python ? "none mapped; one in pure Python cannot be seen (and is traced)"
			       : "none mapped",
		   out);
	print_list("TLS library", &seen.tls, "none mapped", out);
	print_probed_files(tree, out);
	print_sdk(tree, out);
	if (unread)
		fprintf(out, "  %-15s %zu of %zu processes ended or could not be read\n", "",
			unread, tree->count);
}

/* Without the rights to ask, that they are missing was told above. */
static enum exit_code check_rival(pid_t pid)
{
	int rival = kernel_rival(pid);

	if (rival <= 0)
		return EXIT_OK;
	log_error("process %d is traced already, by bpfxray with PID %d", (int)pid, rival);
	return EXIT_ALREADY_TRACED;
}

static enum exit_code print_process(pid_t pid, FILE *out)
{
	_cleanup_(pid_set_clear) struct pid_set tree = { 0 };
	enum exit_code code = preflight_process(pid);

	if (code != EXIT_OK)
		return code;
	if (pid_set_add(&tree, pid) < 0 || process_tree_grow(&tree) < 0)
		return EXIT_INTERNAL;
	fprintf(out, "\nprocess %d with %zu descendant%s\n", (int)pid, tree.count - 1,
		tree.count == 2 ? "" : "s");
	print_name(pid, out);
	print_server(pid, out);
	print_libraries(&tree, out);
	return check_rival(pid);
}

enum exit_code doctor_run(const struct options *options, FILE *out)
{
	struct feature features[FEATURES_MAX];
	size_t count = features_check(0, features);
	enum exit_code code;

	fputs("what tracing needs:\n", out);
	for (size_t i = 0; i < count; i++)
		print_feature(&features[i], out);
	code = print_backends(features, count, out);
	confine_describe(out);
	for (size_t i = 0; i < options->pid_count; i++) {
		enum exit_code found = print_process(options->pids[i], out);

		code = code == EXIT_OK ? found : code;
	}
	return code;
}
