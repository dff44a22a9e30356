// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_target.c - what a traced process can make the attacher read: its command line, a uWSGI
 * configuration, its memory map, and the files that are mapped as libraries. The input's first byte
 * chooses the parser.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/maps.h"
#include "host/service_name.h"
#include "probe/client_layout.h"
#include "probe/elf_functions.h"
#include "util/array.h"

#define WORDS_MAX 16

static char *text_of(struct bytes in)
{
	char *text = malloc(in.len + 1);

	INVARIANT(text);
	if (in.len)
		memcpy(text, in.at, in.len);
	text[in.len] = '\0';
	return text;
}

static void check_guess(const struct name_guess *guess)
{
	INVARIANT(memchr(guess->name, 0, sizeof(guess->name)));
}

/* Words end with a NUL, as in /proc/PID/cmdline; an empty first one stands for none. */
static void fuzz_command(struct bytes in)
{
	const char *argv[WORDS_MAX + 1] = { 0 };
	char *text = text_of(in);
	int argc = 0;

	for (size_t at = 0; at < in.len && argc < WORDS_MAX; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	for (int i = 0; i < 2; i++) {
		struct invocation invocation = invocation_of(argc, argv, i ? "/usr/bin/x" : NULL);
		struct name_guess guess = name_derive(&invocation, i ? "/srv/app" : NULL);

		INVARIANT(invocation.what);
		check_guess(&guess);
		free(name_uwsgi_ini(&invocation));
	}
	free(text);
}

static void fuzz_ini(struct bytes in)
{
	struct name_guess guess = { 0 };

	if (name_from_ini(in, "/srv/app", &guess))
		INVARIANT(guess.name[0]);
	check_guess(&guess);
}

static void fuzz_mapping(struct bytes in)
{
	char *line = text_of(in);
	struct mapping mapping;

	if (mapping_parse(line, &mapping))
		INVARIANT(mapping.path >= line && mapping.path <= line + in.len);
	free(line);
}

static void fuzz_library(struct bytes in)
{
	struct elf_function functions[] = { { .name = "SSL_read" },
					    { .name = "SSL_write" },
					    { .name = "mysql_errno" } };
	int fd = memfd_create("library", MFD_CLOEXEC), found;

	INVARIANT(fd >= 0 && write(fd, in.at, in.len) == (ssize_t)in.len);
	found = elf_functions_find(fd, functions, ARRAY_LEN(functions));
	INVARIANT(found <= (int)ARRAY_LEN(functions));
	for (size_t i = 0; found >= 0 && i < ARRAY_LEN(functions); i++)
		found -= functions[i].offset != 0;
	INVARIANT(found <= 0);
	(void)client_layout_of(fd, functions[0].offset, functions[2].offset);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(struct bytes in) = { fuzz_command, fuzz_ini, fuzz_mapping,
							    fuzz_library };
	struct bytes in;

	if (!size)
		return 0;
	in = fuzz_prefix(bytes_skip(bytes_of(data, size), 1), size - 1);
	parsers[data[0] % ARRAY_LEN(parsers)](in);
	free((void *)in.at);
	return 0;
}
