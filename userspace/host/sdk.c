// SPDX-License-Identifier: Apache-2.0
/* sdk.c - see sdk.h. */
#include "host/sdk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/maps.h"
#include "host/process.h"
#include "util/array.h"
#include "util/cleanup.h"

/* A file that every version of the package has. */
#define PACKAGE_FILE "aws_xray_sdk/version.py"
/* `python3.11`: of an interpreter's own directory, as in /usr/lib/python3.11/lib-dynload. */
#define VERSION_CAP 24

static const char *const kinds[] = { "site-packages", "dist-packages" };

struct look {
	pid_t pid;
	char version[VERSION_CAP];
	struct sdk_evidence *found;
};

static void try_directory(const struct look *look, const char *directory, size_t len)
{
	char path[SDK_DIRECTORY_CAP + sizeof(PACKAGE_FILE) + 1];
	int fd;

	if (look->found->directory[0] || !len || len >= SDK_DIRECTORY_CAP)
		return;
	snprintf(path, sizeof(path), "%.*s/%s", (int)len, directory, PACKAGE_FILE);
	fd = process_open(look->pid, path);
	if (fd < 0)
		return;
	close(fd);
	memcpy(look->found->directory, directory, len);
	look->found->directory[len] = '\0';
}

static void note_version(struct look *look, const char *path)
{
	const char *at = strstr(path, "/lib/python");
	size_t len = at ? strcspn(at + 5, "/") : 0;

	if (!len || len >= sizeof(look->version))
		return;
	memcpy(look->version, at + 5, len);
	look->version[len] = '\0';
}

static void take_mapping(void *ctx, const struct mapping *mapping)
{
	struct look *look = ctx;

	look->found->wrapt |= strstr(mapping->path, "/wrapt/_wrappers.") != NULL;
	note_version(look, mapping->path);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *at = strstr(mapping->path, kinds[i]);

		if (at)
			try_directory(look, mapping->path,
				      (size_t)(at - mapping->path) + strlen(kinds[i]));
	}
}

/* @program in PREFIX/bin: its packages are in PREFIX/lib/pythonX.Y. */
static void try_prefix(const struct look *look, const char *program)
{
	const char *bin = strstr(program, "/bin/");
	char directory[SDK_DIRECTORY_CAP];

	if (!bin || !look->version[0])
		return;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int len = snprintf(directory, sizeof(directory), "%.*s/lib/%s/%s",
				   (int)(bin - program), program, look->version, kinds[i]);

		try_directory(look, directory, len < 0 ? 0 : (size_t)len);
	}
}

static void try_path(const struct look *look)
{
	_cleanup_free_ char *path = NULL;
	const char *at;

	if (process_env(look->pid, "PYTHONPATH", &path) < 0)
		return;
	at = path;
	for (size_t len; *at; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		try_directory(look, at, len);
	}
}

void sdk_look(pid_t pid, struct sdk_evidence *ret)
{
	_cleanup_(words_clear) struct words argv = { 0 };
	struct look look = { .pid = pid, .found = ret };

	(void)process_mappings(pid, take_mapping, &look);
	try_path(&look);
	if (process_argv(pid, &argv) < 0)
		return;
	for (int i = 0; i < argv.count && i < 2; i++)
		try_prefix(&look, argv.at[i]);
}
