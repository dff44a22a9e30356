/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * capture.bpf.h - the bytes that a system call moved: where they lie in the caller's memory, and
 * their way into the exchange's text, fragments and tail.
 */
#ifndef BPFXRAY_CAPTURE_BPF_H
#define BPFXRAY_CAPTURE_BPF_H

#include "ring.bpf.h"

static __always_inline int buffers__from_iovec(struct buffers *buffers, __u64 iov, __u64 count)
{
	__u32 n = bound__at_most(count > BX_IOV_MAX ? BX_IOV_MAX : count, BX_IOV_MAX);

	buffers->count = n;
	/* struct iovec is {base, len} of 64 bits each for the callers that are read */
	return bpf_probe_read_user(buffers->span, n * sizeof(struct span), (void *)iov);
}

static __always_inline int buffers__from_msghdr(struct buffers *buffers, __u64 msg)
{
	struct user_msghdr header;

	if (bpf_probe_read_user(&header, sizeof(header), (void *)msg))
		return -1;
	return buffers__from_iovec(buffers, (__u64)header.msg_iov, header.msg_iovlen);
}

static __always_inline int buffers__find(struct buffers *buffers, struct syscall *call)
{
	switch (call->nr) {
	case NR_READ:
	case NR_WRITE:
	case NR_SENDTO:
	case NR_RECVFROM:
		buffers->span[0].base = call->arg1;
		buffers->span[0].len = call->arg2;
		buffers->count = 1;
		return 0;
	case NR_READV:
	case NR_WRITEV:
		return buffers__from_iovec(buffers, call->arg1, call->arg2);
	case NR_SENDMSG:
	case NR_RECVMSG:
		return buffers__from_msghdr(buffers, call->arg1);
	case NR_SENDMMSG:
	case NR_RECVMMSG:
		/* Which message this is cannot be told when there are several. */
		if (call->arg2 != 1)
			return 1;
		return buffers__from_msghdr(buffers, call->arg1);
	default:
		return 1;
	}
}

/* Leaves out the first @n bytes of the thread's call. */
VERIFIED_ALONE int buffers__skip(thread_ref ref, __u32 n)
{
	struct thread *thread = thread__at(ref);
	__u32 i;

	if (!thread)
		return 0;
	for (i = 0; i < BX_IOV_MAX; i++) {
		struct span *span = &thread->buffers.span[i];
		__u32 skipped = span->len < n ? span->len : n;

		span->base += skipped;
		span->len -= skipped;
		n -= skipped;
	}
	return 0;
}

/*
 * Where the bytes of the call that @thread is in lie. Returns 0, 1 when the call's bytes are
 * counted only (sendfile, splice, io_uring, several messages in one call), or -1 when the caller's
 * memory cannot be read.
 */
static __noinline int buffers__of(struct thread *thread)
{
	int where = buffers__find(&thread->buffers, &thread->call);

	if (!where && thread->call.done)
		buffers__skip(thread__ref(thread), thread->call.done);
	return where;
}

/*
 * Appends at most BX_READ_CAP bytes to the text. Returns the bytes taken; a fault is marked and
 * counted.
 */
static __always_inline __u32 text__append(struct open_exchange *ex, __u32 t, __u64 base, __u32 len)
{
	__u32 used = bound__at_most(ex->wire.text_len, BX_TEXT_CAP);
	__u32 limit = t ? BX_TEXT_CAP : BX_TEXT_REQUEST_CAP;
	struct bx_turn *turn = &ex->wire.turn[t];

	if (used >= limit)
		return 0;
	if (len > limit - used)
		len = limit - used;
	len = bound__at_most(len, BX_READ_CAP);
	if (bpf_probe_read_user(ex->text + used, len, (void *)base)) {
		ex->wire.flags |= BX_EX_FAULTED;
		counter__add(BX_C_FAULTS, 1);
		return 0;
	}
	ex->wire.text_len = used + len;
	turn->text_len += len;
	turn->kept += len;
	return len;
}

/* How many bytes of turn @t are worth keeping. */
static __always_inline __u32 turn__keep_max(struct open_exchange *ex, __u32 t)
{
	if (!t)
		return BX_REQUEST_KEPT_MAX;
	if (ex->wire.protocol == BX_PROTO_MYSQL)
		return BX_MYSQL_RESPONSE_KEPT_MAX;
	return ex->head_done ? 0 : BX_HTTP_RESPONSE_KEPT_MAX;
}

/* Text first, then fragments, while the turn has no gap. Returns the bytes kept of this span. */
VERIFIED_ALONE __u32 span__keep(exchange_ref ref, __u32 t, __u64 base, __u32 len)
{
	struct open_exchange *ex = exchange__at(ref);
	struct bx_turn *turn;
	__u32 done = 0, i, n;

	if (!ex)
		return 0;
	t &= 1;
	turn = &ex->wire.turn[t];
	for (i = 0; i < 3 && done < len; i++) {
		n = text__append(ex, t, base + done, len - done);
		if (!n)
			break;
		done += n;
	}
	for (i = 0; i < BX_REQUEST_KEPT_MAX / BX_FRAGMENT_CAP && done < len; i++) {
		if (turn->kept >= turn__keep_max(ex, t))
			break;
		n = fragment__emit(exchange__ref(ex), base + done, len - done, fragment__arg(t, 0),
				   turn->kept);
		if (!n)
			break;
		turn->kept += n;
		done += n;
	}
	return done;
}

/* Makes room: when @add more bytes would not fit, the last BX_TAIL_CAP move to the front. */
static __always_inline __u32 tail__room(struct open_exchange *ex, __u32 t, __u32 add)
{
	__u32 len = bound__at_most(ex->tail_len[t], TAIL_ROOM);

	if (len + add <= TAIL_ROOM)
		return len;
	bpf_probe_read_kernel(ex->tail[t], BX_TAIL_CAP,
			      ex->tail[t] + bound__at_most(len - BX_TAIL_CAP, BX_TAIL_CAP));
	return BX_TAIL_CAP;
}

/*
 * Keeps the last bytes of a span that was not kept whole, and that ends at byte @end of the turn. A
 * tail is unbroken: a longer span, or one that does not touch it, replaces it.
 */
VERIFIED_ALONE int span__tail(exchange_ref ref, __u32 t, __u64 base, __u32 len, __u64 end)
{
	struct open_exchange *ex = exchange__at(ref);
	__u32 n = len > BX_TAIL_CAP ? BX_TAIL_CAP : len, used = 0;
	bool touches;

	if (!ex)
		return 0;
	t &= 1;
	touches = ex->tail_end[t] == end - len;
	ex->tail_end[t] = 0;
	barrier();
	if (n < BX_TAIL_CAP && touches)
		used = tail__room(ex, t, n);
	used = bound__at_most(used, TAIL_ROOM);
	n = bound__at_most(n, BX_TAIL_CAP);
	if (bpf_probe_read_user(ex->tail[t] + used, n, (void *)(base + len - n)))
		return -1;
	ex->tail_len[t] = used + n;
	barrier();
	ex->tail_end[t] = end;
	return 0;
}

/*
 * True when the four last bytes of the text are an empty line: an HTTP head that was sent by
 * itself.
 */
static __always_inline bool text__ends_head(struct open_exchange *ex)
{
	__u32 used = bound__at_most(ex->wire.text_len, BX_TEXT_CAP);
	__u8 *end;

	if (used < 4)
		return false;
	end = ex->text + bound__at_most(used - 4, BX_TEXT_CAP);
	return end[0] == '\r' && end[1] == '\n' && end[2] == '\r' && end[3] == '\n';
}

/*
 * A call that begins with `HTTP/1.` behind a gap: the next of several responses. Its head is sent
 * by itself.
 */
VERIFIED_ALONE int span__next_head(exchange_ref ref, __u64 base, __u32 len, __u64 offset)
{
	struct open_exchange *ex = exchange__at(ref);
	__u8 first[8] = {};

	if (!ex || len < sizeof(first) || bpf_probe_read_user(first, sizeof(first), (void *)base))
		return 0;
	if (first[0] != 'H' || first[1] != 'T' || first[2] != 'T' || first[3] != 'P' ||
	    first[4] != '/' || first[5] != '1' || first[6] != '.')
		return 0;
	fragment__emit(exchange__ref(ex), base, bound__at_most(len, BX_READ_CAP),
		       fragment__arg(1, BX_FRAG_HEAD), offset);
	return 1;
}

#endif
