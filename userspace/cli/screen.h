/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h - standard output for a view that is drawn again and again: the alternate screen of a
 * terminal, or plain lines when it is none.
 *
 * Never blocks: a terminal that is held (Ctrl-S, a slow line) or a reader that sleeps must not keep
 * the caller from draining the kernel's ring. What could not be written goes out first the next
 * time, and until then there is no new frame. The terminal's own settings are not touched; what is
 * switched on (alternate screen, no cursor, no wrapping) is switched off again by screen_close(),
 * and by handlers of the signals that end or stop the process. Only SIGKILL leaves it; `reset`
 * brings it back.
 */
#ifndef BPFXRAY_CLI_SCREEN_H
#define BPFXRAY_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct screen {
	int fd;
	bool terminal; /* false: plain lines */
	bool shown;    /* the alternate screen is on: false while in the background */
	unsigned int columns, lines;
	char *left; /* of a frame that could not be written whole */
	size_t left_at, left_len;
};

/* Returns 0 or a negative errno. screen_close() in both cases. */
int screen_open(struct screen *screen);

/* True when a frame must be drawn now: the size changed, or the foreground was given back. */
bool screen_changed(struct screen *screen);

/* True when a frame would be taken: nothing is left of the last one, and we are in front. */
bool screen_ready(struct screen *screen);

/* Shows @text, @len bytes: lines with a line feed between them as a frame, or behind the others. */
void screen_show(struct screen *screen, const char *text, size_t len);

void screen_close(struct screen *screen);

#endif
