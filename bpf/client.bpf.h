/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * client.bpf.h - a call of a MySQL client library that no exchange tells of: what is read of it,
 * and its way into the ring.
 *
 * Most are told when their function returns. Where no return is probed (BX_CLIENT_OPEN), the record
 * of a statement that cannot be read on the socket is made when its first bytes are sent, while its
 * text is there, and waits in kept_calls until the library is next called for the same connection.
 *
 * Read are the arguments and, of the library's structures, the fields below; the passwords in them
 * never.
 */
#ifndef BPFXRAY_CLIENT_BPF_H
#define BPFXRAY_CLIENT_BPF_H

#include "exchange.bpf.h"

/*
 * Offsets in MYSQL and MYSQL_STMT, which no version of a family has changed since 8.0 and 3.3
 * (read from their debug information). The agent attaches the programs of a family only where the
 * library's own accessors confirm two of them.
 */
struct client_layout {
	__u32 host, user, unix_socket, server_version, db, port;
	__u32 last_errno, sqlstate;
	__u32 stmt_mysql, stmt_errno, stmt_sqlstate;
};

/* By BX_CLIENT_MYSQL and _MARIADB; that of a library that is neither has no offsets. */
static const struct client_layout client_layouts[4] = {
	[BX_CLIENT_MYSQL] = {
		.host = 672,
		.user = 680,
		.unix_socket = 696,
		.server_version = 704,
		.db = 728,
		.port = 800,
		.last_errno = 132,
		.sqlstate = 649,
		.stmt_mysql = 32,
		.stmt_errno = 156,
		.stmt_sqlstate = 684,
	},
	[BX_CLIENT_MARIADB] = {
		.host = 688,
		.user = 696,
		.unix_socket = 712,
		.server_version = 720,
		.db = 744,
		.port = 864,
		.last_errno = 144,
		.sqlstate = 663,
		.stmt_mysql = 56,
		.stmt_errno = 264,
		.stmt_sqlstate = 781,
	},
};

static __always_inline const struct client_layout *client__layout(__u32 cookie)
{
	return &client_layouts[cookie & (BX_CLIENT_MYSQL | BX_CLIENT_MARIADB)];
}

static __always_inline bool layout__is_known(const struct client_layout *layout)
{
	return layout->last_errno;
}

static __always_inline bool client__is_stmt(__u32 kind)
{
	return kind == BX_CALL_PREPARE || kind == BX_CALL_EXECUTE;
}

static __always_inline void client__copy(char *to, __u32 cap, __u64 at)
{
	if (at)
		bpf_probe_read_user_str(to, cap, (void *)at);
}

static __always_inline void client__string(char *to, __u32 cap, __u64 mysql, __u32 offset)
{
	__u64 at = 0;

	if (!bpf_probe_read_user(&at, sizeof(at), (void *)(mysql + offset)))
		client__copy(to, cap, at);
}

/* What the library knows of the connection; its passwords lie between these fields. */
static __always_inline void client__peer(struct bx_client_call *call, __u64 mysql,
					 const struct client_layout *layout)
{
	client__string(call->host, sizeof(call->host), mysql, layout->host);
	client__string(call->user, sizeof(call->user), mysql, layout->user);
	client__string(call->database, sizeof(call->database), mysql, layout->db);
	client__string(call->server_version, sizeof(call->server_version), mysql,
		       layout->server_version);
	client__string(call->unix_socket, sizeof(call->unix_socket), mysql, layout->unix_socket);
	bpf_probe_read_user(&call->port, sizeof(call->port), (void *)(mysql + layout->port));
}

/* What the caller asked for: the structure's own fields are not set before it is connected. */
static __always_inline void client__asked(struct bx_client_call *call, const struct client_call *in)
{
	client__copy(call->host, sizeof(call->host), in->host);
	client__copy(call->user, sizeof(call->user), in->user);
	client__copy(call->database, sizeof(call->database), in->database);
	client__copy(call->unix_socket, sizeof(call->unix_socket), in->unix_socket);
	call->port = in->port;
}

/* The library's error code for its last call; 0: it did not fail, or that is not known. */
static __always_inline __u32 client__errno(__u64 object, __u32 kind,
					   const struct client_layout *layout)
{
	__u32 error = 0;

	if (layout__is_known(layout))
		bpf_probe_read_user(
			&error, sizeof(error),
			(void *)(object + (client__is_stmt(kind) ? layout->stmt_errno
								 : layout->last_errno)));
	return error;
}

static __always_inline void client__outcome(struct bx_client_call *call, __u64 object,
					    const struct client_layout *layout)
{
	bool stmt = client__is_stmt(call->kind);
	__u32 state_at = stmt ? layout->stmt_sqlstate : layout->sqlstate;
	__u64 mysql = object;

	if (call->failed) {
		call->error = client__errno(object, call->kind, layout);
		bpf_probe_read_user(call->sqlstate, sizeof(call->sqlstate) - 1,
				    (void *)(object + state_at));
	}
	if (call->kind == BX_CALL_CONNECT)
		return;
	if (stmt &&
	    bpf_probe_read_user(&mysql, sizeof(mysql), (void *)(object + layout->stmt_mysql)))
		return;
	client__peer(call, mysql, layout);
}

/* The request that the thread serves waits for one child more. */
static __always_inline void client__own(struct bx_client_call *call, struct thread *thread)
{
	struct open_exchange *owner;

	if (thread->flags & THREAD_MULTIPLEX) {
		call->multiplex = 1;
		return;
	}
	owner = thread__serving(thread);
	if (!owner)
		return;
	call->owner_conn = thread->request_conn;
	call->owner_seq = thread->request_seq;
	__sync_fetch_and_add(&owner->wire.children, 1);
}

static __always_inline void client__text(struct client_call_record *record,
					 const struct client_call *in)
{
	__u32 len = bound__at_most(in->text_len, BX_READ_CAP);

	if (bpf_probe_read_user(record->text, len, (void *)in->text)) {
		counter__add(BX_C_FAULTS, 1);
		return;
	}
	record->call.text_len = len;
	record->call.text_total = in->text_len;
}

static __always_inline void client__fill(struct client_call_record *record, struct thread *thread)
{
	const struct client_call *in = &thread->client;
	struct task_struct *task = task__current();

	record->call.record.type = BX_RECORD_CLIENT_CALL;
	record->call.record.len = sizeof(*record);
	record->call.start_ns = in->started_ns;
	record->call.end_ns = bpf_ktime_get_ns();
	record->call.tgid = task__tgid(task);
	record->call.tid = task__tid(task);
	record->call.kind = in->kind;
	client__own(&record->call, thread);
	if (in->kind == BX_CALL_CONNECT)
		client__asked(&record->call, in);
	else
		client__text(record, in);
}

/* The thread's call is over. */
VERIFIED_ALONE int client__tell(thread_ref ref, __u32 failed)
{
	struct thread *thread = thread__at(ref);
	const struct client_layout *layout;
	struct client_call_record *record;

	if (!thread)
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		counter__add(BX_C_LOST_RING, 1);
		return 0;
	}
	__builtin_memset(&record->call, 0, sizeof(record->call));
	client__fill(record, thread);
	record->call.failed = failed != 0;
	layout = client__layout(thread->client.cookie);
	if (layout__is_known(layout))
		client__outcome(&record->call, thread->client.object, layout);
	bpf_ringbuf_submit(record, ring__wake());
	counter__add(BX_C_CLIENT_CALLS, 1);
	return 0;
}

/* Whose connection it is that the library makes: the agent names the database after it. */
VERIFIED_ALONE int client__dialled(thread_ref ref)
{
	struct thread *thread = thread__at(ref);
	struct bx_dialled *record;

	if (!thread || !thread->client.conn || !thread->client.host)
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		counter__add(BX_C_LOST_NAMES, 1);
		return 0;
	}
	record->record.type = BX_RECORD_DIALLED;
	record->record.len = sizeof(*record);
	record->conn = thread->client.conn;
	record->host[0] = 0;
	client__copy(record->host, sizeof(record->host), thread->client.host);
	bpf_ringbuf_submit(record, ring__wake());
	return 0;
}

static __always_inline struct client_key client__key(__u64 object)
{
	return (struct client_key){
		.object = object,
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};
}

/*
 * The kept statement of @object is over since @end_ns; 0: since the last of its bytes. Returns 1
 * when there is one.
 */
VERIFIED_ALONE int client__finish(__u64 object, __u32 cookie, __u64 end_ns)
{
	const struct client_layout *layout = client__layout(cookie);
	struct client_key key = client__key(object);
	struct client_call_record *record = bpf_map_lookup_elem(&kept_calls, &key);

	if (!record)
		return 0;
	if (end_ns)
		record->call.end_ns = end_ns;
	if (layout__is_known(layout)) {
		record->call.failed = client__errno(object, record->call.kind, layout) != 0;
		client__outcome(&record->call, object, layout);
	}
	if (bpf_ringbuf_output(&ring, record, sizeof(*record), ring__wake()))
		counter__add(BX_C_LOST_RING, 1);
	else
		counter__add(BX_C_CLIENT_CALLS, 1);
	bpf_map_delete_elem(&kept_calls, &key);
	return 1;
}

/* Bytes of the thread's call moved that cannot be read, the first of them sent. */
VERIFIED_ALONE int client__keep(thread_ref ref)
{
	struct thread *thread = thread__at(ref);
	struct client_call_record *record, *blank_record;
	struct client_key key;
	__u32 zero = 0;

	if (!thread)
		return 0;
	key = client__key(thread->client.object);
	record = bpf_map_lookup_elem(&kept_calls, &key);
	if (thread->client.seen & CLIENT_KEPT) {
		if (record)
			record->call.end_ns = bpf_ktime_get_ns();
		return 0;
	}
	if (record)
		client__finish(key.object, thread->client.cookie, 0);
	thread->client.seen |= CLIENT_KEPT;
	blank_record = bpf_map_lookup_elem(&kept_blank, &zero);
	if (!blank_record || bpf_map_update_elem(&kept_calls, &key, blank_record, BPF_ANY)) {
		counter__add(BX_C_LOST_SOCKET, 1);
		return 0;
	}
	record = bpf_map_lookup_elem(&kept_calls, &key);
	if (record)
		client__fill(record, thread);
	return 0;
}

/* How it is known that a call is over whose return is not probed. */
#define OVER_LATE   0 /* by what the thread does now: it returned some time ago */
#define OVER_ASKED  1 /* the program asks for what came of it */
#define OVER_FAILED 2 /* it asks for the text of its error */

/* Of a call that moved nothing: whether it has failed. */
static __always_inline bool client__has_failed(const struct client_call *call, __u32 how)
{
	const struct client_layout *layout = client__layout(call->cookie);

	if (layout__is_known(layout))
		return client__errno(call->object, call->kind, layout);
	return how == OVER_FAILED;
}

/* The thread is out of the call that it was in. */
VERIFIED_ALONE int client__over(thread_ref ref, __u32 how)
{
	struct thread *thread = thread__at(ref);
	struct client_call *call;

	if (!thread)
		return 0;
	call = &thread->client;
	if (!call->object || !(call->cookie & BX_CLIENT_OPEN))
		;
	else if (call->seen & CLIENT_KEPT)
		client__finish(call->object, call->cookie,
			       how == OVER_LATE ? 0 : bpf_ktime_get_ns());
	else if (!call->seen && client__has_failed(call, how))
		client__tell(thread__ref(thread), 1);
	call->object = 0;
	return 0;
}

#endif
