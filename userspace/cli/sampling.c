// SPDX-License-Identifier: Apache-2.0
/* sampling.c - see sampling.h. */
#include "cli/sampling.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/random.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "util/read_file.h"

static enum exit_code read_rules(const char *path, struct sampling_local **ret)
{
	_cleanup_free_ char *text = NULL;
	char error[SAMPLING_ERROR_CAP];
	ssize_t len = read_file(path, SAMPLING_FILE_MAX, &text);
	int r;

	if (len < 0) {
		log_error("sampling rules in %s: %s (known besides a file: auto, all, none)", path,
			  strerror((int)-len));
		return EXIT_USAGE;
	}
	r = sampling_local_parse(bytes_of(text, (size_t)len), ret, error);
	if (r == -EINVAL)
		log_error("sampling rules in %s: %s", path, error);
	return r == -EINVAL ? EXIT_USAGE : r < 0 ? EXIT_INTERNAL : EXIT_OK;
}

/* The mode that @how is; a file's rules into @ret_local. */
static enum exit_code mode_of(const char *how, enum sampler_mode *ret,
			      struct sampling_local **ret_local)
{
	static const struct {
		const char *word;
		enum sampler_mode mode;
	} words[] = { { "auto", SAMPLER_AUTO }, { "all", SAMPLER_ALL }, { "none", SAMPLER_NONE } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(how, words[i].word))
			continue;
		*ret = words[i].mode;
		return EXIT_OK;
	}
	*ret = SAMPLER_LOCAL;
	return read_rules(how, ret_local);
}

enum exit_code sampling_open(const char *how, const struct host_port *daemon, struct sampling *ret)
{
	const struct random_source random = { random_pool_fill, &ret->random };
	struct sampling_local *local = NULL;
	enum exit_code code;

	*ret = (struct sampling){ 0 };
	code = mode_of(how, &ret->mode, &local);
	if (code != EXIT_OK)
		return code;
	if (sampler_new(ret->mode, local, &random, &ret->sampler) < 0)
		return EXIT_INTERNAL;
	if (ret->mode == SAMPLER_AUTO && daemon && http_client_new(daemon, &ret->client) < 0)
		return EXIT_INTERNAL;
	return EXIT_OK;
}

void sampling_close(struct sampling *sampling)
{
	sampling->client = http_client_free(sampling->client);
	sampling->sampler = sampler_free(sampling->sampler);
}

void sampling_reload(struct sampling *sampling, const struct host_port *daemon)
{
	if (sampling->client)
		http_client_rename(sampling->client, daemon);
}

void sampling_tell(const struct sampling *sampling)
{
	if (sampling->mode == SAMPLER_AUTO)
		log_info("sampling: %sone request a second and 5 %% of the others "
			 "(--sampling all: every request)",
			 sampling->client
				 ? "by the rules of the daemon's account; until they are known "
				 : "");
	if (sampling->mode == SAMPLER_NONE)
		log_info("sampling: no request becomes a segment");
}

static void ask(struct sampling *sampling, const struct endpoint_set *daemons,
		struct sampling_clock now)
{
	struct http_question asked = { .method = "POST",
				       .fields = "Content-Type: application/json\r\n" };
	struct sampling_question question;
	int r;

	/* nothing is due to be asked of a daemon whose address is not known yet */
	if (!daemons->count || sampler_next(sampling->sampler, now, &question) != 1)
		return;
	asked.path = question.path;
	asked.body = question.body;
	r = http_client_ask(sampling->client, daemons, &asked, now.mono_ms);
	if (r < 0)
		sampler_answer(sampling->sampler, now, 0, BYTES_NONE);
	else
		sampling->asking = true;
	free(question.body);
}

/* Once for each time that the daemon stops answering. */
static void tell_outcome(struct sampling *sampling, int r, int status)
{
	bool ok = r > 0 && status == 200;
	char what[64];

	if (!ok && !sampling->failure_told) {
		snprintf(what, sizeof(what), "status %d", status);
		log_warn("the daemon does not answer for sampling (%s); local rules apply until it "
			 "does",
			 r < 0 ? strerror(-r) : what);
	}
	if (ok && sampling->failure_told)
		log_info("the daemon answers for sampling again");
	sampling->failure_told = !ok;
}

void sampling_tick(struct sampling *sampling, const struct endpoint_set *daemons,
		   struct sampling_clock now)
{
	struct http_reply reply = { 0 };
	int r;

	if (!sampling->client)
		return;
	if (!sampling->asking) {
		ask(sampling, daemons, now);
		return;
	}
	r = http_client_step(sampling->client, now.mono_ms, &reply);
	if (!r)
		return;
	sampling->asking = false;
	sampler_answer(sampling->sampler, now, r > 0 ? reply.status : 0, reply.body);
	tell_outcome(sampling, r, reply.status);
}
