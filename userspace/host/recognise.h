/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognise.h - for `doctor --pid`: which server a process is, which MySQL drivers and TLS
 * libraries it has mapped.
 *
 * A library in the maps is loaded, not proven to be in use; a driver written in pure Python leaves
 * no mark there at all. Nothing of tracing depends on this: it explains what will and will not be
 * seen.
 */
#ifndef BPFXRAY_HOST_RECOGNISE_H
#define BPFXRAY_HOST_RECOGNISE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host/invocation.h"
#include "util/bytes.h"

enum library_kind { LIBRARY_NONE, LIBRARY_MYSQL, LIBRARY_TLS };

/*
 * By the file's base name: libmysqlclient.so.21, _mysql_connector.cpython-311-x86_64-linux-
 * gnu.so, libssl.so.3 ..
 */
enum library_kind library_kind(const char *base);

/* Different libraries of one kind in a tree of processes: more than this are not listed. */
#define RECOGNISED_MAX	    8
#define RECOGNISED_NAME_CAP 96

struct recognised_list {
	char name[RECOGNISED_MAX][RECOGNISED_NAME_CAP];
	size_t count;
	bool more; /* there are others */
};

struct recognised {
	struct recognised_list mysql, tls;
	bool python; /* an interpreter is mapped or run: pure Python drivers are possible */
};

/* Adds what the text of a /proc/PID/maps shows; call it for each process of a tree. */
void recognise_maps(struct bytes text, struct recognised *ret);

/* The same from a running process. 0 or a negative errno. */
int recognise_process(pid_t pid, struct recognised *ret);

/*
 * What a person calls it: "uWSGI", "gunicorn", "Django runserver"; NULL for PROGRAM_OTHER and
 * plain Python programs.
 */
const char *server_name(const struct invocation *in);

#endif
