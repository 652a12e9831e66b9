/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in the form of /etc/wsl.conf: sections of keys.  Anybody may have written them. */
#ifndef CORE_BASE_INI_H
#define CORE_BASE_INI_H

#define INI_VALUE 256 /* bytes of a value; the rest is cut */

/* A key of a section, both in lower case, and its value without blanks and quotes around it; for the call. */
typedef void ini_fn(void *ctx, const char *section, const char *key, const char *value);
void ini_each(const char *text, ini_fn *fn, void *ctx);

#endif
