/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - the X-Ray daemon's address as AWS_XRAY_DAEMON_ADDRESS and --daemon spell it. Nothing
 * is resolved here.
 */
#ifndef BPFXRAY_EMIT_ADDRESS_H
#define BPFXRAY_EMIT_ADDRESS_H

#define DAEMON_ADDRESS_DEFAULT "127.0.0.1:2000"

struct host_port {
	char host[254]; /* name or IP, without brackets; 253 is the longest DNS name */
	char port[6];	/* "1".."65535" */
};

struct daemon_address {
	struct host_port udp; /* segments */
	struct host_port tcp; /* sampling rules */
};

/*
 * Parses `host:port` (both protocols) or `udp:host:port tcp:host:port` in either order, both
 * needed. IPv6 addresses are written `[::1]:2000`, which the SDKs do not have. Returns 0, or
 * -EINVAL with *ret_why set to a constant text that says what is wrong and completes "daemon
 * address `...`: ".
 */
int daemon_address_parse(const char *text, struct daemon_address *ret, const char **ret_why);

#endif
