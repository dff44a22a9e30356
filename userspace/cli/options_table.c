// SPDX-License-Identifier: Apache-2.0
/* options_table.c - see options_table.h: the rows. */
#include "cli/options_table.h"
#include "util/array.h"

static const char *const sql_words[] = {
	[SQL_TEXT_SANITIZED] = "sanitized", [SQL_TEXT_RAW] = "raw", [SQL_TEXT_OFF] = "off", NULL
};
static const char *const db_spans_words[] = {
	[DB_SPANS_SDK] = "sdk", [DB_SPANS_APP] = "app", [DB_SPANS_ALL] = "all", NULL
};
static const char *const backend_words[] = {
	[BACKEND_AUTO] = "auto",     [BACKEND_SOCK] = "sock",	    [BACKEND_FENTRY] = "fentry",
	[BACKEND_KPROBE] = "kprobe", [BACKEND_SYSCALL] = "syscall", NULL
};

#define FIELD(field) .offset = offsetof(struct options, field)
/* Who knows it, name, value, help, then what is not zero. */
#define FLAG(commands_, name_, value_, help_, ...)                                                 \
	{                                                                                          \
		.commands = commands_, .name = name_, .value = value_, .help = help_, __VA_ARGS__  \
	}
/* One way to choose targets; all of them may be repeated and mixed. */
#define CHOICE(name_, value_, help_, kind_)                                                        \
	FLAG(FOR_TRACE, name_, value_, help_, .repeatable = true, .set = set_choice, .kind = kind_)

/* clang-format off */
const struct flag option_flags[] = {
	FLAG(FOR_TRACE | FOR_DOCTOR, "pid", "PID",
	     "follow this process and its descendants; repeatable",
	     .repeatable = true, .set = set_pid),
	CHOICE("container", "NAME|ID", "follow what runs in this container, now and later",
	       CHOICE_CONTAINER),
	CHOICE("ecs-container", "NAME", "the same, by its name in the ECS task definition",
	       CHOICE_ECS_CONTAINER),
	CHOICE("ecs-family", "NAME", "the same, by its ECS task definition's family",
	       CHOICE_ECS_FAMILY),
	CHOICE("cgroup", "PATH", "follow what runs in this control group or below",
	       CHOICE_CGROUP),
	CHOICE("exe", "GLOB", "follow programs with this path or base name", CHOICE_EXE),
	CHOICE("port", "PORT", "follow what listens on this TCP port", CHOICE_PORT),
	FLAG(FOR_TRACE, "daemon", "HOST:PORT",
	     "X-Ray daemon (AWS_XRAY_DAEMON_ADDRESS, 127.0.0.1:2000)",
	     .set = set_text, FIELD(daemon), .reload = true),
	FLAG(FOR_TRACE, "no-daemon", NULL, "send nothing over the network", .set = set_true,
	     FIELD(no_daemon)),
	FLAG(FOR_TRACE, "queue-bytes", "BYTES", "documents that wait for the daemon (8388608)",
	     .set = set_size, FIELD(queue_bytes), .reload = true, .min = 65536, .max = 1 << 30),
	FLAG(FOR_TRACE, "queue-documents", "COUNT", "the same in documents (10000)",
	     .set = set_size, FIELD(queue_documents), .reload = true, .min = 1, .max = 1000000),
	FLAG(FOR_TRACE, "output", "FILE", "also write each document as a line of JSON; - is stdout",
	     .set = set_text, FIELD(output)),
	FLAG(FOR_TRACE, "name", "NAME", "service name (default: see below)",
	     .set = set_text, FIELD(name)),
	FLAG(FOR_TRACE, "name-pattern", "GLOB", "requests whose Host matches bear that as name",
	     .set = set_name_pattern, FIELD(name_pattern)),
	FLAG(FOR_TRACE, "db-name", "[ADDR=]NAME", "what a database is called; repeatable",
	     .repeatable = true, .set = set_db_name),
	FLAG(FOR_TRACE, "annotation", "KEY=VALUE", "put it into every segment; repeatable",
	     .repeatable = true, .set = set_annotation),
	FLAG(FOR_TRACE, "adopt-trace", NULL, "join the trace that an X-Ray SDK inside answers with",
	     .set = set_true, FIELD(adopt_trace)),
	FLAG(FOR_TRACE, "sampling", "RULES", "auto (default): the account's rules; all, none, FILE",
	     .set = set_text, FIELD(sampling)),
	FLAG(FOR_TRACE, "sql", "TEXT", "statement text: sanitized (default), raw, off",
	     .set = set_word, FIELD(sql), .reload = true, .words = sql_words),
	FLAG(FOR_TRACE, "db-spans", "WHICH", "database round trips: sdk, app (default), all",
	     .set = set_word, FIELD(db_spans), .words = db_spans_words),
	FLAG(FOR_TRACE, "backend", "WHICH",
	     "kernel hooks: auto (default), sock, fentry, kprobe, syscall",
	     .set = set_word, FIELD(backend), .words = backend_words),
	FLAG(FOR_TRACE, "no-library-probes", NULL,
	     "probe no TLS and no MySQL library: nothing over TLS is read",
	     .set = set_true, FIELD(no_library_probes)),
	FLAG(FOR_TRACE, "ring-bytes", "BYTES", "ring buffer to the kernel side (8388608)",
	     .set = set_power, FIELD(ring_bytes), .min = 65536, .max = 1 << 30),
	FLAG(FOR_TRACE, "open-exchanges", "COUNT", "that the kernel side holds at one time (4096)",
	     .set = set_size, FIELD(open_exchanges), .min = 16, .max = 1 << 20),
	FLAG(FOR_TRACE, "stats", "FILE", "write every counter as JSON at the end, and on SIGUSR1",
	     .set = set_text, FIELD(stats), .reload = true),
	FLAG(FOR_TRACE, "metrics", "FILE", "write them for Prometheus every 10 seconds",
	     .set = set_text, FIELD(metrics), .reload = true),
	FLAG(FOR_TRACE, "log-interval", "SECONDS", "a line of counts now and then (300; 0: none)",
	     .set = set_size, FIELD(log_interval_s), .reload = true, .max = 86400),
	FLAG(FOR_TRACE, "in-progress", "SECONDS",
	     "tell of requests that are open for longer (60; 0: of none)",
	     .set = set_size, FIELD(in_progress_s), .reload = true, .max = 86400),
	FLAG(FOR_TRACE, "duration", "SECONDS", "stop after this time", .set = set_duration),
	FLAG(FOR_TRACE, "report", "FILE.html", "at the end, write what was traced as a page",
	     .set = set_text, FIELD(report)),
	FLAG(FOR_TRACE, "top", NULL, "show a live view; lines when stdout is no terminal",
	     .set = set_true, FIELD(top), .only_argv = true),
	FLAG(FOR_TRACE, "config", "FILE", "flags from a file: lines of `name = value`",
	     .set = set_text, FIELD(config), .only_argv = true),
	FLAG(FOR_TRACE | FOR_DOCTOR, "verbose", NULL, "say more on stderr; twice: everything",
	     .letter = 'v', .repeatable = true, .set = set_verbose),
	FLAG(FOR_ALL, "version", NULL, "print the versions",
	     .letter = 'V', .repeatable = true, .set = set_command),
	FLAG(FOR_ALL, "help", NULL, "print this text",
	     .letter = 'h', .repeatable = true, .set = set_command),
};
/* clang-format on */

const size_t option_flag_count = ARRAY_LEN(option_flags);
_Static_assert(ARRAY_LEN(option_flags) <= OPTION_FLAGS_MAX, "a bit each");
