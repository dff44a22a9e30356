// SPDX-License-Identifier: Apache-2.0
/*
 * service_name.c - asks the sources of a service's name in their order, reading what each needs
 * from /proc.
 *
 * A process that only starts others (a shell, a supervisor) is called after the first server among
 * its descendants.
 */
#include "host/process.h"
#include "host/service_name.h"
#include "util/cleanup.h"

#define NAME_VARIABLE "AWS_XRAY_TRACING_NAME"
/* A configuration longer than this is not one that a person wrote for one service. */
#define INI_MAX 65536

static bool take_text(struct service_name *ret, const char *text, enum name_source source)
{
	if (!text || !*text)
		return false;
	snprintf(ret->name, sizeof(ret->name), "%s", text);
	ret->source = source;
	return true;
}

static bool from_ini(pid_t pid, const char *path, const char *cwd, struct name_guess *guess)
{
	_cleanup_close_ int fd = process_open(pid, path);
	_cleanup_free_ char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return false;
	text = malloc(INI_MAX);
	if (!text)
		return false;
	n = read(fd, text, INI_MAX);
	return n > 0 && name_from_ini(bytes_of(text, (size_t)n), cwd, guess);
}

/*
 * uWSGI takes each of its flags from the environment too; then from the ini that the command
 * line names.
 */
static void ask_uwsgi(pid_t pid, const struct invocation *in, const char *cwd,
		      struct name_guess *guess)
{
	_cleanup_free_ char *module = NULL;
	_cleanup_free_ char *ini = name_uwsgi_ini(in);

	if (!ini && process_env(pid, "UWSGI_INI", &ini))
		ini = NULL;
	if (ini && from_ini(pid, ini, cwd, guess))
		return;
	if (!process_env(pid, "UWSGI_MODULE", &module) && *module) {
		const char *argv[] = { "--module", module };
		const struct invocation asked = {
			.program = PROGRAM_UWSGI, .what = in->what, .argc = 2, .argv = argv
		};

		*guess = name_derive(&asked, cwd);
	}
}

/* Derives from what @pid runs; *ret_program says what that is. */
static int guess_process(pid_t pid, struct name_guess *ret, enum program *ret_program)
{
	_cleanup_(words_clear) struct words argv = { 0 };
	_cleanup_free_ char *exe = NULL;
	_cleanup_free_ char *cwd = NULL;
	struct invocation in;
	int r = process_argv(pid, &argv);

	if (r)
		return r;
	/* Without the right to read the links, the command line still tells most. */
	if (process_exe(pid, &exe))
		exe = NULL;
	if (process_cwd(pid, &cwd))
		cwd = NULL;
	in = invocation_of(argv.count, argv.at, exe);
	*ret = name_derive(&in, cwd);
	if (ret->weak && in.program == PROGRAM_UWSGI)
		ask_uwsgi(pid, &in, cwd, ret);
	*ret_program = in.program;
	return 0;
}

static bool is_server(enum program program)
{
	return program == PROGRAM_UWSGI || program == PROGRAM_GUNICORN || program == PROGRAM_ASGI ||
	       program == PROGRAM_MANAGE;
}

/* The first server below @root that tells which application it runs. */
static void guess_descendants(pid_t root, struct name_guess *guess)
{
	_cleanup_(pid_set_clear) struct pid_set tree = { 0 };

	if (pid_set_add(&tree, root) < 0 || process_tree_grow(&tree) < 0)
		return;
	for (size_t i = 1; i < tree.count; i++) {
		struct name_guess found;
		enum program program;

		if (guess_process(tree.at[i], &found, &program) || found.weak ||
		    !is_server(program))
			continue;
		*guess = found;
		return;
	}
}

int service_name(pid_t pid, const char *given, const char *own_env, const char *container,
		 struct service_name *ret)
{
	_cleanup_free_ char *target_env = NULL;
	struct name_guess guess;
	enum program program;
	int r;

	if (take_text(ret, given, NAME_GIVEN) || take_text(ret, own_env, NAME_OWN_ENV))
		return 0;
	if (process_env(pid, NAME_VARIABLE, &target_env))
		target_env = NULL;
	if (take_text(ret, target_env, NAME_TARGET_ENV) ||
	    take_text(ret, container, NAME_CONTAINER))
		return 0;
	r = guess_process(pid, &guess, &program);
	if (r)
		return r;
	if (guess.weak && program == PROGRAM_OTHER)
		guess_descendants(pid, &guess);
	take_text(ret, guess.name, guess.weak ? NAME_EXECUTABLE : NAME_DERIVED);
	return 0;
}
