// SPDX-License-Identifier: Apache-2.0
/* run_report.c - see run_report.h. */
#include "cli/run_report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report/input.h"
#include "report/page.h"
#include "util/cleanup.h"
#include "util/log.h"

/* For its owner alone, as the documents are: it holds SQL and URLs. Not emptied yet. */
static FILE *open_page(const char *path)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	FILE *page = fd < 0 ? NULL : fdopen(fd, "w");

	if (page)
		(void)TAKE_FD(fd);
	return page;
}

/* --output, at its present end. NULL when it cannot be read again. */
static FILE *open_output(const char *path)
{
	_cleanup_fclose_ FILE *file = path && strcmp(path, "-") ? fopen(path, "re") : NULL;
	struct stat info;

	if (!file || fstat(fileno(file), &info) || !S_ISREG(info.st_mode))
		return NULL;
	return fseeko(file, 0, SEEK_END) ? NULL : TAKE_PTR(file);
}

/* A file without name beside the page: where that has room, this has some as well. */
static int open_unnamed(struct run_report *run)
{
	_cleanup_free_ char *name = NULL;
	_cleanup_close_ int fd = -1, other = -1;
	int r;

	if (asprintf(&name, "%s.XXXXXX", run->path) < 0)
		return -ENOMEM;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(name);
	other = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (other < 0)
		return -errno;
	r = file_writer_take(other, &run->writer);
	if (r < 0)
		return r;
	(void)TAKE_FD(other);
	run->documents = fdopen(fd, "r");
	if (!run->documents)
		return -errno;
	(void)TAKE_FD(fd);
	return 0;
}

enum exit_code run_report_open(const struct options *options, struct run_report *ret)
{
	int r = 0;

	if (!options->report)
		return EXIT_OK;
	ret->path = options->report;
	ret->page = open_page(ret->path);
	if (!ret->page)
		r = -errno;
	if (!r)
		ret->documents = open_output(options->output);
	if (!r && !ret->documents)
		r = open_unnamed(ret);
	if (!r)
		return EXIT_OK;
	log_error("cannot write the report to %s: %s", ret->path, strerror(-r));
	return EXIT_OUTPUT;
}

/* Documents that could not be kept: the page's sums lack them. */
static void tell_missing(const struct run_report *run, const struct store *store)
{
	uint64_t failed = run->writer ? file_writer_counters(run->writer)->failed : 0;

	if (failed)
		log_warn("the report lacks %" PRIu64 " documents, which could not be kept", failed);
	if (store->counts.invalid)
		log_warn("%" PRIu64 " lines are no segment document", store->counts.invalid);
}

static int make_page(struct run_report *run, struct inputs *inputs, struct store *store)
{
	FILE *documents = TAKE_PTR(run->documents);
	struct report report = { 0 };
	int r = inputs_take(inputs, documents, store);

	if (!r)
		r = report_build(&report, store);
	if (!r && ftruncate(fileno(run->page), 0) < 0 && errno != EINVAL)
		r = -errno;
	if (!r)
		r = page_write(&report, inputs, run->page);
	report_clear(&report);
	return r;
}

enum exit_code run_report_write(struct run_report *run)
{
	struct inputs inputs = { 0 };
	struct store store = { 0 };
	bool failed;
	int r;

	if (!run->page)
		return EXIT_OK;
	/* The unnamed file's writer has moved the position that both descriptors share. */
	if (run->writer)
		rewind(run->documents);
	r = make_page(run, &inputs, &store);
	tell_missing(run, &store);
	store_clear(&store);
	inputs_close(&inputs);
	/* A full disk shows at the latest when the stream is closed. */
	failed = ferror(run->page);
	failed |= fclose(TAKE_PTR(run->page)) != 0;
	if (!failed && !r) {
		log_info("report: %s", run->path);
		return EXIT_OK;
	}
	log_error("cannot write the report to %s: %s", run->path, strerror(r < 0 ? -r : errno));
	return EXIT_OUTPUT;
}

void run_report_close(struct run_report *run)
{
	if (run->page)
		fclose(run->page);
	if (run->documents)
		fclose(run->documents);
	run->writer = file_writer_free(run->writer);
	*run = (struct run_report){ 0 };
}
