/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshots.json of any content: what is taken is a tree whose layers are files of the distro's folder,
 * parents first, and can be written out and read again as the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/snapshots_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_layer(const char *layer)
{
    if (strcmp(layer, SNAPSHOTS_BASE) != 0 && (strncmp(layer, "layers/", 7) != 0 || strchr(layer + 7, '/')))
        abort();
}

static void check_tree(const struct snapshots *s)
{
    auto_free char *disk = snapshots_disk(s, NULL);

    check_layer(s->active);
    if (!disk || (*s->base && !snapshots_find(s, s->base)))
        abort();
    for (unsigned i = 0; i < s->count; i++) {
        const struct snapshot *n = &s->list[i];

        check_layer(n->layer);
        if (snapshots_check_name(n->name, NULL) < 0 || !snapshots_is_below(s, n->id, n->id))
            abort();
    }
}

static char folder[] = "/tmp/lxtop-fuzz-XXXXXX";

static void clean_up(void)
{
    file_remove_tree(folder, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int made;
    struct snapshots s = {0}, again = {0};
    auto_free char *text = NULL;
    size_t len;

    if (!made++ && (!mkdtemp(folder) || atexit(clean_up)))
        abort();
    s.folder = strdup(folder);
    again.folder = strdup(folder);
    if (snapshots_parse((const char *)data, size, &s, NULL) == 0) {
        auto_free char *path = file_path("%s/snapshots.json", folder);

        check_tree(&s);
        if (snapshots_write(&s, NULL, NULL) < 0 || file_read(path, SIZE_MAX, &text, &len, NULL) < 0 ||
            snapshots_parse(text, len, &again, NULL) < 0 || again.count != s.count)
            abort();
    }
    snapshots_release(&s);
    snapshots_release(&again);
    return 0;
}
