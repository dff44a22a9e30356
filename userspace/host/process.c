// SPDX-License-Identifier: Apache-2.0
/*
 * process.c - reads /proc/PID. Sizes are capped: a process may have megabytes of arguments, or grow
 * them while read.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "host/process.h"
#include "util/cleanup.h"

/* ARG_MAX's usual value: what execve() lets through for all words together. */
#define BLOCK_MAX (2u * 1024 * 1024)
/* Longest "/proc/PID/what" asked for here. */
#define PROC_PATH_LEN 64
/* include/uapi/linux/nsfs.h: PID_NS_INIT_INO, the same since Linux 3.8. */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCu
/* include/linux/sched.h: PF_KTHREAD. */
#define FLAG_KERNEL_THREAD 0x00200000u

/* A process that ended answers with one or the other, by where the read found it. */
static int gone(int error)
{
	return error == ENOENT || error == ESRCH ? -ESRCH : -error;
}

static int open_proc(pid_t pid, const char *what, int flags)
{
	char path[PROC_PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? gone(errno) : fd;
}

/* Reads until the end or @cap - 1 bytes; terminates. */
static ssize_t read_some(int fd, char *buf, size_t cap)
{
	size_t len = 0;

	while (len < cap - 1) {
		ssize_t n = read(fd, buf + len, cap - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gone(errno);
		if (!n)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

ssize_t process_text(pid_t pid, const char *what, char *buf, size_t cap)
{
	_cleanup_close_ int fd = open_proc(pid, what, O_RDONLY);

	return fd < 0 ? fd : read_some(fd, buf, cap);
}

/*
 * The fields behind the name, which may itself hold blanks and parentheses: so from the last
 * one on.
 */
static int parse_stat(const char *stat, struct process *ret)
{
	const char *end = strrchr(stat, ')');
	unsigned long long start;
	unsigned int flags;
	char state;
	int ppid;

	if (!end || sscanf(end + 1,
			   " %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d"
			   " %*d %llu",
			   &state, &ppid, &flags, &start) != 4)
		return -EPROTO;
	ret->state = state;
	ret->ppid = ppid;
	ret->kernel_thread = flags & FLAG_KERNEL_THREAD;
	ret->start_ticks = start;
	return 0;
}

pid_t process_number(const char *name)
{
	if (!name[0] || name[strspn(name, "0123456789")])
		return 0;
	return (pid_t)strtol(name, NULL, 10);
}

int process_read(pid_t pid, struct process *ret)
{
	struct process process = { .pid = pid };
	char text[4096];
	const char *tgid;
	ssize_t n;
	int r;

	n = process_text(pid, "stat", text, sizeof(text));
	if (n < 0)
		return (int)n;
	r = parse_stat(text, &process);
	if (r)
		return r;
	if (process.state == 'Z' || process.state == 'X')
		return -ESRCH;
	n = process_text(pid, "status", text, sizeof(text));
	if (n < 0)
		return (int)n;
	tgid = strstr(text, "\nTgid:");
	if (!tgid || sscanf(tgid, "\nTgid: %d", &process.tgid) != 1)
		return -EPROTO;
	*ret = process;
	return 0;
}

bool process_sees_host(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino == FIRST_PID_NAMESPACE;
}

void words_clear(struct words *words)
{
	free(words->block);
	free(words->at);
	*words = (struct words){ 0 };
}

static int read_block(pid_t pid, const char *what, struct words *ret)
{
	_cleanup_close_ int fd = open_proc(pid, what, O_RDONLY);
	_cleanup_free_ char *block = NULL;
	size_t cap = 16384;

	if (fd < 0)
		return fd;
	for (;; cap *= 4) {
		char *more = realloc(block, cap);
		ssize_t n;

		if (!more)
			return -ENOMEM;
		block = more;
		if (lseek(fd, 0, SEEK_SET) < 0)
			return -errno;
		n = read_some(fd, block, cap);
		if (n < 0)
			return (int)n;
		if ((size_t)n < cap - 1 || cap >= BLOCK_MAX) {
			ret->len = (size_t)n;
			ret->block = TAKE_PTR(block);
			return 0;
		}
	}
}

/* Splits the block in place. Empty words in the middle stay, those at the end go. */
static int split_words(struct words *words)
{
	size_t len = words->len;
	int count = 0;

	while (len && !words->block[len - 1])
		len--;
	for (size_t i = 0; i < len; i += strlen(words->block + i) + 1)
		count++;
	words->at = calloc((size_t)count + 1, sizeof(*words->at));
	if (!words->at)
		return -ENOMEM;
	for (size_t i = 0; i < len; i += strlen(words->block + i) + 1)
		words->at[words->count++] = words->block + i;
	return 0;
}

static int read_words(pid_t pid, const char *what, struct words *ret)
{
	_cleanup_(words_clear) struct words words = { 0 };
	int r = read_block(pid, what, &words);

	if (!r)
		r = split_words(&words);
	if (r)
		return r;
	*ret = words;
	words = (struct words){ 0 };
	return 0;
}

int process_argv(pid_t pid, struct words *ret)
{
	return read_words(pid, "cmdline", ret);
}

int process_env(pid_t pid, const char *name, char **ret)
{
	_cleanup_(words_clear) struct words words = { 0 };
	size_t len = strlen(name);
	int r = read_words(pid, "environ", &words);

	if (r)
		return r;
	for (int i = 0; i < words.count; i++) {
		if (strncmp(words.at[i], name, len) || words.at[i][len] != '=')
			continue;
		*ret = strdup(words.at[i] + len + 1);
		return *ret ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

static int read_link(pid_t pid, const char *what, char **ret)
{
	static const char deleted[] = " (deleted)";
	char path[PROC_PATH_LEN], to[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return gone(errno);
	to[n] = '\0';
	/* The kernel's mark on a file that was replaced by an upgrade while the process runs. */
	if ((size_t)n > strlen(deleted) && !strcmp(to + n - strlen(deleted), deleted))
		to[(size_t)n - strlen(deleted)] = '\0';
	*ret = strdup(to);
	return *ret ? 0 : -ENOMEM;
}

int process_exe(pid_t pid, char **ret)
{
	return read_link(pid, "exe", ret);
}

int process_cwd(pid_t pid, char **ret)
{
	return read_link(pid, "cwd", ret);
}

int process_bits(pid_t pid)
{
	unsigned char ident[EI_NIDENT + 1];
	ssize_t n = process_text(pid, "exe", (char *)ident, sizeof(ident));

	if (n < 0)
		return (int)n;
	if (n < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	return ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
}

/*
 * @path inside of @root, symbolic links too: a container's link to /etc must not lead to the
 * host's.
 */
static int open_in_root(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int absolute_path(pid_t pid, const char *path, char **ret)
{
	_cleanup_free_ char *cwd = NULL;
	int r = path[0] == '/' ? 0 : process_cwd(pid, &cwd);

	if (r)
		return r;
	return asprintf(ret, "%s/%s", cwd ? cwd : "", path) < 0 ? -ENOMEM : 0;
}

int process_open(pid_t pid, const char *path)
{
	_cleanup_close_ int root = open_proc(pid, "root", O_PATH | O_DIRECTORY);
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *full = NULL;
	struct stat st;
	int r;

	if (root < 0)
		return root;
	r = absolute_path(pid, path, &full);
	if (r)
		return r;
	r = open_in_root(root, full);
	if (r < 0)
		return r;
	fd = r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return TAKE_FD(fd);
}
