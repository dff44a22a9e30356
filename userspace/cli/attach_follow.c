// SPDX-License-Identifier: Apache-2.0
/* attach_follow.c - see attach_follow.h. */
#include "cli/attach_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/process.h"
#include "util/cleanup.h"
#include "util/log.h"

struct news {
	struct news *next;
	struct attach_news news;
};

/* News that there is no memory for: the kernel's note of the root tells whose a process is. */
static void add_news(struct follower *follower, enum attach_news_kind kind, pid_t pid,
		     const struct container *container)
{
	struct news *news = calloc(1, sizeof(*news));

	if (!news)
		return;
	news->news.kind = kind;
	news->news.pid = pid;
	if (container)
		news->news.container = *container;
	if (!follower->first)
		follower->last = &follower->first;
	*follower->last = news;
	follower->last = &news->next;
	follower->news_count++;
}

int follower_take_news(struct follower *follower, struct attach_news *ret)
{
	struct news *first = follower->first;

	if (!first)
		return -ENOENT;
	*ret = first->news;
	follower->first = first->next;
	follower->news_count--;
	free(first);
	return 0;
}

static int follow_one(struct follower *follower, pid_t pid, pid_t root)
{
	int err = kernel_add_target(follower->kernel, pid, root);

	if (err)
		return err;
	libraries_scan(follower->libraries, pid);
	add_news(follower, ATTACH_NEWS_MEMBER, pid, NULL);
	return 0;
}

/* Of what was listed, some may have ended before its threads were marked: no hook tells of them. */
static void drop_ended(struct follower *follower, const struct pid_set *set)
{
	struct process process;

	for (size_t i = 0; i < set->count; i++) {
		if (process_read(set->at[i], &process) != -ESRCH)
			continue;
		kernel_drop_target(follower->kernel, set->at[i]);
		add_news(follower, ATTACH_NEWS_ENDED, set->at[i], NULL);
	}
}

/*
 * Lists @root's tree until a pass finds nothing new: the fork hook is there already, so nothing
 * born now is missed.
 */
static int follow_tree(struct follower *follower, pid_t root)
{
	struct pid_set set = { 0 };
	int grown, err = pid_set_add(&set, root);
	size_t done = 0;

	do {
		grown = err < 0 ? err : process_tree_grow(&set);
		for (; err >= 0 && done < set.count; done++)
			err = follow_one(follower, set.at[done], root);
		if (err >= 0)
			err = kernel_mark(follower->kernel);
	} while (grown > 0 && err >= 0);
	drop_ended(follower, &set);
	pid_set_clear(&set);
	return grown < 0 ? grown : err;
}

/* The agent may know a container only after it was found: said once for each root. */
static bool is_news(const struct follower *follower, pid_t root, const struct container *container)
{
	return container->ecs && !table_find(&follower->told, table_key(root));
}

/* Without memory it is said again. */
static void note_told(struct follower *follower, pid_t root)
{
	(void)table_insert(&follower->told, table_key(root), follower);
}

static int follow_root(struct follower *follower, pid_t pid, const struct container *container)
{
	int err;

	/* the number may have been another's */
	(void)table_remove(&follower->told, table_key(pid));
	if (container->ecs)
		note_told(follower, pid);
	add_news(follower, ATTACH_NEWS_ROOT, pid, container);
	err = follow_tree(follower, pid);
	add_news(follower, ATTACH_NEWS_FOLLOWED, pid, NULL);
	if (err < 0)
		return err;
	return kernel_is_target(follower->kernel, pid) ? 0 : -ESRCH;
}

static enum exit_code follow_pid(struct follower *follower, pid_t pid,
				 const struct container *container)
{
	int err = follow_root(follower, pid, container);

	if (!err)
		return EXIT_OK;
	if (err == -ESRCH) {
		log_error("process %d ended while it was being attached to", pid);
		return EXIT_NO_PROCESS;
	}
	log_error("process %d cannot be followed: %s", pid, strerror(-err));
	return EXIT_ATTACH;
}

/* Another tracer that is being replaced goes in a moment; the finder comes back to this process. */
static bool has_rival(struct follower *follower, pid_t pid)
{
	int rival = kernel_rival(pid);

	if (rival <= 0)
		return false;
	if (rival != follower->rival)
		log_warn("process %d is traced already by bpfxray with PID %d: waiting for that "
			 "one to end",
			 pid, rival);
	follower->rival = rival;
	return true;
}

/* It may have ended since the finder saw it, and another process may have its number. */
static bool is_still(const struct found *found)
{
	struct process process;

	return !process_read(found->pid, &process) && process.start_ticks == found->start_ticks;
}

/* Of one that is followed already. */
static void learn(struct follower *follower, pid_t root, const struct found *found)
{
	if (!is_news(follower, root, &found->container) || !is_still(found))
		return;
	note_told(follower, root);
	add_news(follower, ATTACH_NEWS_LEARNT, found->pid, &found->container);
}

static void follow_found(struct follower *follower, const struct found *found)
{
	pid_t root = kernel_target_root(follower->kernel, found->pid);
	int err;

	if (root) {
		learn(follower, root, found);
		return;
	}
	if (!is_still(found) || has_rival(follower, found->pid))
		return;
	err = follow_root(follower, found->pid, &found->container);
	if (err < 0 && err != -ESRCH)
		log_warn("process %d cannot be followed: %s", found->pid, strerror(-err));
}

void follower_tick(struct follower *follower)
{
	struct found *first = follower->finder ? finder_take(follower->finder) : NULL;

	for (struct found *found = first; found; found = found->next)
		follow_found(follower, found);
	found_free(first);
}

static enum exit_code cannot_look(int err)
{
	log_error("cannot look for processes: %s", strerror(-err));
	return EXIT_INTERNAL;
}

/* Each --pid, as which container it was told to be. */
static enum exit_code follow_pids(struct follower *follower, const struct container *containers)
{
	const struct options *options = follower->options;
	enum exit_code code = EXIT_OK;

	for (size_t i = 0; code == EXIT_OK && i < options->pid_count; i++)
		code = follow_pid(follower, options->pids[i], &containers[i]);
	return code;
}

/* Once the first pass is taken: what runs already is followed when `ready` is said. */
static enum exit_code start_finder(struct follower *follower)
{
	int err;

	follower_tick(follower);
	err = finder_start(follower->finder);
	return err < 0 ? cannot_look(err) : EXIT_OK;
}

/* All that waits for the ECS agent goes first: nobody drains the ring meanwhile. */
enum exit_code follower_start(struct follower *follower)
{
	const struct options *options = follower->options;
	_cleanup_free_ struct container *containers =
		calloc(options->pid_count + 1, sizeof(*containers));
	enum exit_code code;
	int err = 0;

	if (!containers ||
	    finder_new(options->choices, options->choice_count, &follower->finder) < 0)
		return EXIT_INTERNAL;
	for (size_t i = 0; i < options->pid_count; i++)
		finder_identify(follower->finder, options->pids[i], &containers[i]);
	if (options->choice_count)
		err = finder_pass(follower->finder);
	if (err < 0)
		return cannot_look(err);
	code = follow_pids(follower, containers);
	return code == EXIT_OK && options->choice_count ? start_finder(follower) : code;
}

void follower_stop(struct follower *follower)
{
	struct attach_news news;

	follower->finder = finder_free(follower->finder);
	while (!follower_take_news(follower, &news))
		;
	table_clear(&follower->told);
}
