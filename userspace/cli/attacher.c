// SPDX-License-Identifier: Apache-2.0
/* attacher.c - see attacher.h. What the child does is in attach_serve.c. */
#include "cli/attacher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/attach_serve.h"
#include "util/cleanup.h"
#include "util/log.h"

/* After a stop was asked for, an answer is waited for no longer than this. */
#define PATIENCE_MS 30000
#define LOOK_MS	    25

struct attacher {
	int fd;
	int log_fd; /* -1: it writes to standard error itself */
	pid_t pid;
	const volatile sig_atomic_t *stop;
	void (*meanwhile)(void *ctx); /* NULL: nothing is to be done */
	void *meanwhile_ctx;
	bool lost;
	char backend[sizeof(((struct attach_answer *)0)->backend)];
	struct attach_sweep sweep;
	struct attach_counters counters;
	uint32_t place_count;
	struct attach_place places[ATTACH_PLACES_MAX];
	struct attach_request request;
};

/* Lines of the attacher, to wherever those of this process go. */
static void relay_log(const struct attacher *attacher)
{
	char part[1024];
	ssize_t n;

	while (attacher->log_fd >= 0 && (n = read(attacher->log_fd, part, sizeof(part))) > 0)
		if (write(STDERR_FILENO, part, (size_t)n) < 0)
			return;
}

/* How it ended, when that is known; as PID 1 this process may have buried it already. */
static void tell_loss(struct attacher *attacher, int err)
{
	int status = 0;

	if (attacher->lost)
		return;
	attacher->lost = true;
	relay_log(attacher);
	if (err == -ETIMEDOUT)
		log_error("the attacher (PID %d) does not answer", attacher->pid);
	else if (waitpid(attacher->pid, &status, 0) == attacher->pid && WIFSIGNALED(status))
		log_error("the attacher (PID %d) was ended by signal %d: nothing is attached any "
			  "more",
			  attacher->pid, WTERMSIG(status));
	else
		log_error("the attacher (PID %d) has ended: nothing is attached any more",
			  attacher->pid);
}

/* Until there is an answer, or an end. 0 or -ETIMEDOUT. */
static int wait_for_answer(const struct attacher *attacher)
{
	struct pollfd answer = { .fd = attacher->fd, .events = POLLIN };
	int patience_ms = PATIENCE_MS;

	while (poll(&answer, 1, LOOK_MS) <= 0) {
		if (attacher->meanwhile)
			attacher->meanwhile(attacher->meanwhile_ctx);
		if (!*attacher->stop)
			continue;
		patience_ms -= LOOK_MS;
		if (patience_ms <= 0)
			return -ETIMEDOUT;
	}
	return 0;
}

/* attacher->request goes, @answer comes. 0, or a negative errno: then the attacher is lost. */
static int call(struct attacher *attacher, struct attach_answer *answer, int *ret_passed)
{
	const struct attach_request *request = &attacher->request;
	ssize_t n;
	int err;

	if (attacher->lost)
		return -EPIPE;
	err = attach_send(attacher->fd, request, attach_request_len(request), -1);
	if (!err)
		err = wait_for_answer(attacher);
	if (!err) {
		n = attach_receive(attacher->fd, answer, sizeof(*answer), ret_passed);
		if (n < 0)
			err = (int)n;
		else if ((size_t)n != attach_answer_len(request->ask))
			err = n ? -EBADMSG : -EPIPE;
	}
	if (err)
		tell_loss(attacher, err);
	relay_log(attacher);
	return err;
}

static int ask_for(struct attacher *attacher, enum attach_ask what, pid_t pid,
		   struct attach_answer *answer, int *ret_passed)
{
	attacher->request.ask = what;
	attacher->request.pid = pid;
	attacher->request.count = 0;
	return call(attacher, answer, ret_passed);
}

static int ask(struct attacher *attacher, enum attach_ask what, pid_t pid,
	       struct attach_answer *answer)
{
	return ask_for(attacher, what, pid, answer, NULL);
}

static enum exit_code ask_code(struct attacher *attacher, enum attach_ask what)
{
	struct attach_answer answer;

	return ask(attacher, what, 0, &answer) ? EXIT_INTERNAL : (enum exit_code)answer.result;
}

/* The child: nothing of the parent's but its options and its end of the pair. */
static void be_attacher(const struct options *options, int fd, int log_fd, pid_t parent)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGXFSZ };

	/* they are the parent's, which ends this process by closing its end */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	/* at once, also when it is busy; a parent that has ended already is seen by its number */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		exit(EXIT_INTERNAL);
	(void)prctl(PR_SET_NAME, "bpfxray-attach");
	if (log_fd >= 0 && dup2(log_fd, STDERR_FILENO) < 0)
		exit(EXIT_INTERNAL);
	exit(attach_serve(fd, options, parent));
}

static int start(const struct options *options, struct attacher *attacher)
{
	_cleanup_close_ int ours = -1, theirs = -1, log_out = -1, log_in = -1;
	int pair[2], log[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	if (options->top) {
		if (pipe2(log, O_CLOEXEC | O_NONBLOCK) < 0)
			return -errno;
		log_out = log[0];
		log_in = log[1];
	}
	fflush(NULL);
	attacher->pid = fork();
	if (attacher->pid < 0)
		return -errno;
	if (!attacher->pid) {
		close(ours);
		be_attacher(options, theirs, log_in, parent);
	}
	attacher->fd = TAKE_FD(ours);
	attacher->log_fd = TAKE_FD(log_out);
	return 0;
}

int attacher_start(const struct options *options, const volatile sig_atomic_t *stop,
		   struct attacher **ret)
{
	struct attacher *attacher = calloc(1, sizeof(*attacher));
	int err;

	if (!attacher)
		return -ENOMEM;
	attacher->fd = attacher->log_fd = -1;
	attacher->stop = stop;
	err = start(options, attacher);
	if (err) {
		free(attacher);
		return err;
	}
	*ret = attacher;
	return 0;
}

struct attacher *attacher_free(struct attacher *attacher)
{
	if (!attacher)
		return NULL;
	close(attacher->fd);
	/* what does not answer is not waited for: it ends with this process */
	if (!attacher->lost)
		(void)waitpid(attacher->pid, NULL, 0);
	relay_log(attacher);
	cleanup_close(&attacher->log_fd);
	free(attacher);
	return NULL;
}

void attacher_meanwhile(struct attacher *attacher, void (*work)(void *ctx), void *ctx)
{
	attacher->meanwhile = work;
	attacher->meanwhile_ctx = ctx;
}

enum exit_code attacher_check(struct attacher *attacher)
{
	return ask_code(attacher, ATTACH_CHECK);
}

enum exit_code attacher_open(struct attacher *attacher, int *ret_ring_fd)
{
	struct attach_answer answer;

	*ret_ring_fd = -1;
	if (ask_for(attacher, ATTACH_OPEN, 0, &answer, ret_ring_fd))
		return EXIT_INTERNAL;
	memcpy(attacher->backend, answer.backend, sizeof(attacher->backend) - 1);
	return (enum exit_code)answer.result;
}

enum exit_code attacher_follow(struct attacher *attacher)
{
	enum exit_code code = ask_code(attacher, ATTACH_FOLLOW);

	attacher_sweep(attacher);
	return code;
}

bool attacher_lost(struct attacher *attacher)
{
	return attacher->lost;
}

pid_t attacher_pid(const struct attacher *attacher)
{
	return attacher->pid;
}

const char *attacher_backend(const struct attacher *attacher)
{
	return attacher->backend;
}

static void send_places(struct attacher *attacher)
{
	struct attach_request *request = &attacher->request;
	struct attach_answer answer;

	if (!attacher->place_count)
		return;
	request->ask = ATTACH_PLACES;
	request->count = attacher->place_count;
	memcpy(request->places, attacher->places, request->count * sizeof(request->places[0]));
	attacher->place_count = 0;
	(void)call(attacher, &answer, NULL);
}

static void add_place(struct attacher *attacher, struct attach_place place)
{
	if (attacher->place_count == ATTACH_PLACES_MAX)
		send_places(attacher);
	attacher->places[attacher->place_count++] = place;
}

void attacher_release(struct attacher *attacher, uint64_t conn)
{
	add_place(attacher, (struct attach_place){ .conn = conn });
}

void attacher_release_idle(struct attacher *attacher, uint64_t conn, uint32_t seq)
{
	add_place(attacher, (struct attach_place){ .conn = conn, .seq = seq, .idle = 1 });
}

void attacher_sweep(struct attacher *attacher)
{
	struct attach_answer answer;

	send_places(attacher);
	if (!ask(attacher, ATTACH_SWEEP, 0, &answer))
		attacher->sweep = answer.sweep;
}

size_t attacher_targets(const struct attacher *attacher)
{
	return attacher->sweep.targets;
}

int attacher_news(struct attacher *attacher, struct attach_news *ret)
{
	struct attach_answer answer;

	if (!attacher->sweep.news || ask(attacher, ATTACH_NEWS, 0, &answer) || answer.result)
		return 0;
	attacher->sweep.news--;
	*ret = answer.news;
	return 1;
}

pid_t attacher_root(struct attacher *attacher, pid_t tgid)
{
	struct attach_answer answer;

	return ask(attacher, ATTACH_ROOT, tgid, &answer) ? 0 : answer.result;
}

/* @text, which is cut where it does not fit. */
static int ask_with_text(struct attacher *attacher, enum attach_ask what, pid_t pid,
			 const char *text, struct attach_answer *answer)
{
	struct attach_request *request = &attacher->request;
	size_t len = strnlen(text, sizeof(request->text) - 1);

	request->ask = what;
	request->pid = pid;
	request->count = (uint32_t)len + 1;
	memcpy(request->text, text, len);
	request->text[len] = '\0';
	return call(attacher, answer, NULL) ?: answer->result;
}

int attacher_name(struct attacher *attacher, pid_t root, const char *container,
		  struct service_name *ret)
{
	struct attach_answer answer;
	int err = ask_with_text(attacher, ATTACH_NAME, root, container ?: "", &answer);

	if (!err)
		*ret = answer.name;
	return err;
}

int attacher_hosts(struct attacher *attacher, pid_t root)
{
	struct attach_answer answer;
	int fd = -1;

	(void)ask_for(attacher, ATTACH_HOSTS, root, &answer, &fd);
	return fd;
}

const struct attach_counters *attacher_counters(struct attacher *attacher)
{
	struct attach_answer answer;

	if (!ask(attacher, ATTACH_COUNTERS, 0, &answer))
		attacher->counters = answer.counters;
	return &attacher->counters;
}

int attacher_write(struct attacher *attacher, enum attach_ask which, const char *text)
{
	struct attach_answer answer;

	if (strlen(text) >= ATTACH_TEXT_MAX)
		return -EFBIG;
	return ask_with_text(attacher, which, 0, text, &answer);
}

void attacher_reload(struct attacher *attacher)
{
	struct attach_answer answer;

	(void)ask(attacher, ATTACH_RELOAD, 0, &answer);
}

void attacher_detach(struct attacher *attacher)
{
	struct attach_answer answer;

	(void)ask(attacher, ATTACH_DETACH, 0, &answer);
}
