/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/core.h"

#include <string.h>

#include "config/conf.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/op_job.h"
#include "core/watch.h"

/* A file with a syntax error is told once, though each group of it is looked for. */
void core_conf_warning(void *ctx, const char *text)
{
    struct core *c = ctx;
    const struct message *last = model_message(&c->model, c->model.said);

    if (last && strncmp(last->text, text, sizeof(last->text) - 1) == 0)
        return;
    model_say(&c->model, MESSAGE_ERROR, "%s", text);
}

int core_init(struct core *c, uv_loop_t *loop, struct err *e)
{
    auto_free char *conf = NULL;
    int r;

    *c = (struct core){.loop = loop};
    r = paths_init(&c->paths, e);
    if (r < 0)
        return r;
    options_init(&c->defaults);
    conf = file_path("%s/lxtop.conf", c->paths.config);
    if (conf)
        conf_read_options(conf, "defaults", ORIGIN_CONF, &c->defaults, core_conf_warning, c);
    console_load(&c->console, &c->paths, core_conf_warning, c);
    return 0;
}

void core_release(struct core *c)
{
    watch_stop(c->watch);
    c->watch = NULL;
    job_uses_free(c);
    model_release(&c->model);
    options_release(&c->defaults);
    console_release(&c->console);
    paths_release(&c->paths);
}
