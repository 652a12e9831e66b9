/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A person's folder of configuration: the files in it, and what was said about them. */
#ifndef TESTS_UNIT_CONF_WORLD_H
#define TESTS_UNIT_CONF_WORLD_H

#include "tests/unit/fixture.h"

#include "config/paths.h"
#include "core/base/auto.h"

static char *folder;
static struct paths paths;
static char warnings[8192];

/* conf_warn */
static inline void warn(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(warnings + strlen(warnings), sizeof(warnings) - strlen(warnings), "%s\n", text);
}

static inline void write_conf(const char *name, const char *text)
{
    auto_free char *path = file_path("%s/%s", paths.config, name);
    struct err e = {0};

    assert_ok(file_mkdirs(paths.config, 0700, &e), e);
    assert_ok(file_write_atomic(path, text, strlen(text), 0644, &e), e);
}

static inline int set_up(void **state)
{
    struct err e = {0};

    (void)state;
    folder = fixture_folder();
    setenv("XDG_CONFIG_HOME", folder, 1);
    return paths_init(&paths, &e);
}

static inline int tear_down(void **state)
{
    (void)state;
    paths_release(&paths);
    fixture_remove(folder);
    return 0;
}

#endif
