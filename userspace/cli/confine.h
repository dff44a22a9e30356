/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - what each of the two processes of a trace gives up once everything is attached.
 *
 * The parser reads what strangers send to the traced service: it keeps no capability, and of the
 * system calls those that read, that write to what is open, and that talk to the daemon. It can
 * start no program, change no file by name, signal or trace no process, load nothing, and use
 * bpf(2) and perf_event_open(2) no more; files it can open for reading alone.
 *
 * The attacher (attach_serve.h) keeps what probes on later libraries, maps and the names of new
 * processes need for life, and refuses itself what it needs for none of these.
 *
 * Both set no_new_privs: no privilege comes back.
 */
#ifndef BPFXRAY_CLI_CONFINE_H
#define BPFXRAY_CLI_CONFINE_H

#include <stdio.h>

/*
 * For this process and for good. 0 or a negative errno; a step that fails does not keep the others
 * from being taken.
 */
int confine_attacher(void);
int confine_parser(void);

/* Lines that say what remains, for `doctor`. */
void confine_describe(FILE *out);

#endif
