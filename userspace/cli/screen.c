// SPDX-License-Identifier: Apache-2.0
/*
 * screen.c - see screen.h. The sequences are those of xterm that every terminal of today knows; a
 * frame is one write between the marks of a synchronised update, which others ignore.
 */
#include "cli/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cli/screen_signals.h"
#include "util/cleanup.h"

#define FRAME_BEGIN "\x1b[?2026h\x1b[H"
#define FRAME_END   "\x1b[K\x1b[J\x1b[?2026l"
#define LINE_END    "\x1b[K\r\n"
/* What a terminal that does not know its size is taken for. */
#define COLUMNS_DEFAULT 80
#define LINES_DEFAULT	24

/*
 * A description of our own, since O_NONBLOCK belongs to the description, and the shell has the same
 * one. A regular file never blocks and a socket cannot be opened anew: these stay as they are.
 */
static int open_own(bool terminal)
{
	struct stat info;
	int fd = -1;

	if (terminal || (!fstat(STDOUT_FILENO, &info) && S_ISFIFO(info.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static bool is_capable(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb");
}

static bool read_size(struct screen *screen)
{
	struct winsize size = { 0 };
	unsigned int columns = screen->columns, lines = screen->lines;

	(void)ioctl(screen->fd, TIOCGWINSZ, &size);
	screen->columns = size.ws_col ?: COLUMNS_DEFAULT;
	screen->lines = size.ws_row ?: LINES_DEFAULT;
	return screen->columns != columns || screen->lines != lines;
}

int screen_open(struct screen *screen)
{
	*screen = (struct screen){ .fd = -1, .terminal = is_capable() };
	screen->fd = open_own(screen->terminal);
	if (screen->fd < 0)
		return screen->fd;
	if (screen->terminal)
		screen_signals_catch();
	return 0;
}

/* Writes what is left; false while there is some. What cannot be written at all is dropped. */
static bool write_left(struct screen *screen)
{
	while (screen->left_at < screen->left_len) {
		ssize_t n = write(screen->fd, screen->left + screen->left_at,
				  screen->left_len - screen->left_at);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0 && errno != EINTR)
			break;
		screen->left_at += n > 0 ? (size_t)n : 0;
	}
	free(screen->left);
	screen->left = NULL;
	screen->left_at = screen->left_len = 0;
	return true;
}

/* Asked at each tick, which spares SIGWINCH a handler and a variable. */
bool screen_changed(struct screen *screen)
{
	bool front = screen->terminal && screen_is_in_front();
	bool returned = front && !screen->shown;

	if (!screen->terminal)
		return false;
	if (returned && write_left(screen))
		screen_enter();
	screen->shown = front;
	return (read_size(screen) && front) || returned;
}

bool screen_ready(struct screen *screen)
{
	return (!screen->terminal || screen->shown) && write_left(screen);
}

/* @text with what takes each line's rest, and then the screen's, from the frame before. */
static void put_frame(const char *text, size_t len, FILE *out)
{
	fputs(FRAME_BEGIN, out);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			fputs(LINE_END, out);
		else
			fputc(text[i], out);
	}
	fputs(FRAME_END, out);
}

void screen_show(struct screen *screen, const char *text, size_t len)
{
	char *whole = NULL;
	size_t whole_len = 0;
	FILE *out = open_memstream(&whole, &whole_len);

	if (!out)
		return;
	if (screen->terminal)
		put_frame(text, len, out);
	else
		fwrite(text, 1, len, out);
	if (fclose(out) || screen->left) {
		free(whole);
		return;
	}
	screen->left = whole;
	screen->left_len = whole_len;
	(void)write_left(screen);
}

void screen_close(struct screen *screen)
{
	if (screen->fd < 0)
		return;
	(void)write_left(screen);
	if (screen->terminal)
		screen_signals_release();
	if (screen->shown)
		screen_leave();
	free(screen->left);
	close(screen->fd);
	*screen = (struct screen){ .fd = -1 };
}
