/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors that carry a message.
 *
 * A fallible function returns 0 (or a natural count) or -errno and takes a `struct err *` last.
 * The message is made where the fact is known, says what to do where that helps, and is printed
 * once, at the top of the program.  A NULL `struct err *` is allowed everywhere.
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#define ERR_MSG_SIZE 512

struct err {
    int code; /* positive errno; 0 while nothing failed */
    char msg[ERR_MSG_SIZE];
};

/* Sets the message (cut to ERR_MSG_SIZE) and returns -code, so that `return err_set(...)` works. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and strerror(code) appended. */
int err_sys(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the message; returns -e->code (-EIO when e is NULL). */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__ /* it cannot look into another file: a failure is negative */
#define err_set(...) ((err_set)(__VA_ARGS__), -1)
#define err_sys(...) ((err_sys)(__VA_ARGS__), -1)
#define err_wrap(...) ((err_wrap)(__VA_ARGS__), -1)
#endif

#endif
