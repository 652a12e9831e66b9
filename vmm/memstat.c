/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/memstat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "vmm/mem.h"

static bool is_guest_ram(const struct mem *m, unsigned long start)
{
    for (unsigned i = 0; i < m->regions; i++)
        if (start - (unsigned long)m->region[i].host < m->region[i].size)
            return true;
    return false;
}

/* proc(5): each mapping is a line "start-end ..." followed by lines "Key:  N kB". */
static void take_line(const struct mem *m, const char *line, bool *guest, struct memstat *s)
{
    unsigned long start, end, kb;
    char key[32];

    if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
        *guest = is_guest_ram(m, start);
    else if (sscanf(line, "%31[A-Za-z_]: %lu kB", key, &kb) != 2)
        return;
    else if (*guest && strcmp(key, "Rss") == 0)
        s->resident += kb * 1024;
    else if (!*guest && (strcmp(key, "Private_Dirty") == 0 || strcmp(key, "Private_Clean") == 0))
        s->overhead += kb * 1024;
}

int memstat_read(const struct mem *m, struct memstat *s, struct err *e)
{
    auto_fclose FILE *f = fopen("/proc/self/smaps", "re");
    bool guest = false;
    char line[512];

    *s = (struct memstat){0};
    if (!f)
        return err_sys(e, errno, "open /proc/self/smaps");
    while (fgets(line, sizeof(line), f))
        take_line(m, line, &guest, s);
    return 0;
}
