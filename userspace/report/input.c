// SPDX-License-Identifier: Apache-2.0
/* input.c - see input.h. */
#include "report/input.h"

#include <string.h>
#include <sys/stat.h>

#include "util/array.h"
#include "util/cleanup.h"

/* Everything that @from yields, in a file without name, at its start. NULL with errno set. */
static FILE *copy_of(FILE *from)
{
	_cleanup_fclose_ FILE *copy = tmpfile();
	char buffer[65536];
	size_t len;

	if (!copy)
		return NULL;
	while ((len = fread(buffer, 1, sizeof(buffer), from)))
		if (fwrite(buffer, 1, len, copy) != len)
			return NULL;
	if (ferror(from) || fflush(copy))
		return NULL;
	rewind(copy);
	return TAKE_PTR(copy);
}

/* An open file that can be read twice, or NULL with errno set. */
static FILE *open_input(const char *path)
{
	_cleanup_fclose_ FILE *file = strcmp(path, "-") ? fopen(path, "re") : fdopen(dup(0), "r");
	struct stat info;

	if (!file || fstat(fileno(file), &info))
		return NULL;
	if (S_ISDIR(info.st_mode)) {
		errno = EISDIR;
		return NULL;
	}
	return S_ISREG(info.st_mode) ? TAKE_PTR(file) : copy_of(file);
}

static int read_lines(FILE *file, uint32_t number, struct store *store)
{
	_cleanup_free_ char *line = NULL;
	struct document place = { .file = number };
	size_t capacity = 0;
	off_t at = ftello(file);
	ssize_t len;
	int r;

	place.offset = at > 0 ? (uint64_t)at : 0;
	for (; (len = getline(&line, &capacity, file)) > 0; place.offset += (uint64_t)len) {
		/* An offset of the document is kept in 32 bits, and no sane one is that long. */
		place.len = len < UINT32_MAX ? (uint32_t)len : 0;
		if (strspn(line, " \t\r\n") == (size_t)len)
			continue;
		r = store_add(store, line, place.len, &place);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return ferror(file) ? -EIO : 0;
}

int inputs_take(struct inputs *inputs, FILE *file, struct store *store)
{
	int r = ARRAY_ROOM(inputs->files, inputs->count, inputs->capacity);

	if (r < 0) {
		fclose(file);
		return r;
	}
	inputs->files[inputs->count++] = file;
	return read_lines(file, (uint32_t)inputs->count - 1, store);
}

int inputs_read(struct inputs *inputs, const char *path, struct store *store)
{
	FILE *file = open_input(path);

	if (!file)
		return errno ? -errno : -EIO;
	return inputs_take(inputs, file, store);
}

int inputs_document(const struct inputs *inputs, const struct document *document, char **ret)
{
	_cleanup_free_ char *text = malloc((size_t)document->len + 1);
	int fd = fileno(inputs->files[document->file]);
	ssize_t len;

	if (!text)
		return -ENOMEM;
	len = pread(fd, text, document->len, (off_t)document->offset);
	if (len != (ssize_t)document->len)
		return len < 0 ? -errno : -EIO;
	text[len] = '\0';
	*ret = TAKE_PTR(text);
	return 0;
}

void inputs_close(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		fclose(inputs->files[i]);
	free(inputs->files);
	*inputs = (struct inputs){ 0 };
}
