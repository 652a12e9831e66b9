/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a distro's wsl.conf and passwd: every value is a bounded text, a user is one that is listed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/account.h"
#include "core/base/auto.h"
#include "core/base/wsl_conf.h"
#include "vmm/guest/conf.h"
#include "vmm/guest/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(void *ctx, const char *section, const char *key, const char *value)
{
    char name[2 * INI_VALUE];

    (void)ctx;
    if (strlen(section) >= INI_VALUE || strlen(value) >= INI_VALUE || strchr(value, '\n'))
        abort();
    snprintf(name, sizeof(name), "%s.%.200s", section, key);
    wsl_conf_ignored(WSL_CONF, name);
    wsl_conf_ignored(WSL_DISTRIBUTION, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *text = malloc(size + 1);
    struct wsl_conf c = {0};
    struct guest_options o = {.hostname = "name"};
    struct account a;
    const char *user;

    memcpy(text, data, size);
    text[size] = '\0';
    ini_each(text, check_key, NULL);
    wsl_conf_add(&c, WSL_CONF, text);
    wsl_conf_add(&c, WSL_DISTRIBUTION, text);
    user = wsl_conf_user(&c, text);
    if (*user && !account_find(text, user, &a))
        abort();
    conf_apply(&c, &o);
    if (!*o.hostname || strpbrk(o.hostname, " /\n"))
        abort();
    free(conf_place(&c, text));
    conf_mount_flags(&c);
    return 0;
}
