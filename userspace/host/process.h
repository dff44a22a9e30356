/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - facts about a process as /proc tells them. Everything read here belongs to somebody
 * else's process: each read is bounded, never trusted, and may fail at any time with -ESRCH because
 * the process ended.
 */
#ifndef BPFXRAY_HOST_PROCESS_H
#define BPFXRAY_HOST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	pid_t tgid; /* differs from pid when the number is a thread's */
	pid_t ppid;
	char state; /* as in /proc/PID/stat; Z and X are ended */
	bool kernel_thread;
	uint64_t start_ticks; /* since boot, in clock ticks: tells a reused pid from the old one */
};

/* The number that an entry of /proc is named after; 0 when it stands for no process. */
pid_t process_number(const char *name);

/*
 * Reads /proc/PID/{stat,status}. 0, -ESRCH (no such process, or only its zombie is left), or
 * another errno.
 */
int process_read(pid_t pid, struct process *ret);

/*
 * Whether /proc shows the processes of the whole machine: false in a process namespace of one's
 * own, whose numbers are not the kernel's either.
 */
bool process_sees_host(void);

/* A command line or an environment: one block of NUL-terminated strings. */
struct words {
	char *block;
	size_t len;
	const char **at; /* count views into block, then NULL */
	int count;
};

void words_clear(struct words *words);

/*
 * /proc/PID/cmdline without the empty words that a process title leaves behind. Free with
 * words_clear().
 */
int process_argv(pid_t pid, struct words *ret);

/*
 * The value of @name in the environment that the process was started with. -ENOENT when it is
 * not set.
 */
int process_env(pid_t pid, const char *name, char **ret);

/* Where /proc/PID/exe and /proc/PID/cwd lead, as the process sees it. */
int process_exe(pid_t pid, char **ret);
int process_cwd(pid_t pid, char **ret);

/*
 * The text of /proc/PID/@what, cut to @cap - 1 bytes and terminated. Its length, or a negative
 * errno.
 */
ssize_t process_text(pid_t pid, const char *what, char *buf, size_t cap);

/* 32 or 64 by the ELF class of the executable, or a negative errno. */
int process_bits(pid_t pid);

/*
 * Opens @path as the process would (its root; relative to its working directory), read-only,
 * regular files only.
 */
int process_open(pid_t pid, const char *path);

/* A growing set of process numbers in the order they were added. Starts as { 0 }. */
struct pid_set {
	pid_t *at;
	size_t count, cap;
};

void pid_set_clear(struct pid_set *set);
bool pid_set_has(const struct pid_set *set, pid_t pid);
/* 1 when it was added, 0 when it was there, -ENOMEM. */
int pid_set_add(struct pid_set *set, pid_t pid);

/*
 * One pass over /proc: adds every process with an ancestor in @set. Returns how many were added, or
 * a negative errno. Processes fork while the pass runs, so a caller that must have them all repeats
 * until it returns 0. A child whose parent ended before the pass was handed to another parent and
 * is not found.
 */
int process_tree_grow(struct pid_set *set);

#endif
