/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_wire.h - what the two processes of a trace say to each other. The one that parses what
 * strangers send holds no capability; it asks the other, the attacher, which holds those that
 * probes and other users' processes need, and parses no traffic.
 *
 * Over a socket pair of sequenced packets, which the attacher was forked with: one request, one
 * answer, never anything unasked. Memory is not shared but for the ring buffer, whose descriptor
 * comes with the answer to ATTACH_OPEN. The attacher believes nothing: a request is checked by
 * attach_request_check(), names no path, and can ask only of processes that are followed.
 */
#ifndef BPFXRAY_CLI_ATTACH_WIRE_H
#define BPFXRAY_CLI_ATTACH_WIRE_H

#include <linux/types.h>
#include <sys/types.h>

#include "bpfxray/wire.h"
#include "cli/libraries.h"
#include "host/container.h"
#include "host/service_name.h"

/* The largest file that is written by ATTACH_WRITE; one of --metrics has some 15 KB. */
#define ATTACH_TEXT_MAX	  65536
#define ATTACH_PLACES_MAX 512

enum attach_ask {
	ATTACH_CHECK,	      /* can this be traced? -> exit code */
	ATTACH_OPEN,	      /* load and attach -> exit code, opened, the ring's descriptor */
	ATTACH_FOLLOW,	      /* what the command line chooses -> exit code */
	ATTACH_PLACES,	      /* of exchanges that need none any more */
	ATTACH_SWEEP,	      /* walk the open exchanges, follow what was found -> sweep */
	ATTACH_NEWS,	      /* of processes, since the last -> news; -ENOENT: none */
	ATTACH_ROOT,	      /* of pid -> result: the process it descends from, 0: not followed */
	ATTACH_HOSTS,	      /* -> the /etc/hosts that pid sees, open for reading */
	ATTACH_NAME,	      /* of the service that pid begins, in container `text` -> name */
	ATTACH_COUNTERS,      /* -> counters */
	ATTACH_WRITE_STATS,   /* `text` to the file of --stats */
	ATTACH_WRITE_METRICS, /* and --metrics */
	ATTACH_RELOAD,	      /* read the configuration file for these two again */
	ATTACH_DETACH,
	ATTACH_ASK_MAX,
};

/* A place in the kernel side's pool. */
struct attach_place {
	uint64_t conn;
	uint32_t seq;  /* of an idle exchange */
	uint32_t idle; /* 1: kernel_release_idle(), 0: kernel_release() */
};

struct attach_request {
	uint32_t ask; /* enum attach_ask */
	int32_t pid;
	uint32_t count; /* of places, or bytes of text with its NUL */
	uint32_t reserved;
	union {
		struct attach_place places[ATTACH_PLACES_MAX];
		char text[ATTACH_TEXT_MAX];
	};
};

enum attach_news_kind {
	ATTACH_NEWS_ROOT,     /* pid begins a tree, in container */
	ATTACH_NEWS_MEMBER,   /* pid belongs to the tree that was begun last */
	ATTACH_NEWS_ENDED,    /* pid ended before its threads were marked: no record tells of it */
	ATTACH_NEWS_FOLLOWED, /* the tree is followed */
	ATTACH_NEWS_LEARNT,   /* pid, which is followed, lives in container */
};

struct attach_news {
	uint32_t kind; /* enum attach_news_kind */
	int32_t pid;
	struct container container;
};

struct attach_sweep {
	uint64_t targets; /* processes followed now */
	uint64_t news;	  /* that wait for ATTACH_NEWS */
};

struct attach_counters {
	uint64_t kernel[BX_C_MAX];
	uint64_t open; /* exchanges that are neither sent nor lost yet */
	struct libraries_counters libraries;
};

struct attach_answer {
	int32_t result; /* 0 or a negative errno; an exit code, a process where said so */
	uint32_t reserved;
	union {
		char backend[16];
		struct attach_sweep sweep;
		struct attach_news news;
		struct service_name name;
		struct attach_counters counters;
	};
};

/*
 * Bytes of a request and of an answer, by what is asked. A request's length is that of its text or
 * places, too.
 */
size_t attach_request_len(const struct attach_request *request);
size_t attach_answer_len(enum attach_ask ask);

/* Whether @len bytes are a request: 0 or -EBADMSG. Of @request only these bytes are looked at. */
int attach_request_check(const struct attach_request *request, size_t len);

/*
 * One packet, whole, waiting if it must. @pass: a descriptor that goes with it, -1: none. 0 or a
 * negative errno, -EPIPE when the other side has ended.
 */
int attach_send(int fd, const void *data, size_t len, int pass);

/*
 * The next packet, of @cap bytes at most; a descriptor that came with it goes to @ret_passed, -1
 * for none (NULL: it is closed). Its length, 0 when the other side has ended, or a negative errno.
 */
ssize_t attach_receive(int fd, void *data, size_t cap, int *ret_passed);

#endif
