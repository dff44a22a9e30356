// SPDX-License-Identifier: Apache-2.0
/*
 * invocation.c - unwraps a command line: container inits and env(1), then a Python interpreter with
 * its own flags, then what is left is looked up by its base name. Titles that servers write over
 * their argv are recognised first.
 */
#include <string.h>

#include "host/invocation.h"
#include "util/array.h"

/*
 * env in tini in env: more wrappers than that around one server are not a command line anybody
 * wrote.
 */
#define WRAPPERS_MAX 4

/* Programs that only start another: their flags that take the next word as a value. */
struct wrapper {
	const char *name;
	const char *valued[4];
};

static const struct wrapper wrappers[] = {
	{ "tini", { "-p", "-e", NULL } },
	{ "docker-init", { "-p", "-e", NULL } },
	{ "dumb-init", { "-r", "--rewrite", NULL } },
	{ "catatonit", { NULL } },
	{ "env", { "-u", "-C", NULL } },
};

struct known {
	const char *name;
	enum program program;
};

static const struct known by_name[] = {
	{ "uwsgi", PROGRAM_UWSGI },
	{ "uwsgi-core", PROGRAM_UWSGI }, /* Debian's, behind an alternatives link */
	{ "pyuwsgi", PROGRAM_UWSGI },
	{ "gunicorn", PROGRAM_GUNICORN },
	{ "gunicorn3", PROGRAM_GUNICORN },
	{ "gunicorn.app.wsgiapp", PROGRAM_GUNICORN },
	{ "uvicorn", PROGRAM_ASGI },
	{ "hypercorn", PROGRAM_ASGI },
	{ "daphne", PROGRAM_ASGI },
	{ "nginx", PROGRAM_NGINX },
	{ "manage.py", PROGRAM_MANAGE },
};

/* How servers begin the title that they write over their argv, and what they are called. */
static const struct title {
	const char *prefix;
	enum program program;
	const char *name;
} titles[] = {
	{ "gunicorn: ", PROGRAM_GUNICORN, "gunicorn" },
	{ "nginx: ", PROGRAM_NGINX, "nginx" },
	{ "uWSGI ", PROGRAM_UWSGI, "uwsgi" },
};

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static enum program program_named(const char *name)
{
	const char *base = path_base(name);

	for (size_t i = 0; i < ARRAY_LEN(by_name); i++)
		if (!strcmp(base, by_name[i].name))
			return by_name[i].program;
	/* Debian's uwsgi_python3 and the like. */
	return starts_with(base, "uwsgi_") ? PROGRAM_UWSGI : PROGRAM_OTHER;
}

static const struct title *title_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (starts_with(word, titles[i].prefix))
			return &titles[i];
	return NULL;
}

static void shift(struct invocation *in, int n)
{
	in->argc -= n;
	in->argv += n;
}

static bool is_valued(const struct wrapper *wrapper, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(wrapper->valued) && wrapper->valued[i]; i++)
		if (!strcmp(word, wrapper->valued[i]))
			return true;
	return false;
}

/*
 * Steps over a wrapper with its flags (and env's assignments). True when a command is left
 * behind it.
 */
static bool unwrap(struct invocation *in)
{
	const struct wrapper *wrapper = NULL;
	int i;

	for (size_t w = 0; in->argc && w < ARRAY_LEN(wrappers); w++)
		if (!strcmp(path_base(in->argv[0]), wrappers[w].name))
			wrapper = &wrappers[w];
	if (!wrapper)
		return false;
	for (i = 1; i < in->argc; i++) {
		if (!strcmp(in->argv[i], "--")) {
			i++;
			break;
		}
		if (is_valued(wrapper, in->argv[i]))
			i++;
		else if (in->argv[i][0] != '-' && !strchr(in->argv[i], '='))
			break;
	}
	if (i >= in->argc)
		return false;
	shift(in, i);
	return true;
}

static bool is_python(const char *path)
{
	const char *base = path_base(path);

	return starts_with(base, "python") || starts_with(base, "pypy");
}

/*
 * Reads one word of Python's own flags, which may be bundled ("-uBm"). Returns the module's name
 * for -m, and counts in *words how many words of argv were used; *ret_end is set when no script can
 * follow (-c).
 */
static const char *python_flag(const struct invocation *in, int *words, bool *ret_end)
{
	const char *next = in->argc > 1 ? in->argv[1] : NULL;

	*words = 1;
	for (const char *c = in->argv[0] + 1; *c; c++) {
		if (*c == 'c') {
			*ret_end = true;
			return NULL;
		}
		if (!strchr("mWX", *c))
			continue;
		if (!c[1])
			*words = 2;
		return *c != 'm' ? NULL : c[1] ? c + 1 : next;
	}
	return NULL;
}

/*
 * The script or module behind a Python interpreter. False, @ret untouched, when there is none
 * (interactive, -c).
 */
static bool unwrap_python(struct invocation in, struct invocation *ret)
{
	const char *module = NULL;
	bool end = false;

	shift(&in, 1);
	while (!end && !module && in.argc && in.argv[0][0] == '-' && in.argv[0][1]) {
		int words = strcmp(in.argv[0], "--check-hash-based-pycs") ? 1 : 2;

		if (in.argv[0][1] != '-')
			module = python_flag(&in, &words, &end);
		if (words > in.argc)
			return false;
		shift(&in, words);
	}
	if (end || (!module && (!in.argc || !strcmp(in.argv[0], "-"))))
		return false;
	in.program = module ? PROGRAM_PYTHON_MODULE : PROGRAM_PYTHON_SCRIPT;
	in.what = module ? module : in.argv[0];
	if (!module)
		shift(&in, 1);
	*ret = in;
	return true;
}

static void look_up(struct invocation *in, const char *exe)
{
	enum program program = program_named(in->what);

	/* A server that renamed itself (uwsgi --procname) is still its executable. */
	if (program == PROGRAM_OTHER && in->program == PROGRAM_OTHER && exe)
		program = program_named(exe);
	if (program != PROGRAM_OTHER)
		in->program = program;
}

struct invocation invocation_of(int argc, const char *const *argv, const char *exe)
{
	struct invocation in = { .what = exe ? exe : "", .argc = argc, .argv = argv };
	const struct title *title;

	if (argc < 1 || !argv[0][0]) {
		look_up(&in, exe);
		return in;
	}
	title = title_of(argv[0]);
	if (title) {
		in.program = title->program;
		in.title = argv[0];
		in.what = title->name;
		shift(&in, 1);
		return in;
	}
	for (int i = 0; i < WRAPPERS_MAX && unwrap(&in); i++)
		;
	in.what = in.argv[0];
	if (!is_python(in.what) || !unwrap_python(in, &in))
		shift(&in, 1);
	look_up(&in, exe);
	return in;
}

const char *invocation_flag(const struct invocation *in, const char *name, char letter)
{
	size_t len = strlen(name);
	const char *found = NULL;

	for (int i = 0; i < in->argc; i++) {
		const char *word = in->argv[i];
		const char *next = i + 1 < in->argc ? in->argv[i + 1] : NULL;

		if (word[0] != '-')
			continue;
		if (word[1] == '-' && !strncmp(word + 2, name, len)) {
			if (word[2 + len] == '=')
				found = word + 3 + len;
			else if (!word[2 + len] && next)
				found = next;
		} else if (letter && word[1] == letter) {
			found = word[2] ? word + 2 : next ? next : found;
		}
	}
	return found;
}
