// SPDX-License-Identifier: Apache-2.0
/*
 * test_name_derive.c - command lines as people write them, and the service name each gives.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "host/service_name.h"
#include "util/array.h"

#define WORDS_MAX 32

/* Words of a line are split at '|', since titles hold blanks. */
struct row {
	const char *line;
	const char *exe, *cwd;
	const char *name;
	bool weak;
};

static const struct row rows[] = {
	/* uWSGI */
	{ "uwsgi|--http=0.0.0.0:8000|--module=todobackend.wsgi|--master", NULL, "/app",
	  "todobackend", false },
	{ "uwsgi|--module|todobackend.wsgi:application", NULL, NULL, "todobackend", false },
	{ "/usr/bin/uwsgi|-w|shop:app|--threads=2", NULL, NULL, "shop", false },
	{ "uwsgi|-wshop:app", NULL, NULL, "shop", false },
	{ "uwsgi|--wsgi|api.entry", NULL, NULL, "api", false },
	{ "uwsgi|--wsgi-file|a/b.py", NULL, "/srv", "b", false },
	{ "uwsgi|--wsgi-file=/srv/todo/wsgi.py", NULL, "/", "todo", false },
	{ "uwsgi|--wsgi-file|wsgi.py", NULL, "/srv/todo/", "todo", false },
	{ "uwsgi|--http-socket|:80|server.py", NULL, NULL, "server", false },
	{ "uwsgi|--module=wsgi", NULL, "/srv/todo", "todo", false },
	{ "uwsgi|--module=wsgi:app", NULL, "/", "wsgi", false },
	{ "uwsgi|--module=a.wsgi|--module=b.wsgi", NULL, NULL, "b", false },
	{ "uwsgi|--module", NULL, NULL, "uwsgi", true },
	{ "uwsgi|--module=", NULL, NULL, "uwsgi", true },
	{ "uwsgi|--ini|app.ini", NULL, "/srv", "uwsgi", true },
	{ "uWSGI worker 1", "/usr/bin/uwsgi", NULL, "uwsgi", true },
	{ "my own title|--module=shop.wsgi", "/usr/bin/uwsgi-core", NULL, "shop", false },
	{ "/usr/bin/python3|/venv/bin/pyuwsgi|--module=shop.wsgi", NULL, NULL, "shop", false },
	/* gunicorn */
	{ "gunicorn|pkg.wsgi:application", NULL, NULL, "pkg", false },
	{ "gunicorn|-w|4|-b|:8000|--threads|2|pkg.wsgi", NULL, NULL, "pkg", false },
	{ "gunicorn|-w4|--bind=:8000|--preload|pkg.wsgi|--reload", NULL, NULL, "pkg", false },
	{ "gunicorn|pkg.wsgi|--name|shop", NULL, NULL, "pkg", false },
	{ "gunicorn|-c|conf.py|-n|shop", NULL, NULL, "shop", false },
	{ "gunicorn|-c|conf.py", NULL, NULL, "gunicorn", true },
	{ "gunicorn|-|pkg.wsgi", NULL, NULL, "pkg", false },
	{ "gunicorn|-", NULL, NULL, "gunicorn", true },
	{ "/usr/bin/python3|/usr/bin/gunicorn|pkg.wsgi:application", "/usr/bin/python3.11", NULL,
	  "pkg", false },
	{ "python|-m|gunicorn|-k|gevent|pkg.wsgi", NULL, NULL, "pkg", false },
	{ "python3.11|-u|-W|ignore|-m|gunicorn.app.wsgiapp|pkg.wsgi", NULL, NULL, "pkg", false },
	{ "gunicorn: master [pkg.wsgi:application]", "/usr/bin/python3.11", NULL, "pkg", false },
	{ "gunicorn: worker [pkg.wsgi]", "/usr/bin/python3.11", NULL, "pkg", false },
	{ "gunicorn: worker [api.example.com]", NULL, NULL, "api.example.com", false },
	{ "gunicorn: master [shop]", NULL, NULL, "shop", false },
	{ "gunicorn: master []", NULL, NULL, "gunicorn", true },
	{ "gunicorn: arbiter", NULL, NULL, "gunicorn", true },
	/* Others in Python */
	{ "uvicorn|--host|0.0.0.0|pkg.asgi:application|--port|80", NULL, NULL, "pkg", false },
	{ "daphne|-e|ssl:443:privateKey=k.pem|pkg.asgi:application", NULL, NULL, "pkg", false },
	{ "uvicorn|--factory", NULL, NULL, "uvicorn", true },
	{ "python|manage.py|runserver|0:8000", NULL, "/srv/todobackend", "todobackend", false },
	{ "python|./manage.py|runserver", NULL, "/srv/todobackend", "todobackend", false },
	{ "python|/srv/todobackend/manage.py|runserver", NULL, "/", "todobackend", false },
	{ "python|todo/manage.py|runserver", NULL, "/srv", "todo", false },
	{ "python|manage.py|runserver", NULL, "/", "manage", false },
	{ "python|manage.py|runserver", NULL, NULL, "manage", false },
	{ "python|../manage.py|runserver", NULL, "/srv/x", "manage", false },
	{ "./manage.py|runserver", NULL, "/srv/todo", "todo", false },
	{ "python|-m|pkg", NULL, NULL, "pkg", false },
	{ "python|-mpkg.sub", NULL, NULL, "pkg", false },
	{ "python3|-uBm|pkg", NULL, NULL, "pkg", false },
	{ "python3|-X|dev|--check-hash-based-pycs|always|x.py", NULL, NULL, "x", false },
	{ "python|/opt/x.py|--module=y", NULL, NULL, "x", false },
	{ "python|app/__main__.py", NULL, "/srv", "app", false },
	{ "/venv/bin/python3|/venv/bin/celery|worker", NULL, NULL, "celery", false },
	{ "python3|-c|import x", NULL, NULL, "python3", true },
	{ "python3", NULL, NULL, "python3", true },
	{ "python3|-", NULL, NULL, "python3", true },
	{ "python3|-m", NULL, NULL, "python3", true },
	{ "python3|-X", NULL, NULL, "python3", true },
	/* Behind wrappers */
	{ "/sbin/docker-init|--|uwsgi|--module=todobackend.wsgi", "/sbin/docker-init", NULL,
	  "todobackend", false },
	{ "tini|-p|SIGTERM|-g|gunicorn|pkg.wsgi", NULL, NULL, "pkg", false },
	{ "env|-u|A|B=1|python|-m|pkg", NULL, NULL, "pkg", false },
	{ "dumb-init|env|X=1|uwsgi|-w|x:app", NULL, NULL, "x", false },
	{ "tini|--", NULL, NULL, "tini", true },
	{ "tini", NULL, NULL, "tini", true },
	/* The rest */
	{ "nginx: master process nginx -g daemon off;", "/usr/sbin/nginx", NULL, "nginx", false },
	{ "/usr/sbin/nginx|-g|daemon off;", NULL, NULL, "nginx", false },
	{ "/usr/local/bin/shop-server|--port=1", NULL, NULL, "shop-server", true },
	{ "", "/usr/local/bin/shop-server", NULL, "shop-server", true },
	{ "", NULL, NULL, "unknown", true },
};

static int split(char *line, const char **argv)
{
	int argc = 0;
	char *save = NULL;

	for (char *word = strtok_r(line, "|", &save); word; word = strtok_r(NULL, "|", &save))
		argv[argc++] = word;
	return argc;
}

TEST(name_derive_command_lines)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char line[256];
		/* No NULL behind the words: the deriving code must go by argc alone. */
		const char *argv[WORDS_MAX];
		struct invocation in;
		struct name_guess guess;

		unit_context("%s", rows[i].line);
		snprintf(line, sizeof(line), "%s", rows[i].line);
		memset(argv, 0x5a, sizeof(argv));
		in = invocation_of(split(line, argv), argv, rows[i].exe);
		guess = name_derive(&in, rows[i].cwd);
		CHECK_STR(guess.name, rows[i].name);
		CHECK_EQ(guess.weak, rows[i].weak);
	}
}

TEST(name_derive_cuts_long_names)
{
	char module[4096];
	const char *argv[] = { "uwsgi", "-w", module };
	struct invocation in;
	struct name_guess guess;

	memset(module, 'a', sizeof(module) - 1);
	module[sizeof(module) - 1] = '\0';
	in = invocation_of(3, argv, NULL);
	guess = name_derive(&in, NULL);
	CHECK_EQ(strlen(guess.name), SERVICE_NAME_CAP - 1);
}

TEST(name_uwsgi_ini_paths)
{
	static const struct {
		const char *line, *ini;
	} inis[] = {
		{ "uwsgi|--ini|app.ini", "app.ini" },
		{ "uwsgi|--ini=/etc/app.ini:prod", "/etc/app.ini" },
		{ "uwsgi|--master|conf/app.ini", "conf/app.ini" },
		{ "uwsgi|--ini|http://x/app.ini", NULL },
		{ "uwsgi|--master", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(inis); i++) {
		char line[128];
		const char *argv[WORDS_MAX];
		struct invocation in;
		char *ini;

		unit_context("%s", inis[i].line);
		snprintf(line, sizeof(line), "%s", inis[i].line);
		in = invocation_of(split(line, argv), argv, NULL);
		ini = name_uwsgi_ini(&in);
		CHECK_STR(ini, inis[i].ini);
		free(ini);
	}
}

TEST(name_from_ini_texts)
{
	static const struct {
		const char *text, *name;
	} texts[] = {
		{ "[uwsgi]\nmodule = todobackend.wsgi:application\n", "todobackend" },
		{ "[uwsgi]\r\n  module=shop.wsgi\r\n", "shop" },
		{ "# c\n[other]\nmodule = x\n[uwsgi]\n;module = y\nwsgi-file = a/b.py", "b" },
		{ "[uwsgi]\nwsgi-file = wsgi.py\n", "folder" },
		{ "[uwsgi]\nmodule = %n.wsgi\nwsgi = real.wsgi\n", "real" },
		{ "[uwsgi]\nmodule = $(MODULE)\n", NULL },
		{ "[uwsgi]\nmodule\n", NULL },
		{ "[uwsgi]\nmodule =\n", NULL },
		{ "module = x\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct bytes in = bytes_str(texts[i].text);
		struct name_guess guess = { .weak = true };
		bool found;

		unit_context("%s", texts[i].text);
		found = name_from_ini(bytes_of(guard_copy(in), in.len), "/srv/folder", &guess);
		CHECK_EQ(found, texts[i].name != NULL);
		CHECK_EQ(guess.weak, !texts[i].name);
		CHECK_STR(guess.name, texts[i].name ? texts[i].name : "");
	}
}

TEST(name_from_ini_ends_at_a_nul)
{
	static const char nothing[] = "[uwsgi]\nmodule = \0\0x\n";
	static const char cut[] = "[uwsgi]\nmodule = shop\0x.wsgi\n";
	struct name_guess guess = { .weak = true };

	CHECK(!name_from_ini(bytes_of(nothing, sizeof(nothing) - 1), "/srv/folder", &guess));
	CHECK_STR(guess.name, "");
	CHECK(name_from_ini(bytes_of(cut, sizeof(cut) - 1), "/srv/folder", &guess));
	CHECK_STR(guess.name, "shop");
}

TEST(invocation_flag_forms)
{
	const char *argv[] = { "x", "--long=1", "-w", "2", "--longer", "3", "--long" };
	struct invocation in = { .what = "", .argc = 7, .argv = argv };

	CHECK_STR(invocation_flag(&in, "long", 0), "1");
	CHECK_STR(invocation_flag(&in, "longer", 0), "3");
	CHECK_STR(invocation_flag(&in, "none", 'w'), "2");
	CHECK_STR(invocation_flag(&in, "none", 0), NULL);
}
