/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * sweep.bpf.c - the agent's walk over the open exchanges at each tick: an exchange that has been
 * quiet is sent as a snapshot, so that framing can finish it; and unix sockets, which have no close
 * event, are found gone.
 */
#include "exchange.bpf.h"

/* An exchange that moved less than this long ago is left alone. */
#define QUIET_NS 20000000

/*
 * A request that has waited this long for its answer is told: the agent knows then that it is
 * open.
 */
#define WAITING_NS 150000000

static __always_inline __u64 exchange__last_ns(struct open_exchange *ex)
{
	__u64 request = ex->wire.turn[0].last_ns, response = ex->wire.turn[1].last_ns;

	return response > request ? response : request;
}

/*
 * What the agent knows to be answered, and has not moved since, ends here. A request that begins in
 * this moment loses its place: the price, counted.
 */
static __always_inline void sweep__end_idle(struct open_exchange *ex)
{
	__u64 id = ex->wire.conn;
	__u32 *told = bpf_map_lookup_elem(&idle_by_conn, &id);
	__u32 seq = ex->wire.seq;

	if (!told || *told != seq)
		return;
	exchange__emit(exchange__ref(ex),
		       0); /* a full ring counts it as lost: it ends all the same */
	bpf_map_delete_elem(&pool, &id);
	barrier();
	if (ex->wire.conn == id && ex->wire.seq != seq)
		counter__add(BX_C_LOST_TORN, 1);
}

/*
 * Too few bytes to tell what they are, on a unix socket that is gone: an event loop wakes itself up
 * in this way. A few thousand of them would fill the pool.
 */
static __always_inline void sweep__end_undecided(struct open_exchange *ex)
{
	__u64 id = ex->wire.conn;

	if (ex->wire.family != AF_UNIX || socket__alive(ex))
		return;
	counter__add(BX_C_DISCARDED, 1);
	bpf_map_delete_elem(&pool, &id);
}

static __always_inline void sweep__visit(struct open_exchange *ex)
{
	__u64 now_ns = bpf_ktime_get_ns();

	if (exchange__last_ns(ex) + QUIET_NS > now_ns)
		return;
	if (ex->wire.protocol == BX_PROTO_UNKNOWN) {
		sweep__end_undecided(ex);
		return;
	}
	if (ex->wire.family == AF_UNIX && !ex->wire.closed_ns && !socket__alive(ex)) {
		ex->wire.closed_ns = now_ns;
		ex->sent_seq = 0;
		exchange__emit(exchange__ref(ex), BX_EX_CLOSED_LOCAL);
		return;
	}
	if (exchange__told(ex)) {
		sweep__end_idle(ex);
		return;
	}
	if (ex->wire.turn[1].total || exchange__last_ns(ex) + WAITING_NS < now_ns)
		exchange__emit(exchange__ref(ex), BX_EX_SNAPSHOT);
}

MAP_WALK(sweep, pool, struct open_exchange, sweep__visit)
