// SPDX-License-Identifier: Apache-2.0
/*
 * recognise.c - base names of mapped files against a table of patterns.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>

#include "host/recognise.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Longest line of maps looked at: the fixed columns and a path of PATH_MAX. */
#define LINE_CAP 4352

struct pattern {
	const char *glob;
	enum library_kind kind;
};

static const struct pattern patterns[] = {
	/* mysql-connector-python's C extension, mysqlclient (MySQLdb), MariaDB Connector/Python */
	{ "_mysql_connector*.so", LIBRARY_MYSQL },
	{ "_mysql.*.so", LIBRARY_MYSQL },
	{ "_mariadb.*.so", LIBRARY_MYSQL },
	/* The C clients; wheels put a hash behind the name. */
	{ "libmysqlclient*.so*", LIBRARY_MYSQL },
	{ "libmariadb*.so*", LIBRARY_MYSQL },
	{ "libperconaserverclient*.so*", LIBRARY_MYSQL },
	{ "libssl*.so*", LIBRARY_TLS },
	{ "libgnutls*.so*", LIBRARY_TLS },
	{ "libmbedtls*.so*", LIBRARY_TLS },
	{ "libwolfssl*.so*", LIBRARY_TLS },
	/* Python's ssl module, which may carry OpenSSL inside */
	{ "_ssl.*.so", LIBRARY_TLS },
};

enum library_kind library_kind(const char *base)
{
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		if (!fnmatch(patterns[i].glob, base, 0))
			return patterns[i].kind;
	return LIBRARY_NONE;
}

static void list_add(struct recognised_list *list, const char *name)
{
	char cut[RECOGNISED_NAME_CAP];

	snprintf(cut, sizeof(cut), "%s", name);
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->name[i], cut))
			return;
	if (list->count == RECOGNISED_MAX) {
		list->more = true;
		return;
	}
	memcpy(list->name[list->count++], cut, sizeof(cut));
}

/* The path is the sixth column; it alone holds slashes. Anonymous maps have none. */
static void recognise_line(char *line, struct recognised *ret)
{
	static const char deleted[] = " (deleted)";
	const char *path = strchr(line, '/');
	const char *base;
	char *mark = strstr(line, deleted);

	if (!path)
		return;
	if (mark)
		*mark = '\0';
	base = path_base(path);
	if (!fnmatch("python[23]*", base, 0) || !fnmatch("libpython*.so*", base, 0))
		ret->python = true;
	switch (library_kind(base)) {
	case LIBRARY_MYSQL:
		list_add(&ret->mysql, base);
		break;
	case LIBRARY_TLS:
		list_add(&ret->tls, base);
		break;
	case LIBRARY_NONE:
		break;
	}
}

void recognise_maps(struct bytes text, struct recognised *ret)
{
	while (text.len) {
		ptrdiff_t end = bytes_index(text, '\n');
		struct bytes line = end < 0 ? text : bytes_take(text, (size_t)end);
		char copy[LINE_CAP];
		size_t len = line.len < sizeof(copy) - 1 ? line.len : sizeof(copy) - 1;

		memcpy(copy, line.at, len);
		copy[len] = '\0';
		recognise_line(copy, ret);
		text = bytes_skip(text, line.len + 1);
	}
}

int recognise_process(pid_t pid, struct recognised *ret)
{
	_cleanup_fclose_ FILE *maps = NULL;
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (!maps)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((n = getline(&line, &cap, maps)) > 0)
		recognise_maps(bytes_of(line, (size_t)n), ret);
	return ferror(maps) ? -EIO : 0;
}

const char *server_name(const struct invocation *in)
{
	switch (in->program) {
	case PROGRAM_UWSGI:
		return "uWSGI";
	case PROGRAM_GUNICORN:
		return "gunicorn";
	case PROGRAM_ASGI:
		return "an ASGI server";
	case PROGRAM_NGINX:
		return "nginx";
	case PROGRAM_MANAGE:
		return in->argc && !strcmp(in->argv[0], "runserver") ? "Django runserver"
								     : "Django";
	case PROGRAM_PYTHON_MODULE:
	case PROGRAM_PYTHON_SCRIPT:
	case PROGRAM_OTHER:
		break;
	}
	return NULL;
}
