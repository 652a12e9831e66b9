/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What unit tests share: a folder of their own, and the programs that judge an image.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/file.h"

/* A new folder; the caller removes it with fixture_remove. */
static inline char *fixture_folder(void)
{
    char *path = strdup("/tmp/lxtop-test-XXXXXX");

    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void fixture_remove(char *path)
{
    assert_int_equal(file_remove_tree(path, NULL), 0);
    free(path);
}

/* The same as the working folder, for tests that work with relative names. */
static inline char *fixture_enter(void)
{
    char *path = fixture_folder();

    assert_int_equal(chdir(path), 0);
    return path;
}

static inline void fixture_leave(char *path)
{
    assert_int_equal(chdir("/"), 0);
    fixture_remove(path);
}

/* The same in memory: a sync costs nothing there, and a process that is killed loses as much. */
static inline char *fixture_enter_memory(void)
{
    char *path = strdup("/dev/shm/lxtop-test-XXXXXX");

    assert_non_null(path);
    if (!mkdtemp(path)) {
        free(path);
        return fixture_enter();
    }
    assert_int_equal(chdir(path), 0);
    return path;
}

/* Exit status of a shell command. */
static inline int __attribute__((format(printf, 1, 2))) shell(const char *fmt, ...)
{
    char command[4096];
    va_list ap;
    int status;

    va_start(ap, fmt);
    vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* First line that a shell command prints, without its end; the caller frees. */
static inline char *__attribute__((format(printf, 1, 2))) shell_line(const char *fmt, ...)
{
    char command[4096], line[4096] = "";
    va_list ap;
    FILE *f;

    va_start(ap, fmt);
    vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    f = popen(command, "re");
    assert_non_null(f);
    if (!fgets(line, sizeof(line), f))
        line[0] = '\0';
    pclose(f);
    line[strcspn(line, "\n")] = '\0';
    return strdup(line);
}

#define assert_ok(call, e) assert_string_equal((call) == 0 ? "ok" : (e).msg, "ok")
#define assert_says(e, text)                                                                       \
    do {                                                                                           \
        if (!strstr((e).msg, (text)))                                                              \
            fail_msg("\"%s\" does not say \"%s\"", (e).msg, (text));                               \
    } while (0)

#endif
