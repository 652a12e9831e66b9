/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/base/auto.h"

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"lxtop.root", offsetof(struct guest_options, root)},
    {"lxtop.fstype", offsetof(struct guest_options, fstype)},
    {"lxtop.hostname", offsetof(struct guest_options, hostname)},
    {"lxtop.machine_id", offsetof(struct guest_options, machine_id)},
    {"lxtop.init", offsetof(struct guest_options, init)},
    {"lxtop.term", offsetof(struct guest_options, term)},
    {"lxtop.timezone", offsetof(struct guest_options, timezone)},
    {"lxtop.net", offsetof(struct guest_options, net)},
};

static void take_share(struct guest_options *o, const char *word, size_t len)
{
    static const char name[] = "lxtop.share=";
    size_t n = sizeof(name) - 1;

    if (len <= n || strncmp(word, name, n) != 0 || len - n >= SHARE_TEXT_MAX ||
        o->shares == GUEST_SHARES_MAX)
        return;
    snprintf(o->share[o->shares++], len - n + 1, "%s", word + n);
}

static void take_word(struct guest_options *o, const char *word, size_t len)
{
    if (len == strlen("lxtop.ro") && strncmp(word, "lxtop.ro", len) == 0)
        o->read_only = true;
    if (len == strlen("lxtop.listen") && strncmp(word, "lxtop.listen", len) == 0)
        o->listen = true;
    take_share(o, word, len);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        size_t n = strlen(texts[i].name);

        if (len > n && word[n] == '=' && strncmp(word, texts[i].name, n) == 0 &&
            len - n - 1 < OPTION_TEXT_MAX)
            snprintf((char *)o + texts[i].offset, len - n, "%s", word + n + 1);
    }
}

void guest_options_parse(struct guest_options *o, const char *line)
{
    *o = (struct guest_options){
        .root = "/dev/vda", .fstype = "ext4", .hostname = "", .init = "", .term = "xterm-256color"};
    while (*line) {
        size_t len = strcspn(line, " \n");

        take_word(o, line, len);
        line += len;
        line += strspn(line, " \n");
    }
}
