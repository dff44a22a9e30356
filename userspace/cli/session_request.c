// SPDX-License-Identifier: Apache-2.0
/*
 * session_request.c - a finished request: its trace header, its name, and whether it becomes a
 * segment by the sampling that is opened and carried on here, too. That is decided once, for front
 * and worker together, from the head and the start alone; what is left out costs no more than this.
 */
#include "cli/environment.h"
#include "cli/session_private.h"
#include "util/log.h"
#include "xray/name_pattern.h"

#define NS_PER_S 1000000000ULL

enum exit_code session_open_sampling(struct session *session)
{
	const struct daemon_link *daemon = session->exporter.daemon;
	const char *how = session->options->sampling;

	environment_check_context_missing();
	if (!environment_is_enabled()) {
		log_warn("AWS_XRAY_SDK_ENABLED says no: nothing is sent");
		how = "none";
	}
	return sampling_open(how, daemon ? &daemon->address.tcp : NULL, &session->sampling);
}

void session_tick_sampling(struct session *session, uint64_t now_ns)
{
	const struct sampling_clock now = {
		.mono_ms = now_ns / 1000000,
		.epoch_s = (now_ns + session->exporter.realtime_offset_ns) / NS_PER_S,
	};

	if (session->exporter.daemon)
		sampling_tick(&session->sampling, daemon_link_tcp(session->exporter.daemon), now);
}

static void read_header(struct session_counters *counters, const struct request *request,
			struct trace_header *ret)
{
	struct bytes text = bytes_str(request->trace_header);

	if (trace_header_parse(text, ret) < 0)
		counters->trace_headers_malformed++;
	else if (ret->root[0])
		counters->traces_joined++;
}

/* Said once: the console would show each request twice. */
static void tell_sdk(struct session *session, const char *what)
{
	if (session->sdk_told)
		return;
	session->sdk_told = true;
	log_warn("the service %s: an X-Ray SDK in it sends segments of its own, so that requests "
		 "may appear twice%s",
		 what,
		 session->options->adopt_trace ? "; they are in one trace (--adopt-trace)"
					       : "; --adopt-trace puts them into one trace");
}

static void note_sdk(struct session *session, const struct request *request)
{
	struct trace_header header;

	if (!trace_header_names_trace(bytes_str(request->answer_trace_header), &header))
		return;
	session->counters.answers_of_sdk++;
	tell_sdk(session, "answers with X-Amzn-Trace-Id");
}

void session_look_for_sdk(struct session *session, uint64_t now_ns)
{
	if (session->sdk_told || now_ns < session->sdk_due_ns)
		return;
	session->sdk_due_ns = now_ns + NS_PER_S;
	if (attacher_counters(session->attacher)->kernel[BX_C_SDK_DOCUMENTS])
		tell_sdk(session, "sends documents to an X-Ray daemon");
}

static bool is_sampled(struct session *session, const struct request *request,
		       const struct exporter_label *label, enum trace_sampled ask,
		       struct sampling_decision *ret)
{
	char path[SAMPLING_PATH_CAP];
	const struct sampling_request asked = {
		.service = bytes_str(label->name),
		.service_type = bytes_str(exporter_origin(&session->exporter, label->service)),
		.host = bytes_str(request->host),
		.method = bytes_str(request->method),
		.path = sampling_path(bytes_str(request->target), path),
		.ask = ask,
		.start_s = (request->start_ns + session->exporter.realtime_offset_ns) / NS_PER_S,
	};

	sampler_decide(session->sampling.sampler, &asked, ret);
	return ret->sampled;
}

/* Sampled or not, and by which rule. */
static struct open_request decide(struct session *session, const struct request *request,
				  const struct exporter_label *label, enum trace_sampled ask)
{
	struct open_request ret = { 0 };
	struct sampling_decision decision;

	ret.sampled = is_sampled(session, request, label, ask, &decision);
	memcpy(ret.sampling_rule, decision.rule_name, sizeof(ret.sampling_rule));
	return ret;
}

static struct exporter_label label_of(struct session *session, const struct request *request,
				      char name[NAME_CAP])
{
	const struct service *service = session_service(session, request->tgid);

	name_pattern_apply(session->options->name_pattern, bytes_str(request->host),
			   service ? service->name.name : NULL, name);
	return (struct exporter_label){ .service = service, .name = name };
}

void session_tell_open(struct session *session)
{
	trace_tell_open(session->trace, session->options->in_progress_s * NS_PER_S);
}

void session_take_open(void *ctx, const struct request *request)
{
	struct session *session = ctx;
	struct trace_header header;
	char name[NAME_CAP];
	struct exporter_label label = label_of(session, request, name);
	struct open_request open;

	(void)trace_header_parse(bytes_str(request->trace_header), &header);
	open = decide(session, request, &label, header.sampled);
	label.sampling_rule = open.sampling_rule;
	if (open.sampled)
		exporter_send_open(&session->exporter, &label, request, &open.identity);
	if (open_requests_add(&session->open, request->number, &open) < 0)
		session->counters.out_of_memory++;
	else
		session->counters.left_out_open += !open.sampled;
}

void session_forget_open(void *ctx, uint64_t number)
{
	struct session *session = ctx;
	struct open_request open;

	(void)open_requests_take(&session->open, number, &open);
}

void session_take_request(void *ctx, const struct request *request)
{
	struct session *session = ctx;
	struct trace_header header;
	char name[NAME_CAP];
	struct exporter_label label = label_of(session, request, name);
	struct open_request open;

	session->last_request_ns = session_now_ns();
	top_view_request(session->view, request);
	read_header(&session->counters, request, &header);
	note_sdk(session, request);
	if (!open_requests_take(&session->open, request->number, &open)) {
		open = decide(session, request, &label, header.sampled);
	} else {
		label.identity = &open.identity;
		session->counters.left_out_open -= !open.sampled;
	}
	label.sampling_rule = open.sampling_rule;
	if (open.sampled)
		exporter_send(&session->exporter, &label, request);
}
