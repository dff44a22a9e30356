// SPDX-License-Identifier: Apache-2.0
/* screen_signals.c - see screen_signals.h. Handlers call what is async-signal-safe alone. */
#include "cli/screen_signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "util/array.h"

/* Alternate screen, no cursor, no wrapping of long lines; and back in the other order. */
#define ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
#define LEAVE "\x1b[?7h\x1b[?25h\x1b[?1049l"

static const int fatal[] = { SIGQUIT, SIGABRT, SIGSEGV, SIGBUS,	   SIGFPE,  SIGILL,  SIGSYS,
			     SIGTRAP, SIGALRM, SIGUSR2, SIGVTALRM, SIGPROF, SIGPOLL, SIGXCPU };

static void put(const char *sequence, size_t len)
{
	if (write(STDOUT_FILENO, sequence, len) < 0) {
		/* the terminal is gone, and so is what had to be restored */
	}
}

void screen_enter(void)
{
	put(ENTER, sizeof(ENTER) - 1);
}

void screen_leave(void)
{
	put(LEAVE, sizeof(LEAVE) - 1);
}

bool screen_is_in_front(void)
{
	pid_t front = tcgetpgrp(STDOUT_FILENO);

	/* not our controlling terminal: no shell that could want it */
	return front < 0 || front == getpgrp();
}

static void on_fatal(int number)
{
	if (screen_is_in_front())
		screen_leave();
	/* SA_RESETHAND: the default action, and SA_NODEFER: now */
	raise(number);
}

static void catch_stop(void);

static void on_stop(int number)
{
	int saved = errno;

	if (screen_is_in_front())
		screen_leave();
	raise(number);
	/* continued */
	catch_stop();
	if (screen_is_in_front())
		screen_enter();
	errno = saved;
}

static void catch_stop(void)
{
	const struct sigaction action = { .sa_handler = on_stop,
					  .sa_flags = SA_RESETHAND | SA_NODEFER };

	sigaction(SIGTSTP, &action, NULL);
}

void screen_signals_catch(void)
{
	const struct sigaction action = { .sa_handler = on_fatal,
					  .sa_flags = SA_RESETHAND | SA_NODEFER };

	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], &action, NULL);
	catch_stop();
}

void screen_signals_release(void)
{
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		signal(fatal[i], SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
}
