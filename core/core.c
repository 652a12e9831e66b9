/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/core.h"

#include <string.h>
#include <sys/stat.h>

#include "config/conf.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/op_job.h"
#include "core/source_find.h"
#include "core/watch.h"

/* A file with a syntax error is told once, though each group of it is looked for. */
void core_conf_warning(void *ctx, const char *text)
{
    struct core *c = ctx;
    const struct message *last = model_message(&c->model, c->model.said);

    if (c->conf_told)
        return;
    if (last && strncmp(last->text, text, sizeof(last->text) - 1) == 0)
        return;
    model_say(&c->model, MESSAGE_ERROR, "%s", text);
}

/* --- the files of settings --- */

static char *conf_path(const struct paths *p, int i)
{
    static const char *const names[CORE_CONFS] = {"lxtop.conf", "console.conf"};

    return file_path("%s/%s", p->config, names[i]);
}

void core_conf_stat(const struct paths *p, struct core_conf conf[CORE_CONFS])
{
    for (int i = 0; i < CORE_CONFS; i++) {
        auto_free char *path = conf_path(p, i);
        struct stat st;

        conf[i] = (struct core_conf){0};
        if (path && stat(path, &st) == 0)
            conf[i] = (struct core_conf){(int64_t)st.st_ino, st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec, st.st_size};
    }
}

/* It is another file, or its text may be another. */
static bool is_changed(const struct core_conf *then, const struct core_conf *now)
{
    return now->inode != then->inode || now->written_ns != then->written_ns || now->size != then->size;
}

static bool can_be_read(struct core *c, int i)
{
    auto_free char *path = conf_path(&c->paths, i);
    struct err e = {0};

    if (!path || !c->conf[i].inode || conf_check(path, &e) == 0)
        return true;
    core_conf_warning(c, e.msg);
    return false;
}

static void read_defaults(struct core *c)
{
    auto_free char *path = conf_path(&c->paths, 0);

    options_release(&c->defaults);
    options_init(&c->defaults);
    if (path)
        conf_read_options(path, "defaults", ORIGIN_CONF, &c->defaults, core_conf_warning, c);
}

bool core_conf_look(struct core *c, const struct core_conf now[CORE_CONFS])
{
    bool persons = is_changed(&c->conf[0], &now[0]), own = is_changed(&c->conf[1], &now[1]);

    memcpy(c->conf, now, sizeof(c->conf));
    if (!persons && !own)
        return false;
    c->conf_told = !persons;
    if ((persons && !can_be_read(c, 0)) || (own && !can_be_read(c, 1)))
        return false;
    read_defaults(c);
    c->console_old = true;
    return true;
}

void core_console_read(struct core *c)
{
    console_release(&c->console);
    console_load(&c->console, &c->paths, core_conf_warning, c);
    c->console_old = false;
}

/* --- life --- */

int core_init(struct core *c, uv_loop_t *loop, struct err *e)
{
    int r;

    *c = (struct core){.loop = loop};
    r = paths_init(&c->paths, e);
    if (r < 0)
        return r;
    core_conf_stat(&c->paths, c->conf);
    read_defaults(c);
    core_console_read(c);
    return 0;
}

void core_release(struct core *c)
{
    watch_stop(c->watch);
    c->watch = NULL;
    source_find_end(c);
    job_uses_free(c);
    model_release(&c->model);
    options_release(&c->defaults);
    console_release(&c->console);
    paths_release(&c->paths);
}
