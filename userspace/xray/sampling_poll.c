// SPDX-License-Identifier: Apache-2.0
/* sampling_poll.c - see sampling_poll.h. */
#include "xray/sampling_poll.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/cleanup.h"

/* The SDKs' intervals, each with a random addition so that hosts do not ask in step. */
#define RULES_EVERY_MS	  300000
#define RULES_JITTER_MS	  5000
#define TARGETS_EVERY_MS  10000
#define TARGETS_JITTER_MS 100
#define RETRY_FIRST_MS	  10000
/* 10 s doubled so often is beyond RULES_EVERY_MS. */
#define RETRY_DOUBLINGS 5
/* A service that always names a next page must not keep us asking for ever. */
#define PAGES_MAX 100

static uint64_t jitter(const struct sampling_poll *poll, uint32_t below)
{
	uint32_t number;

	poll->random.fill(poll->random.ctx, &number, sizeof(number));
	return number % below;
}

void sampling_poll_init(struct sampling_poll *poll, const struct random_source *random)
{
	uint8_t id[SAMPLING_CLIENT_ID_LEN / 2];

	*poll = (struct sampling_poll){ .random = *random };
	random->fill(random->ctx, id, sizeof(id));
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(poll->client_id + 2 * i, 3, "%02x", id[i]);
}

static void forget_pages(struct sampling_poll *poll)
{
	sampling_rules_clear(&poll->gathered);
	free(poll->token);
	poll->token = NULL;
	poll->pages = 0;
}

void sampling_poll_clear(struct sampling_poll *poll)
{
	forget_pages(poll);
}

static int ask(struct sampling_poll *poll, enum sampling_call call, const char *path, char *body,
	       struct sampling_question *ret)
{
	if (!body)
		return -ENOMEM;
	*ret = (struct sampling_question){ path, body };
	poll->under_way = call;
	return 1;
}

static int ask_rules(struct sampling_poll *poll, struct sampling_clock now,
		     struct sampling_question *ret)
{
	if (!poll->token)
		poll->asked = now;
	return ask(poll, SAMPLING_CALL_RULES, "/GetSamplingRules",
		   sampling_rules_question(poll->token), ret);
}

static bool has_news(const struct sampling_rule *rule, uint64_t now_ms)
{
	return rule->state.counts.requests && now_ms >= rule->state.report_due_ms;
}

static size_t rules_with_news(struct sampling_rules *rules, uint64_t now_ms,
			      struct sampling_rule *ret[SAMPLING_REPORT_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < rules->count && count < SAMPLING_REPORT_MAX; i++)
		if (has_news(&rules->at[i], now_ms))
			ret[count++] = &rules->at[i];
	return count;
}

static void targets_later(struct sampling_poll *poll, struct sampling_clock now)
{
	poll->targets_due_ms = now.mono_ms + TARGETS_EVERY_MS + jitter(poll, TARGETS_JITTER_MS);
}

/* Moves the counts into the report: what is counted from here on belongs to the next one. */
static int ask_targets(struct sampling_poll *poll, struct sampling_rules *rules,
		       struct sampling_clock now, struct sampling_question *ret)
{
	struct sampling_rule *due[SAMPLING_REPORT_MAX];
	size_t count = rules_with_news(rules, now.mono_ms, due);

	if (!count) {
		targets_later(poll, now);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		due[i]->state.reported = due[i]->state.counts;
		due[i]->state.counts = (struct sampling_counts){ 0 };
	}
	poll->asked = now;
	poll->report_full = count == SAMPLING_REPORT_MAX;
	return ask(poll, SAMPLING_CALL_TARGETS, "/SamplingTargets",
		   sampling_targets_question(due, count, poll->client_id, now.epoch_s), ret);
}

static void add_counts(struct sampling_counts *to, const struct sampling_counts *from)
{
	to->requests += from->requests;
	to->sampled += from->sampled;
	to->borrowed += from->borrowed;
}

/* The report arrived, or (@lost) it did not and its counts go into the next one. */
static void settle_report(struct sampling_poll *poll, struct sampling_rules *rules, bool lost)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct sampling_rule_state *state = &rules->at[i].state;

		if (!state->reported.requests)
			continue;
		if (lost)
			add_counts(&state->counts, &state->reported);
		else
			state->report_due_ms = poll->asked.mono_ms + state->interval_s * 1000;
		state->reported = (struct sampling_counts){ 0 };
	}
}

int sampling_poll_next(struct sampling_poll *poll, struct sampling_rules *rules,
		       struct sampling_clock now, struct sampling_question *ret)
{
	int r;

	if (poll->under_way)
		return 0;
	if (poll->token || now.mono_ms >= poll->rules_due_ms)
		return ask_rules(poll, now, ret);
	if (now.mono_ms < poll->targets_due_ms)
		return 0;
	r = ask_targets(poll, rules, now, ret);
	if (r < 0)
		settle_report(poll, rules, true);
	return r;
}

static void fetch_failed(struct sampling_poll *poll, struct sampling_clock now)
{
	uint64_t wait_ms = RETRY_FIRST_MS << poll->failures;

	forget_pages(poll);
	poll->counters.rules_failed++;
	if (poll->failures < RETRY_DOUBLINGS)
		poll->failures++;
	if (wait_ms > RULES_EVERY_MS)
		wait_ms = RULES_EVERY_MS;
	poll->rules_due_ms = now.mono_ms + wait_ms + jitter(poll, RULES_JITTER_MS);
}

/* All pages are there. Without any rule in them the old ones stay in force, as in the SDK. */
static void fetch_done(struct sampling_poll *poll, struct sampling_rules *rules,
		       struct sampling_clock now)
{
	if (poll->gathered.count) {
		sampling_rules_replace(rules, &poll->gathered);
		poll->fetched_s = poll->asked.epoch_s;
		poll->counters.rules_fetched++;
	}
	forget_pages(poll);
	poll->failures = 0;
	poll->rules_due_ms = now.mono_ms + RULES_EVERY_MS + jitter(poll, RULES_JITTER_MS);
}

static void take_rules(struct sampling_poll *poll, struct sampling_rules *rules,
		       struct sampling_clock now, struct bytes body)
{
	int r;

	free(poll->token);
	poll->token = NULL;
	r = sampling_rules_read(body, &poll->gathered, &poll->token);
	if (r < 0 || (poll->token && ++poll->pages == PAGES_MAX)) {
		fetch_failed(poll, now);
		return;
	}
	poll->counters.rules_left_out += (uint64_t)r;
	if (!poll->token)
		fetch_done(poll, rules, now);
}

/*
 * A change that a fetch has answered does not bring another one, else a host whose clock is behind
 * would fetch with every report.
 */
static void note_modification(struct sampling_poll *poll, struct sampling_clock now,
			      uint64_t modification_s)
{
	if (modification_s <= poll->fetched_s || modification_s == poll->modification_s)
		return;
	poll->modification_s = modification_s;
	poll->rules_due_ms = now.mono_ms;
}

static void take_targets(struct sampling_poll *poll, struct sampling_rules *rules,
			 struct sampling_clock now, int status, struct bytes body)
{
	struct sampling_targets targets;
	bool lost = status != 200 || sampling_targets_read(body, rules, &targets) < 0;

	settle_report(poll, rules, lost);
	targets_later(poll, now);
	if (lost) {
		poll->counters.targets_failed++;
		return;
	}
	poll->counters.targets_fetched++;
	poll->counters.unprocessed += targets.unprocessed;
	if (poll->report_full)
		poll->targets_due_ms = now.mono_ms;
	note_modification(poll, now, targets.modification_s);
}

void sampling_poll_answer(struct sampling_poll *poll, struct sampling_rules *rules,
			  struct sampling_clock now, int status, struct bytes body)
{
	enum sampling_call call = poll->under_way;

	poll->under_way = SAMPLING_CALL_NONE;
	if (call == SAMPLING_CALL_TARGETS)
		take_targets(poll, rules, now, status, body);
	else if (call == SAMPLING_CALL_RULES && status == 200)
		take_rules(poll, rules, now, body);
	else if (call == SAMPLING_CALL_RULES)
		fetch_failed(poll, now);
}
