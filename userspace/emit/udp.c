// SPDX-License-Identifier: Apache-2.0
/* udp.c - see udp.h: the queue's way to the daemons. */
#include "emit/udp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "emit/document.h"
#include "emit/udp_private.h"
#include "util/cleanup.h"

/* How often the end looks again. */
#define FINISH_TICK_MS 10

struct udp_sender {
	struct queue queue;
	struct udp_daemon daemons[ENDPOINTS_MAX];
	size_t daemon_count;
	uint64_t now_ns;
	bool refusal; /* not asked for yet */
	struct udp_counters counters;
};

int udp_sender_new(struct queue_limits limits, struct udp_sender **ret)
{
	struct udp_sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return -ENOMEM;
	queue_init(&sender->queue, limits);
	*ret = sender;
	return 0;
}

struct udp_sender *udp_sender_free(struct udp_sender *sender)
{
	if (!sender)
		return NULL;
	for (size_t i = 0; i < sender->daemon_count; i++)
		udp_daemon_close(&sender->daemons[i]);
	queue_clear(&sender->queue);
	free(sender);
	return NULL;
}

/* Takes the daemon for @endpoint over from @old, or opens one. */
static void take_over(struct udp_sender *sender, struct udp_daemon *old, size_t old_count,
		      const struct endpoint *endpoint)
{
	struct udp_daemon *daemon = &sender->daemons[sender->daemon_count++];

	for (size_t i = 0; i < old_count; i++) {
		if (old[i].fd >= 0 && endpoint_equal(&old[i].endpoint, endpoint)) {
			*daemon = old[i];
			old[i].fd = -1;
			return;
		}
	}
	udp_daemon_open(daemon, endpoint, sender->now_ns);
}

void udp_sender_set_endpoints(struct udp_sender *sender, const struct endpoint_set *set)
{
	struct udp_daemon old[ENDPOINTS_MAX];
	size_t old_count = sender->daemon_count;

	memcpy(old, sender->daemons, sizeof(old));
	sender->daemon_count = 0;
	for (size_t i = 0; i < set->count; i++)
		take_over(sender, old, old_count, &set->at[i]);
	for (size_t i = 0; i < old_count; i++)
		udp_daemon_close(&old[i]);
}

void udp_sender_set_limits(struct udp_sender *sender, struct queue_limits limits)
{
	sender->queue.limits = limits;
}

static void refused(struct udp_sender *sender, struct udp_daemon *daemon, int error)
{
	sender->counters.refused++;
	sender->refusal = true;
	udp_daemon_down(daemon, error, sender->now_ns);
}

static void pop_as(struct udp_sender *sender, uint64_t *counter)
{
	queue_pop(&sender->queue);
	++*counter;
}

/* The document that @daemon was tried with has arrived, as far as can be told. */
static void probe_passed(struct udp_sender *sender, struct udp_daemon *daemon)
{
	struct queued *first = queue_first(&sender->queue);

	daemon->state = DAEMON_UP;
	/* else a full queue has dropped it meanwhile, and counted it */
	if (first && first->serial == daemon->probe_serial)
		pop_as(sender, &sender->counters.sent);
}

/* What answers have come, and which tries have passed. */
static void take_verdicts(struct udp_sender *sender)
{
	for (size_t i = 0; i < sender->daemon_count; i++) {
		struct udp_daemon *daemon = &sender->daemons[i];
		int error = udp_daemon_take_error(daemon);

		if (error)
			refused(sender, daemon, error);
		else if (daemon->state == DAEMON_PROBED && sender->now_ns >= daemon->retry_ns)
			probe_passed(sender, daemon);
	}
}

static bool probing(const struct udp_sender *sender)
{
	for (size_t i = 0; i < sender->daemon_count; i++)
		if (sender->daemons[i].state == DAEMON_PROBED)
			return true;
	return false;
}

/* splitmix64's finalizer: every bit of both hashes counts. */
static uint64_t score(uint64_t trace, uint64_t daemon)
{
	uint64_t x = trace ^ daemon;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static bool usable(struct udp_sender *sender, struct udp_daemon *daemon)
{
	return daemon->state == DAEMON_UP || udp_daemon_may_probe(daemon, sender->now_ns);
}

/* The daemon for documents of @trace, or NULL when none can be used now. */
static struct udp_daemon *choose(struct udp_sender *sender, uint64_t trace)
{
	struct udp_daemon *best = NULL;
	uint64_t best_score = 0;

	for (size_t i = 0; i < sender->daemon_count; i++) {
		struct udp_daemon *daemon = &sender->daemons[i];
		uint64_t its = score(trace, daemon->hash);

		if ((!best || its > best_score) && usable(sender, daemon)) {
			best = daemon;
			best_score = its;
		}
	}
	return best;
}

/* The documents at the queue's head that go to @daemon, up to a batch. */
static unsigned int batch_len(struct udp_sender *sender, const struct udp_daemon *daemon)
{
	const struct queued *document = queue_first(&sender->queue);
	unsigned int n = 0;

	if (daemon->state != DAEMON_UP)
		return 1;
	while (document && n < UDP_BATCH && choose(sender, document->trace) == daemon) {
		document = queue_next(document);
		n++;
	}
	return n;
}

static void sent(struct udp_sender *sender, struct udp_daemon *daemon, int count)
{
	if (daemon->state == DAEMON_UP) {
		while (count--)
			pop_as(sender, &sender->counters.sent);
		return;
	}
	udp_daemon_probed(daemon, queue_first(&sender->queue)->serial, sender->now_ns);
}

/* What became of a batch to @daemon. False when nothing more can be sent for now. */
static bool take_result(struct udp_sender *sender, struct udp_daemon *daemon, int r)
{
	int error;

	if (r > 0)
		sent(sender, daemon, r);
	else if (r == -EMSGSIZE)
		pop_as(sender, &sender->counters.too_large);
	else if (r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM)
		return false; /* the buffers are full: at the next tick */
	error = udp_daemon_take_error(daemon);
	if (error || (r < 0 && r != -EMSGSIZE))
		refused(sender, daemon, error);
	return true;
}

/* Sends one batch. False when nothing more can be sent for now. */
static bool send_batch(struct udp_sender *sender)
{
	struct queued *first = queue_first(&sender->queue);
	struct udp_daemon *daemon;

	/* the head of the queue is out on trial */
	if (!first || probing(sender))
		return false;
	daemon = choose(sender, first->trace);
	if (!daemon)
		return false;
	return take_result(sender, daemon,
			   udp_daemon_send(daemon, first, batch_len(sender, daemon)));
}

static void pump(struct udp_sender *sender)
{
	take_verdicts(sender);
	while (send_batch(sender))
		;
}

/* Without a system call, so that documents are pushed out at no cost while nobody is there. */
static bool may_send(const struct udp_sender *sender)
{
	for (size_t i = 0; i < sender->daemon_count; i++)
		if (sender->daemons[i].state == DAEMON_UP)
			return !probing(sender);
	return false;
}

void udp_sender_send(struct udp_sender *sender, const char *json, size_t len)
{
	if (len > DOCUMENT_MAX) {
		sender->counters.too_large++;
		return;
	}
	/* a small queue is full before a batch is together */
	if (!queue_fits(&sender->queue, len) && may_send(sender))
		pump(sender);
	(void)queue_push(&sender->queue, document_trace(json, len), json, len); /* counted there */
	if (sender->queue.count % UDP_BATCH == 0)
		pump(sender);
}

void udp_sender_tick(struct udp_sender *sender, uint64_t now_ns)
{
	sender->now_ns = now_ns;
	pump(sender);
}

/* Waits a moment; less when a socket has room before. */
static void wait_a_moment(struct udp_sender *sender)
{
	struct pollfd fds[ENDPOINTS_MAX];
	size_t count = 0;
	struct timespec now;

	for (size_t i = 0; !probing(sender) && i < sender->daemon_count; i++)
		if (sender->daemons[i].state == DAEMON_UP)
			fds[count++] = (struct pollfd){ sender->daemons[i].fd, POLLOUT, 0 };
	(void)poll(fds, count, FINISH_TICK_MS);
	clock_gettime(CLOCK_MONOTONIC, &now);
	sender->now_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static bool all_down(const struct udp_sender *sender)
{
	for (size_t i = 0; i < sender->daemon_count; i++)
		if (sender->daemons[i].state != DAEMON_DOWN)
			return false;
	return true;
}

void udp_sender_finish(struct udp_sender *sender, unsigned int patience_ms)
{
	uint64_t deadline_ns;

	wait_a_moment(sender);
	deadline_ns = sender->now_ns + patience_ms * 1000000ULL;
	/* each that is down gets a last chance */
	for (size_t i = 0; i < sender->daemon_count; i++)
		if (sender->daemons[i].state == DAEMON_DOWN)
			sender->daemons[i].retry_ns = 0;
	pump(sender);
	while (queue_first(&sender->queue) && !all_down(sender) && sender->now_ns < deadline_ns) {
		wait_a_moment(sender);
		pump(sender);
	}
	while (queue_first(&sender->queue))
		pop_as(sender, &sender->counters.dropped_unsent);
}

bool udp_sender_take_refusal(struct udp_sender *sender)
{
	bool ret = sender->refusal;

	sender->refusal = false;
	return ret;
}

size_t udp_sender_queued(const struct udp_sender *sender)
{
	return sender->queue.count;
}

const struct udp_counters *udp_sender_counters(struct udp_sender *sender)
{
	sender->counters.dropped_full = sender->queue.dropped_documents;
	return &sender->counters;
}
