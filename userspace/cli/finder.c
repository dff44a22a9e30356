// SPDX-License-Identifier: Apache-2.0
/*
 * finder.c - see finder.h. Everything but the list of what was found belongs to one thread at a
 * time: the caller's until finder_start(), the finder's own from then on.
 */
#include "cli/finder.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "cli/containers.h"
#include "host/census.h"
#include "host/listening.h"
#include "host/process.h"
#include "util/cleanup.h"
#include "util/log.h"

#define PASS_MS 1000
/* A process is looked at in each of its first passes, then in one of so many. */
#define YOUNG_PASSES 10
#define OLD_PERIOD   10
/* More is handed over in the next pass. */
#define FOUND_MAX 1024
/* Ports of the choices that one process may listen on. */
#define PORTS_MAX	64
#define CGROUP_TEXT_MAX 8192

/* The listening sockets of the network namespaces met in one pass. */
struct net {
	struct net *next;
	ino_t ino;
	struct listeners listeners;
};

struct finder {
	const struct choice *choices;
	size_t choice_count;
	bool need_exe, need_ports, need_names;
	pid_t self, parent; /* the tracer does not follow itself */
	struct census census;
	struct containers containers;
	struct net *nets;
	bool silence_told;
	int stop_fd;
	bool running;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	struct found *first, **last;
	size_t found_count;
};

static void note_needs(struct finder *finder)
{
	for (size_t i = 0; i < finder->choice_count; i++) {
		enum choice_kind kind = finder->choices[i].kind;

		finder->need_exe |= kind == CHOICE_EXE;
		finder->need_ports |= kind == CHOICE_PORT;
		finder->need_names |= kind == CHOICE_ECS_CONTAINER || kind == CHOICE_ECS_FAMILY;
	}
}

int finder_new(const struct choice *choices, size_t count, struct finder **ret)
{
	struct finder *finder = calloc(1, sizeof(*finder));

	if (!finder)
		return -ENOMEM;
	finder->choices = choices;
	finder->choice_count = count;
	finder->self = getpid();
	finder->parent = getppid();
	finder->last = &finder->first;
	finder->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (finder->stop_fd < 0) {
		free(finder);
		return -errno;
	}
	finder->containers.agent.cancel_fd = finder->stop_fd;
	pthread_mutex_init(&finder->lock, NULL);
	note_needs(finder);
	*ret = finder;
	return 0;
}

void found_free(struct found *first)
{
	while (first) {
		struct found *next = first->next;

		free(first);
		first = next;
	}
}

struct found *finder_take(struct finder *finder)
{
	struct found *first;

	pthread_mutex_lock(&finder->lock);
	first = finder->first;
	finder->first = NULL;
	finder->last = &finder->first;
	finder->found_count = 0;
	pthread_mutex_unlock(&finder->lock);
	return first;
}

static void hand_over(struct finder *finder, struct found *found)
{
	pthread_mutex_lock(&finder->lock);
	if (finder->found_count < FOUND_MAX) {
		*finder->last = found;
		finder->last = &found->next;
		finder->found_count++;
		found = NULL;
	}
	pthread_mutex_unlock(&finder->lock);
	free(found);
}

/*
 * A process that was chosen, with its beginning, if all that was read of it was its own. What
 * cannot be told now is found again in the next pass.
 */
static void tell_of(struct finder *finder, const struct census_entry *entry,
		    const struct known_container *known)
{
	struct process process;
	struct found *found;

	if (process_read(entry->pid, &process) || process.kernel_thread || !census_is_still(entry))
		return;
	found = calloc(1, sizeof(*found));
	if (!found)
		return;
	found->pid = entry->pid;
	found->start_ticks = process.start_ticks;
	if (known)
		found->container = known->container;
	hand_over(finder, found);
}

static struct net *net_of(struct finder *finder, pid_t pid)
{
	char path[64];
	struct stat st;
	struct net *net;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat(path, &st))
		return NULL;
	for (net = finder->nets; net; net = net->next)
		if (net->ino == st.st_ino)
			return net;
	net = calloc(1, sizeof(*net));
	if (!net)
		return NULL;
	net->ino = st.st_ino;
	net->next = finder->nets;
	finder->nets = net;
	(void)listeners_read(pid, &net->listeners); /* nothing listens there, as far as we see */
	return net;
}

static void forget_nets(struct finder *finder)
{
	while (finder->nets) {
		struct net *net = finder->nets;

		finder->nets = net->next;
		listeners_clear(&net->listeners);
		free(net);
	}
}

static size_t ports_of(struct finder *finder, pid_t pid, uint16_t ports[PORTS_MAX])
{
	const struct net *net = finder->need_ports ? net_of(finder, pid) : NULL;
	int n = net ? listening_ports(pid, &net->listeners, ports, PORTS_MAX) : 0;

	return n > 0 ? (size_t)n : 0;
}

/* The verdict on @candidate; *ret_known is its container, NULL for none. */
static enum chosen judge(struct finder *finder, pid_t pid, struct candidate *candidate,
			 struct known_container **ret_known)
{
	struct containers *containers = &finder->containers;
	uint32_t pass = finder->census.pass;
	struct known_container *known = NULL;
	enum chosen chosen;

	if (!container_ids_parse(candidate->cgroup, &candidate->ids))
		known = containers_see(containers, &candidate->ids, pass);
	if (known && known->asked_pass)
		candidate->task = &known->container.task;
	chosen = choice_verdict(finder->choices, finder->choice_count, candidate);
	if (known && (chosen != CHOSEN_NO || known->asked_pass)) {
		containers_ask(containers, known, pid, pass);
		candidate->task = &known->container.task;
		chosen = choice_verdict(finder->choices, finder->choice_count, candidate);
	}
	*ret_known = known;
	return chosen;
}

static void look_at(struct finder *finder, struct census_entry *entry)
{
	_cleanup_free_ char *exe = NULL;
	struct known_container *known = NULL;
	char cgroup[CGROUP_TEXT_MAX];
	uint16_t ports[PORTS_MAX];
	ssize_t n = process_text(entry->pid, "cgroup", cgroup, sizeof(cgroup));
	struct candidate candidate = { .cgroup = bytes_of(cgroup, n > 0 ? (size_t)n : 0) };

	if (n < 0)
		return;
	if (finder->need_exe && !process_exe(entry->pid, &exe))
		candidate.exe = exe;
	candidate.ports = ports;
	candidate.port_count = ports_of(finder, entry->pid, ports);
	entry->mark = judge(finder, entry->pid, &candidate, &known) == CHOSEN_YES;
	if (entry->mark)
		tell_of(finder, entry, known);
}

static bool is_due(const struct finder *finder, const struct census_entry *entry)
{
	uint32_t pass = finder->census.pass;

	if (entry->pid == finder->self || entry->pid == finder->parent)
		return false;
	return entry->mark || pass - entry->since < YOUNG_PASSES ||
	       ((uint32_t)entry->pid + pass) % OLD_PERIOD == 0;
}

/* Once: names cannot be matched without the one that gives them. */
static void tell_silence(struct finder *finder)
{
	if (finder->silence_told || !finder->need_names || !finder->containers.silent_error)
		return;
	finder->silence_told = true;
	log_warn("the ECS agent of this host does not answer (%s): containers are known by name "
		 "only when it does; it is asked again and again",
		 strerror(-finder->containers.silent_error));
}

int finder_pass(struct finder *finder)
{
	int r = census_take(&finder->census);

	for (size_t i = 0; !r && i < finder->census.count; i++)
		if (is_due(finder, &finder->census.at[i]))
			look_at(finder, &finder->census.at[i]);
	containers_forget(&finder->containers, finder->census.pass);
	forget_nets(finder);
	tell_silence(finder);
	return r;
}

void finder_identify(struct finder *finder, pid_t pid, struct container *ret)
{
	struct container_ids ids;
	struct known_container *known;
	const uint32_t pass = 1; /* the first, which comes next */

	*ret = (struct container){ 0 };
	if (container_of_process(pid, &ids))
		return;
	known = containers_see(&finder->containers, &ids, pass);
	if (!known)
		return;
	containers_ask(&finder->containers, known, pid, pass);
	*ret = known->container;
}

static void *run(void *ctx)
{
	struct finder *finder = ctx;
	struct pollfd stop = { .fd = finder->stop_fd, .events = POLLIN };

	while (!poll(&stop, 1, PASS_MS))
		(void)finder_pass(finder); /* the next one may do better */
	return NULL;
}

/* Signals are for the thread that handles events. */
int finder_start(struct finder *finder)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&finder->thread, NULL, run, finder);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	finder->running = !r;
	return -r;
}

struct finder *finder_free(struct finder *finder)
{
	if (!finder)
		return NULL;
	if (finder->running) {
		(void)eventfd_write(finder->stop_fd, 1);
		pthread_join(finder->thread, NULL);
	}
	close(finder->stop_fd);
	found_free(finder->first);
	census_clear(&finder->census);
	containers_clear(&finder->containers);
	pthread_mutex_destroy(&finder->lock);
	free(finder);
	return NULL;
}
