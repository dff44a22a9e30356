/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_codes.h - how bpfxray ends. The numbers are part of the command line's contract: scripts and
 * container supervisors act on them, so a number never changes its meaning. --help prints this
 * list, bpfxray(8) repeats it.
 */
#ifndef BPFXRAY_CLI_EXIT_CODES_H
#define BPFXRAY_CLI_EXIT_CODES_H

#define EXIT_CODES(X)                                                                              \
	X(EXIT_OK, 0, "stopped as asked, or every traced process ended")                           \
	X(EXIT_INTERNAL, 1, "internal error (such as no memory); of health: unhealthy")            \
	X(EXIT_USAGE, 2, "wrong use of the command line")                                          \
	X(EXIT_PRIVILEGE, 3, "not root, or a capability is missing")                               \
	X(EXIT_NO_PROCESS, 4, "no such process, it ended, or it is none that can be traced")       \
	X(EXIT_KERNEL, 5, "the kernel lacks something: BTF, a tracepoint, a map type, tracefs")    \
	X(EXIT_OUTPUT, 6, "an output cannot be written (no permission, disk full)")                \
	X(EXIT_ADDRESS, 7, "the daemon's address is malformed")                                    \
	X(EXIT_ALREADY_TRACED, 8, "another bpfxray traces this process")                           \
	X(EXIT_ATTACH, 9, "the kernel side was refused: it does not load, attach or fire")         \
	X(EXIT_DIFFERENT, 10, "compare: differences that are not documented")

#define EXIT_CODE_ENUM(name, number, text) name = number,
enum exit_code { EXIT_CODES(EXIT_CODE_ENUM) };
#undef EXIT_CODE_ENUM

#endif
