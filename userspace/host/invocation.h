/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invocation.h - what a command line really runs, behind interpreters and container inits: `tini --
 * python3 -u -m gunicorn shop.wsgi` runs gunicorn. Pure: argv in, views into it out.
 */
#ifndef BPFXRAY_HOST_INVOCATION_H
#define BPFXRAY_HOST_INVOCATION_H

#include <stdbool.h>
#include <stddef.h>

enum program {
	PROGRAM_OTHER,
	PROGRAM_UWSGI,
	PROGRAM_GUNICORN,
	PROGRAM_ASGI, /* uvicorn, hypercorn, daphne: the same shape of command line */
	PROGRAM_NGINX,
	PROGRAM_MANAGE,	       /* Django's manage.py */
	PROGRAM_PYTHON_MODULE, /* python -m x, x not one of the above */
	PROGRAM_PYTHON_SCRIPT,
};

struct invocation {
	enum program program;
	/* Path of the program or script, or the module's dotted name; never NULL. */
	const char *what;
	/* A title that the process gave itself ("gunicorn: master [shop.wsgi]"), else NULL. */
	const char *title;
	/* The words that follow. */
	int argc;
	const char *const *argv;
};

/*
 * @exe: the executable's path, NULL when unreadable; what argv[0] is missing for. Views into
 * both.
 */
struct invocation invocation_of(int argc, const char *const *argv, const char *exe);

/* Behind the last slash; the whole when there is none. */
const char *path_base(const char *path);

/*
 * The value of a flag: of "--long=v", "--long v", or with @letter "-lv" and "-l v". NULL when it is
 * not there. The last one wins, as it does in the servers.
 */
const char *invocation_flag(const struct invocation *in, const char *name, char letter);

#endif
