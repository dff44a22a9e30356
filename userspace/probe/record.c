/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - see record.h. */
#include "probe/record.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool turn_is_sane(const struct bx_turn *turn, bool brief)
{
	uint32_t calls_cap = brief ? BX_BRIEF_CALLS_CAP : BX_CALLS_CAP;

	if (brief && turn->hands > BX_BRIEF_HANDS_CAP)
		return false;
	return turn->calls_kept <= calls_cap && turn->calls_kept <= turn->calls &&
	       turn->text_len <= turn->kept;
}

static int exchange_check(const struct bx_exchange *ex, size_t len, struct record_view *ret)
{
	if (len < sizeof(*ex) || ex->brief > 1 || ex->text_len > BX_TEXT_CAP ||
	    len < sizeof(*ex) + bx_logs_len(ex) + ex->text_len)
		return -EBADMSG;
	if (!turn_is_sane(&ex->turn[0], ex->brief) || !turn_is_sane(&ex->turn[1], ex->brief))
		return -EBADMSG;
	if (!(ex->flags & BX_EX_SAME) &&
	    (uint64_t)ex->turn[0].text_len + ex->turn[1].text_len != ex->text_len)
		return -EBADMSG;
	if (ex->role > BX_ROLE_CLIENT || ex->protocol > BX_PROTO_OTHER || !ex->conn)
		return -EBADMSG;
	ret->exchange = ex;
	return 0;
}

static int fragment_check(const struct bx_fragment *fragment, size_t len, struct record_view *ret)
{
	if (len < sizeof(*fragment) || fragment->data_len > BX_FRAGMENT_CAP ||
	    len < sizeof(*fragment) + fragment->data_len || fragment->turn > 1)
		return -EBADMSG;
	ret->fragment = fragment;
	return 0;
}

static int process_check(const struct bx_process *process, size_t len, struct record_view *ret)
{
	if (len < sizeof(*process) || process->what < BX_PROCESS_FORK ||
	    process->what > BX_PROCESS_EXIT)
		return -EBADMSG;
	ret->process = process;
	return 0;
}

static bool is_text(const char *field, size_t cap)
{
	return memchr(field, 0, cap) != NULL;
}

static int call_check(const struct bx_client_call *call, size_t len, struct record_view *ret)
{
	if (len < sizeof(*call) || call->text_len > len - sizeof(*call) ||
	    call->text_len > call->text_total || call->kind < BX_CALL_QUERY ||
	    call->kind > BX_CALL_CONNECT || call->end_ns < call->start_ns)
		return -EBADMSG;
	if (!is_text(call->sqlstate, sizeof(call->sqlstate)) ||
	    !is_text(call->host, sizeof(call->host)) || !is_text(call->user, sizeof(call->user)) ||
	    !is_text(call->database, sizeof(call->database)) ||
	    !is_text(call->server_version, sizeof(call->server_version)) ||
	    !is_text(call->unix_socket, sizeof(call->unix_socket)))
		return -EBADMSG;
	ret->call = call;
	return 0;
}

static int dns_check(const struct bx_dns *dns, size_t len, struct record_view *ret)
{
	if (len < sizeof(*dns) || dns->data_len > BX_DNS_CAP || len < sizeof(*dns) + dns->data_len)
		return -EBADMSG;
	ret->dns = dns;
	return 0;
}

static int dialled_check(const struct bx_dialled *dialled, size_t len, struct record_view *ret)
{
	if (len < sizeof(*dialled) || !dialled->conn ||
	    !is_text(dialled->host, sizeof(dialled->host)))
		return -EBADMSG;
	ret->dialled = dialled;
	return 0;
}

int record_check(const void *data, size_t len, struct record_view *ret)
{
	const struct bx_record *record = data;

	*ret = (struct record_view){ 0 };
	if (len < sizeof(*record))
		return -EBADMSG;
	switch (record->type) {
	case BX_RECORD_EXCHANGE:
		return exchange_check(data, len, ret);
	case BX_RECORD_FRAGMENT:
		return fragment_check(data, len, ret);
	case BX_RECORD_PROCESS:
		return process_check(data, len, ret);
	case BX_RECORD_CLIENT_CALL:
		return call_check(data, len, ret);
	case BX_RECORD_DNS:
		return dns_check(data, len, ret);
	case BX_RECORD_DIALLED:
		return dialled_check(data, len, ret);
	default:
		return -EBADMSG;
	}
}
