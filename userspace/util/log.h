/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - lines for the person at the terminal: `bpfxray: text` on stderr, by level.
 *
 * Only the agent's outer layers may log (main, cli, probe, emit); the pure core returns errors.
 */
#ifndef BPFXRAY_UTIL_LOG_H
#define BPFXRAY_UTIL_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above @level are not written; LOG_LEVEL_INFO at first. */
void log_set_level(enum log_level level);

/*
 * Writes one line by one write(2); a line longer than 1 KB is cut. errno survives. No newline in
 * @format.
 */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
