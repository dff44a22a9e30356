// SPDX-License-Identifier: Apache-2.0
/* whole_file.c - see whole_file.h. */
#include "cli/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

/* As many as the kernel follows. */
#define LINKS_MAX 40

/* Where a file stands or is to stand, with every link in its last part followed. */
struct place {
	int folder; /* or AT_FDCWD */
	char name[NAME_MAX + 1];
};

/* @path counts from the folder where @place is now. */
static int place_go(struct place *place, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	char folder[PATH_MAX];
	int fd;

	if (len >= sizeof(folder) || strlen(path + len) >= sizeof(place->name))
		return -ENAMETOOLONG;
	if (!path[len])
		return -EISDIR;
	strcpy(place->name, path + len);
	if (!len)
		return 0;
	memcpy(folder, path, len);
	folder[len] = '\0';
	fd = openat(place->folder, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	cleanup_close(&place->folder);
	place->folder = fd;
	return 0;
}

/*
 * What fs.protected_symlinks keeps the kernel from following, which it does not keep a reader of
 * links from.
 */
static bool is_planted(const struct stat *link, const struct stat *folder)
{
	return folder->st_mode & S_ISVTX && folder->st_mode & S_IWOTH && link->st_uid &&
	       link->st_uid != geteuid();
}

/* 1 when @place was a link and is now what it leads to; else 0 or a negative errno. */
static int place_follow(struct place *place)
{
	/* what is judged is what is read, whatever is put in its place meanwhile */
	_cleanup_close_ int fd =
		openat(place->folder, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat link, folder;
	char text[PATH_MAX];
	ssize_t len;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &link) < 0 || fstatat(place->folder, ".", &folder, 0) < 0)
		return -errno;
	if (!S_ISLNK(link.st_mode))
		return 0;
	if (is_planted(&link, &folder))
		return -ELOOP;
	len = readlinkat(fd, "", text, sizeof(text));
	if (len < 0)
		return -errno;
	if ((size_t)len >= sizeof(text))
		return -ENAMETOOLONG;
	text[len] = '\0';
	r = place_go(place, text);
	return r < 0 ? r : 1;
}

static int place_find(struct place *place, const char *path)
{
	int r = place_go(place, path);

	if (r < 0)
		return r;
	for (int i = 0; i < LINKS_MAX; i++) {
		r = place_follow(place);
		if (r <= 0)
			return r;
	}
	return -EMLINK;
}

/* A device or a pipe: what stands there is not a file that another one could take the place of. */
static int write_into(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	return dprintf(fd, "%s\n", text) < 0 ? -errno : 0;
}

/* In a folder for all, whatever another has put there under this name is not written through. */
static FILE *open_new(int folder, const char *name)
{
	int fd;
	FILE *file;

	(void)unlinkat(folder, name, 0);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w");
	if (!file)
		close(fd);
	return file;
}

static int replace(const struct place *place, const char *text)
{
	char next[sizeof(place->name) + sizeof(".new")];
	_cleanup_fclose_ FILE *file = NULL;
	int err;

	snprintf(next, sizeof(next), "%s.new", place->name);
	file = open_new(place->folder, next);
	if (!file)
		return -errno;
	if (fprintf(file, "%s\n", text) > 0 && !fflush(file) &&
	    !renameat(place->folder, next, place->folder, place->name))
		return 0;
	err = -errno;
	(void)unlinkat(place->folder, next, 0); /* half a file is no use to anybody */
	return err;
}

static int write_at(struct place *place, const char *path, const char *text)
{
	struct stat there;
	int r = place_find(place, path);

	if (r < 0)
		return r;
	if (!stat(path, &there) && !S_ISREG(there.st_mode))
		return write_into(path, text);
	return replace(place, text);
}

int whole_file_write(const char *path, const char *text)
{
	struct place place = { .folder = AT_FDCWD };
	int r = write_at(&place, path, text);

	cleanup_close(&place.folder);
	return r;
}

const char *whole_file_why(int err)
{
	return err == -ELOOP ? "a symbolic link of another user in a folder for all is not followed"
			     : strerror(-err);
}
