/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * limits.h - every size cap of bpfxray in one place, each with its reason.
 *
 * Seen by the BPF side, the agent and the tests. No includes.
 */
#ifndef BPFXRAY_LIMITS_H
#define BPFXRAY_LIMITS_H

/*
 * Text of an open exchange kept in the pool, request bytes first, response bytes behind them. A
 * typical request head with its response head takes 600 to 1,200 bytes; what does not fit travels
 * as fragments (below).
 */
#define BX_TEXT_CAP 2048
/* The request may fill this much of the text, so that the response's head always finds room. */
#define BX_TEXT_REQUEST_CAP 1280
/*
 * One fragment record carries at most this many bytes: a power of two, so that the verifier sees
 * the bound.
 */
#define BX_FRAGMENT_CAP 2048
/*
 * Bytes of one direction of one exchange that are kept in all: heads of 8 KB and a bit more
 * (nginx's and uWSGI's default head limits are 8 KB and 4 KB).
 */
#define BX_REQUEST_KEPT_MAX 16384
/* Of a response: an HTTP head beside its body needs less, MySQL's metadata of a wide table more. */
#define BX_HTTP_RESPONSE_KEPT_MAX  3072
#define BX_MYSQL_RESPONSE_KEPT_MAX 6144
/*
 * The end of a turn that outgrew its kept bytes: an ERR packet with a message of ordinary length,
 * EOF, last chunk.
 */
#define BX_TAIL_CAP 128
/*
 * Calls of a turn whose end offset and time are kept: a packet-wise reader (pure mysql-connector)
 * needs two calls a packet, so that 48 reach the end of the metadata of a table with 20 columns.
 */
#define BX_CALLS_CAP 48
/*
 * Changes of thread within a turn that are kept: a thread pool may hand each of several pipelined
 * requests to another thread.
 */
#define BX_HANDS_CAP 16
/*
 * The same of a brief record: head and body of a message by a call each, by one thread or two. The
 * logs are most of a record otherwise, and each of its cache lines is a miss to both sides.
 */
#define BX_BRIEF_CALLS_CAP 4
#define BX_BRIEF_HANDS_CAP 2
/* Bytes at which a connection's first turn is classified (classify.h). */
#define BX_CLASSIFY_LEN 32
/* Turns of a connection that may fail to classify before its verdict "other protocol" is final. */
#define BX_CLASSIFY_TRIES 8
/*
 * A read of the caller's memory is at most this long: slack behind the text, for the verifier's
 * separate bounds.
 */
#define BX_READ_CAP 1024
/*
 * Vector entries of one call that are looked at (nginx sends up to 64, its head is in the first).
 */
#define BX_IOV_MAX 8
/*
 * A name server's answer of which more is not kept: 1232 is what servers and resolvers have agreed
 * on as the largest datagram that needs no fragments (DNS flag day 2020).
 */
#define BX_DNS_CAP 1232
/* Open exchanges at one time, 5 KB each. Full: the exchange is lost and counted. */
#define BX_POOL_MAX 4096
/* Ring buffer bytes: at 1 KB a record and a 50 ms tick, 8 MiB holds 160,000 exchanges a second. */
#define BX_RING_BYTES (8 * 1024 * 1024)
/* TLS sessions that are read at one time: as many as connections that are open at once. */
#define BX_TLS_SESSIONS_MAX 65536
/* Statements under way that only a client library's call tells of: one a connection. */
#define BX_KEPT_CALLS_MAX 4096
/* Ports that targets listen on: of a target a handful. Full: no queue time for those further. */
#define BX_PORTS_MAX 4096
/* Targets (processes) followed at one time. */
#define BX_TARGETS_MAX 16384
/* Threads of targets, on kernels where they have no storage of their own. */
#define BX_THREADS_MAX 16384

#endif
