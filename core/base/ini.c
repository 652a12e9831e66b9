/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Of ASCII alone, whatever the locale. */
static char *lower(char *text)
{
    for (char *p = text; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return text;
}

static char *unquote(char *text)
{
    size_t len = strlen(text);

    if (len < 2 || text[0] != '"' || text[len - 1] != '"')
        return text;
    text[len - 1] = '\0';
    return text + 1;
}

static void take_line(char *line, char section[INI_VALUE], ini_fn *fn, void *ctx)
{
    char *name = trim(line), *equals, value[INI_VALUE];

    if (*name == '[') {
        name[strcspn(name, "]")] = '\0';
        snprintf(section, INI_VALUE, "%s", lower(trim(name + 1)));
        return;
    }
    equals = strchr(name, '=');
    if (*name == '#' || *name == ';' || !equals || equals == name)
        return;
    *equals = '\0';
    snprintf(value, sizeof(value), "%s", unquote(trim(equals + 1)));
    fn(ctx, section, lower(trim(name)), value);
}

void ini_each(const char *text, ini_fn *fn, void *ctx)
{
    auto_free char *copy = strdup(text);
    char section[INI_VALUE] = "", *line;

    for (char *rest = copy; (line = strsep(&rest, "\n"));)
        take_line(line, section, fn, ctx);
}
