/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - tells a service manager what goes on, by systemd's protocol: datagrams to the unix
 * socket that NOTIFY_SOCKET names. Without that variable nothing is done.
 */
#ifndef BPFXRAY_CLI_NOTIFY_H
#define BPFXRAY_CLI_NOTIFY_H

#include <stdint.h>

/*
 * Sends @format, lines of `KEY=value`. 0, also when nobody wants to know, or a negative errno.
 */
int notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Half of WATCHDOG_USEC, the interval in which to send WATCHDOG=1; 0: no watchdog. */
uint64_t notify_watchdog_ns(void);

#endif
