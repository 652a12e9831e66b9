/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One log per process: lines "TIME LEVEL PROCESS MODULE: text" to a file descriptor.
 *
 * Before log_open everything goes to standard error.  The sink is the one changing global of the
 * programs (with the signal flags).  Each .c file that logs defines LOG to its module's name
 * before including this header.  Thread safe: a line is one write(2).
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Process name (borrowed for ever), sink (not closed by log), and the least important level kept. */
void log_open(const char *process, int fd, enum log_level max);
void log_line(enum log_level level, const char *module, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_err(...) log_line(LOG_ERROR, LOG, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, LOG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, LOG, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, LOG, __VA_ARGS__)

/* Lets the first `burst` lines through, then one a second: for lines that a guest can cause. */
struct log_limit {
    unsigned count;
    long second; /* CLOCK_MONOTONIC second of the last line let through */
};
int log_allowed(struct log_limit *l, unsigned burst);

#endif
