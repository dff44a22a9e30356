// SPDX-License-Identifier: Apache-2.0
/*
 * name_derive.c - a command line or a uWSGI configuration to a service name, by what each server's
 * users write there.
 *
 * The rule of thumb: a Python application is called as its package (todobackend.wsgi:application is
 * todobackend); a file is called as itself, or as its folder when its own name says nothing
 * (wsgi.py, manage.py).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/service_name.h"
#include "util/array.h"

/* Names that every project has: they tell none from another. */
static const char *const generic_names[] = { "wsgi", "asgi", "manage", "__main__", "__init__" };

static bool is_generic(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(generic_names); i++)
		if (bytes_equal_str(name, generic_names[i]))
			return true;
	return false;
}

static struct bytes up_to(struct bytes in, uint8_t c)
{
	ptrdiff_t at = bytes_index(in, c);

	return at < 0 ? in : bytes_take(in, (size_t)at);
}

/* A name that a file gives may hold a NUL: there it ends. */
static bool put_name(struct name_guess *guess, struct bytes name)
{
	name = up_to(name, '\0');
	if (!name.len)
		return false;
	name = bytes_take(name, sizeof(guess->name) - 1);
	memcpy(guess->name, name.at, name.len);
	guess->name[name.len] = '\0';
	return true;
}

/* Behind the last slash. */
static struct bytes base_of(struct bytes path)
{
	ptrdiff_t slash;

	while ((slash = bytes_index(path, '/')) >= 0)
		path = bytes_skip(path, (size_t)slash + 1);
	return path;
}

static struct bytes without_slashes(struct bytes path)
{
	while (path.len && path.at[path.len - 1] == '/')
		path.len--;
	return path;
}

static bool ends_with(struct bytes in, const char *tail)
{
	size_t n = strlen(tail);

	return in.len >= n && bytes_equal_str(bytes_skip(in, in.len - n), tail);
}

/* Without what behind the last dot; a leading dot belongs to the name. */
static struct bytes without_extension(struct bytes name)
{
	for (size_t i = name.len; i > 1; i--)
		if (name.at[i - 1] == '.')
			return bytes_take(name, i - 1);
	return name;
}

/*
 * The name of the folder that @path lies in: of @cwd for a bare file name. Empty when that is
 * "/" or unknown.
 */
static struct bytes folder_of(struct bytes path, const char *cwd)
{
	struct bytes folder = without_slashes(bytes_take(path, path.len - base_of(path).len));
	struct bytes name = base_of(folder);

	if ((!folder.len && path.len && path.at[0] != '/') || bytes_equal_str(name, "."))
		name = base_of(without_slashes(bytes_str(cwd)));
	return bytes_equal_str(name, "..") ? BYTES_NONE : name;
}

/* "todobackend.wsgi:application" is todobackend; a bare "wsgi" is the folder it is run in. */
static bool put_module(struct name_guess *guess, struct bytes module, const char *cwd)
{
	struct bytes package = up_to(up_to(module, ':'), '.');

	if (is_generic(package) && put_name(guess, base_of(without_slashes(bytes_str(cwd)))))
		return true;
	return put_name(guess, package);
}

static bool put_file(struct name_guess *guess, struct bytes path, const char *cwd)
{
	struct bytes name = without_extension(base_of(path));

	if (is_generic(name) && put_name(guess, folder_of(path, cwd)))
		return true;
	return put_name(guess, name);
}

static bool derive_uwsgi(const struct invocation *in, const char *cwd, struct name_guess *guess)
{
	const char *module = invocation_flag(in, "module", 'w');
	const char *file = invocation_flag(in, "wsgi-file", 0);

	if (!module)
		module = invocation_flag(in, "wsgi", 0);
	if (!file)
		file = invocation_flag(in, "file", 0);
	for (int i = 0; !module && !file && i < in->argc; i++)
		if (in->argv[i][0] != '-' && ends_with(bytes_str(in->argv[i]), ".py"))
			file = in->argv[i];
	if (module)
		return put_module(guess, bytes_str(module), cwd);
	return file && put_file(guess, bytes_str(file), cwd);
}

/* Gunicorn's flags without a value; every other one takes the next word. */
static const char *const gunicorn_switches[] = {
	"--check-config",
	"--print-config",
	"--reload",
	"--spew",
	"--preload",
	"--daemon",
	"-D",
	"--no-sendfile",
	"--reuse-port",
	"--initgroups",
	"--capture-output",
	"--disable-redirect-access-to-syslog",
	"--log-syslog",
	"--proxy-protocol",
	"--enable-stdio-inheritance",
	"-R",
	"--do-handshake-on-connect",
	"--suppress-ragged-eofs",
	"--strip-header-spaces",
	"--permit-obsolete-folding",
	"--permit-unconventional-http-method",
	"--permit-unconventional-http-version",
	"--casefold-http-method",
};

static bool is_gunicorn_switch(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(gunicorn_switches); i++)
		if (!strcmp(word, gunicorn_switches[i]))
			return true;
	return false;
}

/* True for a flag whose value is the next word: not "--workers=4", "-w4", a switch or "-". */
static bool takes_next(const char *word)
{
	if (word[1] == '-')
		return !strchr(word, '=') && !is_gunicorn_switch(word);
	return word[1] && !word[2] && !is_gunicorn_switch(word);
}

static const char *gunicorn_application(const struct invocation *in)
{
	for (int i = 0; i < in->argc; i++) {
		if (in->argv[i][0] != '-')
			return in->argv[i];
		if (takes_next(in->argv[i]))
			i++;
	}
	return NULL;
}

/*
 * "gunicorn: master [shop.wsgi:application]". In the brackets stands --name when there was one;
 * only what looks like an application's reference is cut at its dot.
 */
static bool put_title(struct name_guess *guess, const char *title, const char *cwd)
{
	struct bytes name = bytes_str(strchr(title, '['));

	if (name.len < 3 || name.at[name.len - 1] != ']')
		return false;
	name = bytes_take(bytes_skip(name, 1), name.len - 2);
	if (bytes_index(name, ':') >= 0 || ends_with(name, "wsgi") || ends_with(name, "asgi"))
		return put_module(guess, name, cwd);
	return put_name(guess, name);
}

static bool derive_gunicorn(const struct invocation *in, const char *cwd, struct name_guess *guess)
{
	const char *application, *name;

	if (in->title)
		return put_title(guess, in->title, cwd);
	application = gunicorn_application(in);
	if (application)
		return put_module(guess, bytes_str(application), cwd);
	/*
	 * The application may stand in a configuration file, which is a Python program: not
	 * read.
	 */
	name = invocation_flag(in, "name", 'n');
	return name && put_name(guess, bytes_str(name));
}

/* "pkg.mod:attribute", which no address, path or URL matches. */
static bool is_application_reference(const char *word)
{
	const char *c = word;

	for (; isalpha((unsigned char)*c) || *c == '_'; c++) {
		c += strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		if (*c != '.')
			break;
	}
	return c > word && *c == ':' && (isalpha((unsigned char)c[1]) || c[1] == '_');
}

static bool derive_asgi(const struct invocation *in, const char *cwd, struct name_guess *guess)
{
	for (int i = 0; i < in->argc; i++)
		if (is_application_reference(in->argv[i]))
			return put_module(guess, bytes_str(in->argv[i]), cwd);
	return false;
}

static bool derive_known(const struct invocation *in, const char *cwd, struct name_guess *guess)
{
	switch (in->program) {
	case PROGRAM_UWSGI:
		return derive_uwsgi(in, cwd, guess);
	case PROGRAM_GUNICORN:
		return derive_gunicorn(in, cwd, guess);
	case PROGRAM_ASGI:
		return derive_asgi(in, cwd, guess);
	case PROGRAM_MANAGE:
	case PROGRAM_PYTHON_SCRIPT:
		return put_file(guess, bytes_str(in->what), cwd);
	case PROGRAM_PYTHON_MODULE:
		return put_module(guess, bytes_str(in->what), cwd);
	case PROGRAM_NGINX:
		return put_name(guess, bytes_str("nginx"));
	case PROGRAM_OTHER:
		break;
	}
	return false;
}

struct name_guess name_derive(const struct invocation *in, const char *cwd)
{
	struct name_guess guess = { .weak = false };

	if (derive_known(in, cwd, &guess))
		return guess;
	guess.weak = true;
	if (!put_name(&guess, bytes_str(path_base(in->what))))
		put_name(&guess, bytes_str("unknown"));
	return guess;
}

char *name_uwsgi_ini(const struct invocation *in)
{
	const char *ini = invocation_flag(in, "ini", 0);

	for (int i = 0; !ini && i < in->argc; i++)
		if (in->argv[i][0] != '-' && ends_with(bytes_str(in->argv[i]), ".ini"))
			ini = in->argv[i];
	if (!ini || strstr(ini, "://"))
		return NULL;
	/* "app.ini:section" */
	return strndup(ini, strcspn(ini, ":"));
}

static struct bytes trimmed(struct bytes in)
{
	while (in.len && isspace(in.at[0]))
		in = bytes_skip(in, 1);
	while (in.len && isspace(in.at[in.len - 1]))
		in.len--;
	return in;
}

/* One "key = value" line of [uwsgi]. True when it gave a name. */
static bool put_ini_line(struct name_guess *guess, struct bytes line, const char *cwd)
{
	struct bytes key = trimmed(up_to(line, '='));
	struct bytes value = trimmed(bytes_skip(line, up_to(line, '=').len + 1));

	/* %n, %(var) and $(ENV) are uWSGI's to fill in. */
	if (bytes_index(value, '%') >= 0 || bytes_index(value, '$') >= 0)
		return false;
	if (bytes_equal_str(key, "module") || bytes_equal_str(key, "wsgi"))
		return put_module(guess, value, cwd);
	if (bytes_equal_str(key, "wsgi-file") || bytes_equal_str(key, "file"))
		return put_file(guess, value, cwd);
	return false;
}

bool name_from_ini(struct bytes text, const char *cwd, struct name_guess *ret)
{
	bool in_section = false;

	while (text.len) {
		struct bytes line = up_to(text, '\n');
		struct bytes content = trimmed(line);

		text = bytes_skip(text, line.len + 1);
		if (!content.len || content.at[0] == '#' || content.at[0] == ';')
			continue;
		if (content.at[0] == '[')
			in_section = bytes_equal_str(content, "[uwsgi]");
		else if (in_section && put_ini_line(ret, content, cwd)) {
			ret->weak = false;
			return true;
		}
	}
	return false;
}
