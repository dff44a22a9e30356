/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * mysql_client.bpf.c - uprobes on the functions of MySQL's and MariaDB's client libraries.
 *
 * A statement whose bytes are seen on a socket, or as the plain text of a TLS session, is told from
 * there, and the call says nothing. It is told from the call when nothing of it was seen: the
 * library failed without sending (2006, the connection had gone), or what it sent cannot be read
 * (TLS that no probe reads, compression). Never two of one statement, and never none.
 *
 * A connect that failed is told when nothing of MySQL's came over a socket: no name was found, no
 * unix socket, nobody listened. Of those the agent drops what it knows from a socket's own failure.
 *
 * Read are the arguments and, of the library's structures, the fields below; the passwords in them
 * never.
 */
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

static const struct client_layout mysql_layout = {
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
};

static const struct client_layout mariadb_layout = {
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
};

/* @sp: read once, since a second read of a program's context may be at a computed address. */
static __always_inline void client__begin(struct thread *thread, struct pt_regs *regs, __u32 kind,
					  __u64 sp)
{
	thread->client.object = PT_REGS_PARM1(regs);
	thread->client.started_ns = bpf_ktime_get_ns();
	thread->client.sp = sp;
	thread->client.kind = kind;
	thread->client.seen = 0;
	thread->client.conn = 0;
}

static __always_inline int client__enter(struct pt_regs *regs, __u32 kind)
{
	struct thread *thread = thread__of(bpf_get_current_task_btf());

	if (!thread)
		return 0;
	client__begin(thread, regs, kind, PT_REGS_SP(regs));
	thread->client.text = kind == BX_CALL_EXECUTE ? 0 : PT_REGS_PARM2(regs);
	thread->client.text_len = kind == BX_CALL_EXECUTE ? 0 : PT_REGS_PARM3(regs);
	return 0;
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

static __always_inline void client__outcome(struct bx_client_call *call,
					    const struct client_call *in,
					    const struct client_layout *layout)
{
	bool stmt = in->kind == BX_CALL_PREPARE || in->kind == BX_CALL_EXECUTE;
	__u64 mysql = in->object;
	__u32 errno_at = stmt ? layout->stmt_errno : layout->last_errno;
	__u32 state_at = stmt ? layout->stmt_sqlstate : layout->sqlstate;

	if (call->failed) {
		bpf_probe_read_user(&call->error, sizeof(call->error),
				    (void *)(in->object + errno_at));
		bpf_probe_read_user(call->sqlstate, sizeof(call->sqlstate) - 1,
				    (void *)(in->object + state_at));
	}
	if (in->kind == BX_CALL_CONNECT)
		return;
	if (stmt &&
	    bpf_probe_read_user(&mysql, sizeof(mysql), (void *)(in->object + layout->stmt_mysql)))
		return;
	client__peer(call, mysql, layout);
}

struct client_call_record {
	struct bx_client_call call;
	__u8 text[BX_READ_CAP];
};

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

static __always_inline int client__tell(struct task_struct *task, struct thread *thread, int ret,
					const struct client_layout *layout)
{
	const struct client_call *in = &thread->client;
	struct client_call_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record) {
		counter__add(BX_C_LOST_RING, 1);
		return 0;
	}
	__builtin_memset(&record->call, 0, sizeof(record->call));
	record->call.record.type = BX_RECORD_CLIENT_CALL;
	record->call.record.len = sizeof(*record);
	record->call.start_ns = in->started_ns;
	record->call.end_ns = bpf_ktime_get_ns();
	record->call.tgid = task->tgid;
	record->call.tid = task->pid;
	record->call.kind = in->kind;
	record->call.failed = ret != 0;
	client__own(&record->call, thread);
	if (in->kind == BX_CALL_CONNECT)
		client__asked(&record->call, in);
	else
		client__text(record, in);
	if (layout)
		client__outcome(&record->call, in, layout);
	bpf_ringbuf_submit(record, ring__wake());
	counter__add(BX_C_CLIENT_CALLS, 1);
	return 0;
}

static __always_inline int client__leave(int ret, const struct client_layout *layout)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = thread__of(task);
	int told = 0;

	if (!thread || !thread->client.object || thread->client.kind == BX_CALL_CONNECT)
		return 0;
	if (thread->client.seen & CLIENT_UNREADABLE || (!thread->client.seen && ret))
		told = client__tell(task, thread, ret, layout);
	thread->client.object = 0;
	return told;
}

/*
 * mysql_real_connect(mysql, host, user, password, db, port, unix_socket, flags): the password is
 * not looked at. A statement that connects anew is told as itself.
 */
static __always_inline int client__connecting(struct pt_regs *regs)
{
	struct thread *thread = thread__of(bpf_get_current_task_btf());
	struct client_call *call;
	__u64 sp = PT_REGS_SP(regs);

	if (!thread)
		return 0;
	call = &thread->client;
	if (call->object && call->kind != BX_CALL_CONNECT && sp < call->sp)
		return 0;
	client__begin(thread, regs, BX_CALL_CONNECT, sp);
	call->host = PT_REGS_PARM2(regs);
	call->user = PT_REGS_PARM3(regs);
	call->database = PT_REGS_PARM5(regs);
	call->port = uregs__sixth(regs);
	call->unix_socket = uregs__seventh(regs, sp);
	return 0;
}

/* Whose connection it is that the library made: the agent names the database after it. */
static __always_inline void client__dialled(const struct client_call *call)
{
	struct bx_dialled *record;

	if (!call->conn || !call->host)
		return;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		counter__add(BX_C_LOST_NAMES, 1);
		return;
	}
	record->record.type = BX_RECORD_DIALLED;
	record->record.len = sizeof(*record);
	record->conn = call->conn;
	record->host[0] = 0;
	client__copy(record->host, sizeof(record->host), call->host);
	bpf_ringbuf_submit(record, ring__wake());
}

/* @mysql: what was returned, 0 when it failed. */
static __always_inline int client__connected(__u64 mysql, const struct client_layout *layout)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = thread__of(task);
	int told = 0;

	if (!thread || !thread->client.object || thread->client.kind != BX_CALL_CONNECT)
		return 0;
	if (!mysql && !thread->client.seen)
		told = client__tell(task, thread, 1, layout);
	client__dialled(&thread->client);
	thread->client.object = 0;
	return told;
}

SEC("uprobe")
int client__connect(struct pt_regs *regs)
{
	return client__connecting(regs);
}

SEC("uretprobe")
int BPF_KRETPROBE(client__connected_mysql, void *mysql)
{
	return client__connected((__u64)mysql, &mysql_layout);
}

SEC("uretprobe")
int BPF_KRETPROBE(client__connected_mariadb, void *mysql)
{
	return client__connected((__u64)mysql, &mariadb_layout);
}

SEC("uretprobe")
int BPF_KRETPROBE(client__connected_other, void *mysql)
{
	return client__connected((__u64)mysql, NULL);
}

SEC("uprobe")
int client__query(struct pt_regs *regs)
{
	return client__enter(regs, BX_CALL_QUERY);
}

SEC("uprobe")
int client__prepare(struct pt_regs *regs)
{
	return client__enter(regs, BX_CALL_PREPARE);
}

SEC("uprobe")
int client__execute(struct pt_regs *regs)
{
	return client__enter(regs, BX_CALL_EXECUTE);
}

SEC("uretprobe")
int BPF_KRETPROBE(client__return_mysql, int ret)
{
	return client__leave(ret, &mysql_layout);
}

SEC("uretprobe")
int BPF_KRETPROBE(client__return_mariadb, int ret)
{
	return client__leave(ret, &mariadb_layout);
}

/* A library whose structures are neither: only its arguments are read. */
SEC("uretprobe")
int BPF_KRETPROBE(client__return_other, int ret)
{
	return client__leave(ret, NULL);
}
