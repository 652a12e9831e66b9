/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/option.h"
#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/program.h"

#define UNIT_MAX 65536
/* sd_booted(3) */
#define SYSTEMD_MARK "/run/systemd/system"

/* systemd.unit(5): in quotes, and % begins a specifier; in a command $ begins a variable, too. */
static void put_quoted(FILE *f, const char *text, const char *doubled)
{
    fputc('"', f);
    for (; *text; text++) {
        if (strchr("\"\\", *text))
            fputc('\\', f);
        if (strchr(doubled, *text))
            fputc(*text, f);
        fputc(*text, f);
    }
    fputc('"', f);
}

/* Where this lxtop looks, should that not be where a login looks. */
static void put_environment(FILE *f)
{
    static const char *const names[] = {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = getenv(names[i]);
        auto_free char *pair = value && *value ? file_path("%s=%s", names[i], value) : NULL;

        if (!pair)
            continue;
        fputs("Environment=", f);
        put_quoted(f, pair, "%");
        fputc('\n', f);
    }
}

/* Status 4 of start: it runs already.  The stop has its own deadline, which always wins. */
static char *unit_text(const char *name, const char *program)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    if (!f)
        return NULL;
    fprintf(f, "# written by lxtop (policy = \"login\"); `lxtop set %s policy on-demand` removes it\n"
               "[Unit]\nDescription=lxtop distro %s\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
               "SuccessExitStatus=4\nTimeoutSec=infinity\n", name, name);
    put_environment(f);
    fputs("ExecStart=", f);
    put_quoted(f, program, "%$");
    fprintf(f, " start %s\nExecStop=-", name);
    put_quoted(f, program, "%$");
    fprintf(f, " stop %s\n\n[Install]\nWantedBy=default.target\n", name);
    fclose(f);
    return text;
}

static char *units_folder(const struct paths *p, const char *more)
{
    return file_path("%.*s/systemd/user%s", (int)(strrchr(p->config, '/') - p->config), p->config, more);
}

static bool says(const char *path, const char *text)
{
    auto_free char *now = NULL;

    return file_read(path, UNIT_MAX, &now, NULL, NULL) == 0 && strcmp(now, text) == 0;
}

int login_write(const struct paths *p, const char *name, const char *program, struct err *e)
{
    auto_free char *folder = units_folder(p, "/default.target.wants");
    auto_free char *unit = file_path("%s/../lxtop@%s.service", folder ? folder : "", name);
    auto_free char *link = file_path("%s/lxtop@%s.service", folder ? folder : "", name);
    auto_free char *target = file_path("../lxtop@%s.service", name);
    auto_free char *text = unit_text(name, program);
    int r;

    if (!folder || !unit || !link || !target || !text)
        return err_sys(e, ENOMEM, "login of %s", name);
    r = file_mkdirs(folder, 0755, e);
    if (r == 0 && says(unit, text) && access(link, F_OK) == 0)
        return 0;
    if (r == 0)
        r = file_write_atomic(unit, text, strlen(text), 0644, e);
    if (r == 0 && symlink(target, link) < 0 && errno != EEXIST)
        r = err_sys(e, errno, "%s", link);
    return r < 0 ? r : 1;
}

/* The link first: it may not lead to nowhere. */
int login_remove(const struct paths *p, const char *name, struct err *e)
{
    auto_free char *folder = units_folder(p, "");
    auto_free char *unit = file_path("%s/lxtop@%s.service", folder ? folder : "", name);
    auto_free char *link = file_path("%s/default.target.wants/lxtop@%s.service", folder ? folder : "", name);
    int gone;

    if (!folder || !unit || !link)
        return err_sys(e, ENOMEM, "login of %s", name);
    gone = unlink(link) == 0;
    if (unlink(unit) < 0)
        return errno == ENOENT ? gone : err_sys(e, errno, "%s", unit);
    return 1;
}

int login_set(const struct paths *p, const char *name, bool on, struct err *e)
{
    auto_free char *self = on ? program_self() : NULL;

    if (!on)
        return login_remove(p, name, e);
    if (access(SYSTEMD_MARK, F_OK) < 0)
        return err_set(e, ENOTSUP, "this host does not run systemd, so no login starts %s; put `lxtop start %s` "
                       "where your session starts programs", name, name);
    if (!self)
        return err_sys(e, ENOENT, "find lxtop itself");
    return login_write(p, name, self, e);
}

char *login_follow(const struct paths *p, const char *name, const struct options *o)
{
    bool on = options_number(o, OPT_POLICY) == POLICY_LOGIN;
    struct err e = {0};
    int r = login_set(p, name, on, &e);

    if (r == 0)
        return NULL;
    return strdup(r < 0 ? e.msg : on ? "it starts when you log in from now on" : "a login does not start it any more");
}
