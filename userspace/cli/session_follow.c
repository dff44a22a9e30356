// SPDX-License-Identifier: Apache-2.0
/*
 * session_follow.c - see session.h: which processes are followed, and as which service, as the
 * attacher tells it (attach_follow.c).
 */
#include "cli/session_private.h"
#include "util/cleanup.h"
#include "util/log.h"

/* The tree whose members are being told. */
struct tree {
	struct service *service; /* NULL: it has ended already, or there is no memory */
	bool first;		 /* the service is a new one */
};

static struct tree begin_tree(struct services *services, const struct attach_news *news)
{
	struct tree tree = { 0 };

	if (services_add_root(services, news->pid, &news->container, &tree.service) < 0)
		return (struct tree){ 0 };
	tree.first = !tree.service->members;
	return tree;
}

/* Only the attacher may open files of other users' processes. */
static void read_hosts(struct session *session, struct service *service, uint64_t now_ns)
{
	_cleanup_close_ int fd = attacher_hosts(session->attacher, service->root);

	hosts_file_read(&service->hosts, fd, service->root, session->trace, now_ns);
}

static void end_tree(struct session *session, const struct tree *tree)
{
	session->followed_ns = session_now_ns();
	if (!tree->service || !tree->first)
		return;
	read_hosts(session, tree->service, session->followed_ns);
	services_tell(tree->service);
}

static void note_end(struct services *services, pid_t pid)
{
	const struct bx_process ended = { .what = BX_PROCESS_EXIT,
					  .tgid = (__u32)pid,
					  .at_ns = session_now_ns() };

	services_process(services, &ended);
}

static void take_news(struct session *session, const struct attach_news *news, struct tree *tree)
{
	struct services *services = &session->services;

	switch (news->kind) {
	case ATTACH_NEWS_ROOT:
		*tree = begin_tree(services, news);
		break;
	case ATTACH_NEWS_MEMBER:
		/* no memory: it is found by the kernel's note of its root */
		if (tree->service)
			(void)services_add(services, news->pid, tree->service);
		break;
	case ATTACH_NEWS_ENDED:
		note_end(services, news->pid);
		break;
	case ATTACH_NEWS_FOLLOWED:
		end_tree(session, tree);
		break;
	case ATTACH_NEWS_LEARNT:
		services_learn(services, news->pid, &news->container);
		break;
	}
}

void session_take_news(struct session *session)
{
	struct attach_news news;
	struct tree tree = { 0 };

	while (attacher_news(session->attacher, &news))
		take_news(session, &news, &tree);
}

enum exit_code session_follow_targets(struct session *session)
{
	enum exit_code code = attacher_follow(session->attacher);

	session_take_news(session);
	if (code != EXIT_OK || !session->options->pid_count || session->services.first)
		return code;
	log_error("process %d ended while it was being attached to", session->options->pids[0]);
	return EXIT_NO_PROCESS;
}

uint32_t session_tree(void *ctx, uint32_t tgid)
{
	const struct service *service = session_service(ctx, (pid_t)tgid);

	return service ? (uint32_t)service->root : 0;
}

void session_tick_hosts(struct session *session, uint64_t now_ns)
{
	for (struct service *at = session->services.first; at; at = at->next)
		if (hosts_file_is_due(&at->hosts, now_ns))
			read_hosts(session, at, now_ns);
}

/* A fork whose record was lost is still in the kernel's list, with its root. */
const struct service *session_service(struct session *session, pid_t tgid)
{
	const struct service *service = services_of(&session->services, tgid);
	pid_t root = service ? 0 : attacher_root(session->attacher, tgid);

	if (root)
		service = services_of(&session->services, root);
	return service ?: session->services.first;
}
