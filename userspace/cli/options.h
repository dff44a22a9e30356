/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the command line as a struct. One table (options_table.c) names every flag, what it
 * takes and what it says in --help; nothing here opens, resolves or attaches anything. Depends on
 * no library but libc, so that tests need nothing.
 */
#ifndef BPFXRAY_CLI_OPTIONS_H
#define BPFXRAY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "host/choice.h"
#include "trace/trace.h"
#include "xray/segment.h"

/* Roots given on one command line; each brings all its descendants, so that a few are plenty. */
#define OPTIONS_PIDS_MAX 64
/* --container, --port and the like together. */
#define OPTIONS_CHOICES_MAX 64
/* PID_MAX_LIMIT of 64-bit kernels (include/linux/threads.h). */
#define OPTIONS_PID_LIMIT 4194304
/* --duration: a year; more is a typing error. */
#define OPTIONS_DURATION_MAX_S (366u * 86400u)

/* --queue-bytes and --queue-documents unless given: some seconds of a busy service. */
#define OPTIONS_QUEUE_BYTES	8388608
#define OPTIONS_QUEUE_DOCUMENTS 10000

/* --db-name: databases of one command line. */
#define OPTIONS_DB_NAMES_MAX 32

/* --log-interval unless given. */
#define OPTIONS_LOG_INTERVAL_S 300

/* --in-progress unless given. */
#define OPTIONS_IN_PROGRESS_S 60

enum command {
	COMMAND_NONE,
	COMMAND_TRACE,
	COMMAND_DOCTOR,
	COMMAND_HEALTH,
	COMMAND_HELP,
	COMMAND_VERSION
};
enum sql_text { SQL_TEXT_SANITIZED, SQL_TEXT_RAW, SQL_TEXT_OFF };
enum backend { BACKEND_AUTO, BACKEND_SOCK, BACKEND_FENTRY, BACKEND_KPROBE, BACKEND_SYSCALL };

/*
 * Strings point into argv and the configuration file's text. A field whose flag was not given holds
 * the default, NULL for the strings.
 */
struct options {
	enum command command;
	pid_t pids[OPTIONS_PIDS_MAX]; /* each once, in the order given */
	size_t pid_count;
	struct choice choices[OPTIONS_CHOICES_MAX]; /* in the order given */
	size_t choice_count;
	size_t ring_bytes, open_exchanges; /* 0: as limits.h has them */
	size_t queue_bytes;		   /* documents that wait for the daemon */
	size_t queue_documents;
	const char *daemon; /* HOST:PORT, not looked at yet */
	bool no_daemon;
	const char *output; /* "-" is stdout */
	const char *name;
	const char *name_pattern;			       /* checked */
	struct segment_db_name db_names[OPTIONS_DB_NAMES_MAX]; /* in the order given */
	size_t db_name_count;
	struct segment_annotation annotations[SEGMENT_ANNOTATIONS_MAX];
	size_t annotation_count;
	bool adopt_trace;
	const char *sampling; /* "auto", "all", "none", or a file of rules; never NULL */
	enum sql_text sql;
	enum db_spans db_spans;
	enum backend backend;
	bool no_library_probes;
	const char *stats;
	const char *metrics;   /* Prometheus's text */
	size_t log_interval_s; /* 0: no line now and then */
	size_t in_progress_s;  /* 0: nothing is told before its end */
	const char *report;    /* the page's file */
	bool top;
	uint32_t duration_s;  /* 0: until stopped */
	unsigned int verbose; /* times -v was given */
	const char *config;   /* the file that flags were also read from */
	int argc;	      /* for another parse */
	char **argv;
	char error[256]; /* the one line for the user when options_parse() fails */
};

/*
 * Returns 0, or -EINVAL with only ret->error meaningful. Does not print. May permute @argv as
 * getopt does.
 */
int options_parse(int argc, char **argv, struct options *ret);

/*
 * The same with the text of the file of --config (NULL: none), whose flags come first; it is cut
 * into strings and must outlive @ret.
 */
int options_parse_with(int argc, char **argv, char *config, struct options *ret);

/* The file that --config names in @argv, or NULL. */
const char *options_config_path(int argc, char *const *argv);

void options_print_help(FILE *out);

#endif
