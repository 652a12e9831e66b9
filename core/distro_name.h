/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of distros: [a-z]([a-z0-9-]{0,61}[a-z0-9])?, a host name (RFC 1123) and a folder's name alike. */
#ifndef CORE_DISTRO_NAME_H
#define CORE_DISTRO_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_MAX_LEN 63

struct err;
struct paths;

/* 0, or -EINVAL: the message says the rule. */
int distro_name_check(const char *name, struct err *e);
/* One made from a source ("Debian_12.tar.xz" -> "debian-12"), cut to fit `size`, at least 8. */
void distro_name_of(const char *source, char *name, size_t size);
/* The same with "-2", "-3", ... behind it where it is taken; the caller frees. */
char *distro_name_free(const char *source, bool (*taken)(void *ctx, const char *name), void *ctx);
/* Always -ENOENT: there is no such distro, and which was perhaps meant. */
int distro_name_unknown(const struct paths *p, const char *name, struct err *e);

#endif
