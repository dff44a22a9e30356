// SPDX-License-Identifier: Apache-2.0
/* udp_daemon.c - see udp_private.h: one daemon's socket. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

/* behind <time.h>, which it does not include */
#include <linux/errqueue.h>

#include "emit/document.h"
#include "emit/udp_private.h"
#include "util/cleanup.h"

/* A daemon that is restarted is back within seconds; a refusal a second costs nothing. */
#define RETRY_NS 1000000000ULL
/* How long a refusal may take: on the same host it comes at once, in a data centre in 1 ms. */
#define VERDICT_NS 50000000ULL
/*
 * A host that has left the network says nothing: the kernel gives up looking for it after three
 * seconds, in which whatever is sent is lost. For REPEATED_NS after such an end a try takes longer.
 * Nothing goes to the other daemons meanwhile, so there are fewer of them; but not the first, since
 * a router may be wrong once.
 */
#define LATE_VERDICT_NS (4 * RETRY_NS)
#define UNREACHABLE_NS	(30 * RETRY_NS)
#define REPEATED_NS	(60 * RETRY_NS)
/* Taken from the queue of errors at one time. */
#define ERRORS_MAX 64

/*
 * In a queue of their own: what is pending on the socket is lost when it strikes sendmmsg() behind
 * its first message.
 */
static int keep_errors(int fd, int family)
{
	bool v6 = family == AF_INET6;
	int on = 1;

	return setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &on,
			  sizeof(on));
}

static int connect_to(const struct endpoint *to)
{
	_cleanup_close_ int fd =
		socket(to->address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || keep_errors(fd, to->address.ss_family) < 0 ||
	    connect(fd, (const struct sockaddr *)&to->address, to->len) < 0)
		return -errno;
	return TAKE_FD(fd);
}

void udp_daemon_open(struct udp_daemon *daemon, const struct endpoint *endpoint, uint64_t now_ns)
{
	*daemon = (struct udp_daemon){
		.endpoint = *endpoint,
		.hash = endpoint_hash(endpoint),
		.fd = connect_to(endpoint),
	};
	if (daemon->fd < 0)
		udp_daemon_down(daemon, 0, now_ns);
}

void udp_daemon_close(struct udp_daemon *daemon)
{
	cleanup_close(&daemon->fd);
	daemon->fd = -1;
}

static bool unreachable_lately(const struct udp_daemon *daemon, uint64_t now_ns)
{
	return daemon->unreachable_ns && now_ns - daemon->unreachable_ns < REPEATED_NS;
}

void udp_daemon_down(struct udp_daemon *daemon, int error, uint64_t now_ns)
{
	bool was_down = daemon->state == DAEMON_DOWN;
	uint64_t retry_ns = now_ns + RETRY_NS;

	/* what is said while it is down answers earlier documents, and is nothing new */
	if (!was_down && (error == -EHOSTUNREACH || error == -ENETUNREACH)) {
		if (unreachable_lately(daemon, now_ns))
			retry_ns = now_ns + UNREACHABLE_NS;
		daemon->unreachable_ns = now_ns;
	}
	if (!was_down || retry_ns > daemon->retry_ns)
		daemon->retry_ns = retry_ns;
	daemon->state = DAEMON_DOWN;
}

void udp_daemon_probed(struct udp_daemon *daemon, uint64_t serial, uint64_t now_ns)
{
	daemon->state = DAEMON_PROBED;
	daemon->probe_serial = serial;
	daemon->retry_ns =
		now_ns + (unreachable_lately(daemon, now_ns) ? LATE_VERDICT_NS : VERDICT_NS);
}

/* The error that a router or the other host has sent, in the control data of @message, or 0. */
static int icmp_error(struct msghdr *message)
{
	struct sock_extended_err error;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;

		if (!v4 && !v6)
			continue;
		memcpy(&error, CMSG_DATA(c), sizeof(error));
		if (error.ee_origin != SO_EE_ORIGIN_LOCAL)
			return -(int)error.ee_errno;
	}
	return 0;
}

int udp_daemon_take_error(const struct udp_daemon *daemon)
{
	_Alignas(struct cmsghdr) char control[512];
	int ret = 0, error = 0;
	socklen_t len = sizeof(error);

	for (int i = 0; daemon->fd >= 0 && i < ERRORS_MAX; i++) {
		struct msghdr message = { .msg_control = control,
					  .msg_controllen = sizeof(control) };

		if (recvmsg(daemon->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		ret = icmp_error(&message) ?: ret;
	}
	/* else the next send returns it */
	if (daemon->fd >= 0)
		(void)getsockopt(daemon->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return ret;
}

bool udp_daemon_may_probe(struct udp_daemon *daemon, uint64_t now_ns)
{
	if (daemon->state != DAEMON_DOWN || now_ns < daemon->retry_ns)
		return false;
	if (daemon->fd < 0)
		daemon->fd = connect_to(&daemon->endpoint);
	if (daemon->fd >= 0)
		return true;
	udp_daemon_down(daemon, 0, now_ns);
	return false;
}

int udp_daemon_send(const struct udp_daemon *daemon, const struct queued *first, unsigned int count)
{
	struct mmsghdr messages[UDP_BATCH] = { 0 };
	struct iovec parts[UDP_BATCH][2];
	unsigned int n = 0;
	int r;

	for (; n < count && n < UDP_BATCH; n++, first = queue_next(first)) {
		parts[n][0] =
			(struct iovec){ (void *)DOCUMENT_HEADER, sizeof(DOCUMENT_HEADER) - 1 };
		parts[n][1] = (struct iovec){ (void *)first->json, first->len };
		messages[n].msg_hdr.msg_iov = parts[n];
		messages[n].msg_hdr.msg_iovlen = 2;
	}
	do {
		r = sendmmsg(daemon->fd, messages, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}
