/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen_signals.h - the alternate screen on and off, also when a signal ends or stops the process;
 * internal to screen.c. Everything here is on standard output, so that a handler needs no variable.
 */
#ifndef BPFXRAY_CLI_SCREEN_SIGNALS_H
#define BPFXRAY_CLI_SCREEN_SIGNALS_H

#include <stdbool.h>

void screen_enter(void);
void screen_leave(void);

/* False for a background job of the shell, which must not draw. */
bool screen_is_in_front(void);

/*
 * From here to screen_signals_release(), what ends the process by default (but for SIGKILL, and the
 * signals that the session catches anyway) leaves the screen first, and Ctrl-Z leaves it for as
 * long as it takes.
 */
void screen_signals_catch(void);
void screen_signals_release(void);

#endif
