/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locals that own what they name: released when they leave scope, handed on with steal_*.
 *
 *     auto_close int fd = open(...);      auto_free char *s = strdup(...);
 *     return steal_fd(&fd);               return steal_ptr(&s);
 */
#ifndef CORE_BASE_AUTO_H
#define CORE_BASE_AUTO_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void auto_free_at(void *p)
{
    free(*(void **)p);
}

static inline void auto_close_at(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void auto_fclose_at(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void auto_closedir_at(DIR **d)
{
    if (*d)
        closedir(*d);
}

static inline int steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

#define steal_ptr(p)                                                                               \
    __extension__({                                                                                \
        __typeof__(*(p)) taken_ = *(p);                                                            \
        *(p) = NULL;                                                                               \
        taken_;                                                                                    \
    })

#define auto_free __attribute__((cleanup(auto_free_at)))
#define auto_close __attribute__((cleanup(auto_close_at)))
#define auto_fclose __attribute__((cleanup(auto_fclose_at)))
#define auto_closedir __attribute__((cleanup(auto_closedir_at)))

#endif
