/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/auto.h"

static char *trim(char *text)
{
    size_t len;

    text += strspn(text, " \t\r");
    len = strlen(text);
    while (len > 0 && strchr(" \t\r", text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* One line: true when it is the key in the section that is asked for. */
static bool take_line(char *line, const char *section, const char *key, bool *inside, char *value)
{
    char *name = trim(line), *equals;

    if (*name == '[') {
        name[strcspn(name, "]")] = '\0';
        *inside = strcasecmp(trim(name + 1), section) == 0;
        return false;
    }
    equals = strchr(name, '=');
    if (!*inside || *name == '#' || *name == ';' || !equals)
        return false;
    *equals = '\0';
    if (strcasecmp(trim(name), key) != 0)
        return false;
    snprintf(value, INI_VALUE, "%s", trim(equals + 1));
    return true;
}

bool ini_get(const char *text, const char *section, const char *key, char value[INI_VALUE])
{
    auto_free char *copy = strdup(text);
    bool inside = false, found = false;
    char *line;

    for (char *rest = copy; !found && (line = strsep(&rest, "\n"));)
        found = take_line(line, section, key, &inside, value);
    return found;
}
