/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attacher.h - the process with the capabilities, as the process that parses traffic sees it: it
 * loads, attaches, follows, counts and writes the files of counters, by request (attach_wire.h).
 *
 * It is a child, so that the process the operator knows (that of systemd, PID 1 of a container) is
 * the one that takes signals and ends with the exit code. Forked before anything is opened, it
 * holds no output; the parent holds nothing of the kernel side but the ring buffer. When the parent
 * ends, however it ends, the child ends, and nothing stays attached; when the child ends, every
 * call here fails from then on, and attacher_lost() says so.
 */
#ifndef BPFXRAY_CLI_ATTACHER_H
#define BPFXRAY_CLI_ATTACHER_H

#include <signal.h>

#include "cli/attach_wire.h"
#include "cli/exit_codes.h"
#include "cli/options.h"

struct attacher;

/*
 * Forks; call it with one thread. With --top the attacher's lines go where the caller's go, after
 * each call, so that they do not disturb a screen. @stop: set by a signal, lets a call give up when
 * the attacher does not answer. 0 or a negative errno. The child never returns from it.
 */
int attacher_start(const struct options *options, const volatile sig_atomic_t *stop,
		   struct attacher **ret);
/* Ends the attacher and waits for that. Takes NULL; returns NULL. */
struct attacher *attacher_free(struct attacher *attacher);

/*
 * Calls @work again and again while an answer is waited for: it must ask for nothing itself. An
 * attacher that is busy with a library, or detaches, may take seconds.
 */
void attacher_meanwhile(struct attacher *attacher, void (*work)(void *ctx), void *ctx);

/* EXIT_OK, or the exit code after one line of the attacher's that says why. */
enum exit_code attacher_check(struct attacher *attacher);
/* The same, with the ring buffer's descriptor, which is the caller's. */
enum exit_code attacher_open(struct attacher *attacher, int *ret_ring_fd);
/* The same; what is followed are news. */
enum exit_code attacher_follow(struct attacher *attacher);

/* Whether it has ended, or does not answer any more. Told in one line once. */
bool attacher_lost(struct attacher *attacher);

pid_t attacher_pid(const struct attacher *attacher);
/* "sock", "fentry", "kprobe" or "syscall". */
const char *attacher_backend(const struct attacher *attacher);

/* kernel_release(), kernel_release_idle(): with the next sweep at the latest. */
void attacher_release(struct attacher *attacher, uint64_t conn);
void attacher_release_idle(struct attacher *attacher, uint64_t conn, uint32_t seq);

/* kernel_sweep(), and what the finder has found is followed. */
void attacher_sweep(struct attacher *attacher);
/* Processes followed, at the last sweep. */
size_t attacher_targets(const struct attacher *attacher);

/* Takes the next of what the last sweep told of. 1, or 0 when there are no more. */
int attacher_news(struct attacher *attacher, struct attach_news *ret);

/* kernel_target_root(); 0: not followed. */
pid_t attacher_root(struct attacher *attacher, pid_t tgid);

/*
 * service_name() of @root, which is followed, with what the command line gives. @container: NULL or
 * its container's name.
 */
int attacher_name(struct attacher *attacher, pid_t root, const char *container,
		  struct service_name *ret);

/* The /etc/hosts that @root, which is followed, sees, open for reading; -1: it cannot be had. */
int attacher_hosts(struct attacher *attacher, pid_t root);

/* Now, or as they were last known. Never NULL. */
const struct attach_counters *attacher_counters(struct attacher *attacher);

/* Writes @text to the file of --stats or --metrics, whole or not at all. 0 or a negative errno. */
int attacher_write(struct attacher *attacher, enum attach_ask which, const char *text);

/* The configuration file has changed: these two may be others. */
void attacher_reload(struct attacher *attacher);

/* kernel_detach(). */
void attacher_detach(struct attacher *attacher);

#endif
