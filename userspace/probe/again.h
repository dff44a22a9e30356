/* SPDX-License-Identifier: Apache-2.0 */
/*
 * again.h - runs of programs that the kernel leaves out: a program is not run while another thread
 * is inside of it on the same CPU, which is so where tracepoints may be preempted. Second programs
 * on the same tracepoints (bpf/socket_sock.bpf.c) make up for it.
 */
#ifndef BPFXRAY_PROBE_AGAIN_H
#define BPFXRAY_PROBE_AGAIN_H

#include <stdbool.h>
#include <stdint.h>

struct kernel;

/*
 * Behind the own call: true when it showed that second programs are needed, and they are not there.
 * What has watched for it is taken away.
 */
bool again_lacks(struct kernel *kernel);

/*
 * Runs that the kernel left out since the load, in the context of any process of the host, and in
 * @ret_missed those of programs that no second one makes up for.
 */
uint64_t again_left_out(const struct kernel *kernel, uint64_t *ret_missed);

#endif
