// SPDX-License-Identifier: Apache-2.0
/*
 * test_recognise.c - what a process is by its command line, and what its memory map shows; then
 * /proc itself, asked about this very process, so that the readers behind the pure functions are
 * run too.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/process.h"
#include "host/recognise.h"
#include "util/array.h"

TEST(library_kinds)
{
	static const struct {
		const char *base;
		enum library_kind kind;
	} rows[] = {
		{ "_mysql_connector.cpython-311-x86_64-linux-gnu.so", LIBRARY_MYSQL },
		{ "_mysql.cpython-311-x86_64-linux-gnu.so", LIBRARY_MYSQL },
		{ "_mariadb.cpython-311-x86_64-linux-gnu.so", LIBRARY_MYSQL },
		{ "libmysqlclient.so.21.2.36", LIBRARY_MYSQL },
		{ "libmysqlclient-8f4b1e2c.so.24", LIBRARY_MYSQL },
		{ "libmysqlclient_r.so.16", LIBRARY_MYSQL },
		{ "libmariadb.so.3", LIBRARY_MYSQL },
		{ "libmariadbclient.so.18", LIBRARY_MYSQL },
		{ "libssl.so.3", LIBRARY_TLS },
		{ "libssl-1a2b.so.1.1", LIBRARY_TLS },
		{ "libgnutls.so.30.34.3", LIBRARY_TLS },
		{ "_ssl.cpython-311-x86_64-linux-gnu.so", LIBRARY_TLS },
		{ "libc.so.6", LIBRARY_NONE },
		{ "libcrypto.so.3", LIBRARY_NONE },
		{ "libmariadb.conf", LIBRARY_NONE },
		{ "xlibssl.so", LIBRARY_NONE },
		{ "", LIBRARY_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unit_context("%s", rows[i].base);
		CHECK_EQ(library_kind(rows[i].base), rows[i].kind);
	}
}

#define MAP(path) "7f00-7f01 r-xp 00000000 fe:00 42                         " path "\n"

TEST(recognise_maps_text)
{
	struct bytes in = LITERAL("7f00-7f01 rw-p 00000000 00:00 0 \n" MAP("[heap]") MAP(
		"/usr/bin/python3.11") MAP("/v/my dir/_mysql_connector.cpython-311.so")
					  MAP("/v/my dir/_mysql_connector.cpython-311.so")
						  MAP("/usr/lib/libssl.so.3 (deleted)")
							  MAP("/usr/lib/libmysqlclient.so.21"));
	struct recognised seen = { 0 };

	recognise_maps(bytes_of(guard_copy(in), in.len), &seen);
	CHECK(seen.python);
	CHECK(!seen.mysql.more);
	if (CHECK_EQ(seen.mysql.count, 2)) {
		CHECK_STR(seen.mysql.name[0], "_mysql_connector.cpython-311.so");
		CHECK_STR(seen.mysql.name[1], "libmysqlclient.so.21");
	}
	if (CHECK_EQ(seen.tls.count, 1))
		CHECK_STR(seen.tls.name[0], "libssl.so.3");
}

TEST(recognise_maps_many)
{
	struct recognised seen = { 0 };
	char line[128];

	for (int i = 0; i < RECOGNISED_MAX + 2; i++) {
		snprintf(line, sizeof(line), "0-1 r-xp 0 0:0 1 /l/libssl-%d.so.3\n", i);
		recognise_maps(bytes_str(line), &seen);
	}
	CHECK_EQ(seen.tls.count, RECOGNISED_MAX);
	CHECK(seen.tls.more);
	CHECK(!seen.python);
}

TEST(server_names)
{
	static const struct {
		const char *argv[3];
		int argc;
		const char *name;
	} rows[] = {
		{ { "uwsgi", "--module=x" }, 2, "uWSGI" },
		{ { "gunicorn: master [x]" }, 1, "gunicorn" },
		{ { "python3", "manage.py", "runserver" }, 3, "Django runserver" },
		{ { "python3", "manage.py", "migrate" }, 3, "Django" },
		{ { "nginx: worker process" }, 1, "nginx" },
		{ { "python3", "x.py" }, 2, NULL },
		{ { "bash" }, 1, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct invocation in = invocation_of(rows[i].argc, rows[i].argv, NULL);

		unit_context("%s", rows[i].argv[0]);
		CHECK_STR(server_name(&in), rows[i].name);
	}
}

TEST(process_of_ourselves)
{
	struct process self;
	struct words argv = { 0 };
	char *path = NULL;

	if (!CHECK_EQ(process_read(getpid(), &self), 0))
		return;
	CHECK_EQ(self.tgid, getpid());
	CHECK_EQ(self.ppid, getppid());
	CHECK(!self.kernel_thread);
	CHECK(self.start_ticks > 0);
	CHECK_EQ(process_bits(getpid()), (int)sizeof(void *) * 8);
	CHECK_EQ(process_argv(getpid(), &argv), 0);
	CHECK(argv.count >= 1);
	words_clear(&argv);
	CHECK_EQ(process_exe(getpid(), &path), 0);
	CHECK(path && path[0] == '/');
	free(path);
}

/* A child that waits for its end; the caller reaps it. */
static pid_t sleeping_child(void)
{
	pid_t child = fork();

	if (!child) {
		pause();
		_exit(0);
	}
	return child;
}

TEST(process_ended_is_esrch)
{
	struct process process;
	char *value = NULL;
	pid_t child = fork();

	if (!child)
		_exit(0);
	if (!CHECK(child > 0))
		return;
	/* Still a zombie when waited for with WNOWAIT: already no process to trace. */
	CHECK_EQ(waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	CHECK_EQ(process_read(child, &process), -ESRCH);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	CHECK_EQ(process_read(child, &process), -ESRCH);
	CHECK_EQ(process_env(child, "PATH", &value), -ESRCH);
	CHECK_EQ(process_bits(child), -ESRCH);
	CHECK_EQ(process_open(child, "/etc/passwd"), -ESRCH);
}

TEST(process_tree_finds_children)
{
	struct pid_set tree = { 0 };
	pid_t child = sleeping_child();

	if (!CHECK(child > 0))
		return;
	CHECK_EQ(pid_set_add(&tree, getpid()), 1);
	CHECK_EQ(pid_set_add(&tree, getpid()), 0);
	CHECK(process_tree_grow(&tree) >= 1);
	CHECK(pid_set_has(&tree, child));
	CHECK(!pid_set_has(&tree, getppid()));
	CHECK_EQ(process_tree_grow(&tree), 0);
	pid_set_clear(&tree);
	CHECK_EQ(tree.count, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST(process_open_takes_regular_files_only)
{
	char *exe = NULL;
	int fd;

	if (!CHECK_EQ(process_exe(getpid(), &exe), 0))
		return;
	fd = process_open(getpid(), exe);
	CHECK(fd >= 0);
	if (fd >= 0)
		close(fd);
	free(exe);
	CHECK_EQ(process_open(getpid(), "/dev/null"), -EINVAL);
	CHECK_EQ(process_open(getpid(), "/"), -EINVAL);
	CHECK_EQ(process_open(getpid(), "/nonexistent/file"), -ENOENT);
}
