/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in the form of /etc/wsl.conf: sections of keys. */
#ifndef VMM_GUEST_INI_H
#define VMM_GUEST_INI_H

#include <stdbool.h>

#define INI_VALUE 256 /* bytes of a value; the rest is cut */

/* The value of [section] key in a text like /etc/wsl.conf, without blanks around it; false: none. */
bool ini_get(const char *text, const char *section, const char *key, char value[INI_VALUE]);

#endif
