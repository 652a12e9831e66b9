/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/vmm_args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/machine.h"
#include "core/suspended.h"

void vmm_args_release(struct vmm_args *a)
{
    for (unsigned i = 0; i < a->n; i++)
        free(a->argv[i]);
    *a = (struct vmm_args){0};
}

/* Takes `word` over; NULL is for want of memory, and stays there to be seen at the end. */
static void add(struct vmm_args *a, char *word)
{
    if (a->n < VMM_ARGS_MAX)
        a->argv[a->n++] = word;
    else
        free(word);
}

static void add_flag(struct vmm_args *a, const char *flag, char *value)
{
    add(a, strdup(flag));
    add(a, value);
}

static void add_if(struct vmm_args *a, const char *flag, const char *value)
{
    if (value)
        add_flag(a, flag, strdup(value));
}

static void add_number(struct vmm_args *a, const char *flag, int64_t number)
{
    add_flag(a, flag, file_path("%lld", (long long)number));
}

static void add_files(const struct vmm_machine *m, struct vmm_args *a)
{
    add_flag(a, "--lock", machine_file(m->paths, m->name, "lock"));
    add_flag(a, "--run-file", machine_file(m->paths, m->name, "run.json"));
    add_flag(a, "--log", machine_file(m->paths, m->name, "console.log"));
    add_flag(a, "--ctl", machine_socket(m->paths, m->name));
    add_flag(a, "--vsock", machine_vsock(m->paths, m->name));
    add_if(a, "--cache", m->paths->cache);
}

static void add_options(const struct vmm_machine *m, struct vmm_args *a)
{
    const struct options *o = m->options;

    add_flag(a, "--memory", size_format(options_number(o, OPT_MEMORY)));
    add_number(a, "--cpus", options_number(o, OPT_CPUS));
    add_flag(a, "--idle", file_path("%lld,%lld", (long long)options_idle_seconds(o),
                                    (long long)options_number(o, OPT_STOP_TIMEOUT)));
    if (options_number(o, OPT_INSTANT))
        add_flag(a, "--suspend", suspended_folder(m->paths, m->name));
}

static void add_plan(const struct boot_plan *plan, struct vmm_args *a)
{
    add_if(a, "--kernel", plan->kernel);
    add_if(a, "--initrd", plan->initrd);
    add_if(a, "--append", plan->append);
    add_if(a, "--net", plan->net);
    for (unsigned i = 0; i < plan->shares; i++)
        add_if(a, "--share", plan->share[i]);
}

int vmm_args_make(const struct vmm_machine *m, struct vmm_args *a, struct err *e)
{
    char *vmm = program_find("lxtop-vmm", "LXTOP_VMM");

    *a = (struct vmm_args){0};
    if (!vmm)
        return err_set(e, ENOENT, "lxtop-vmm is not installed beside lxtop, in libexec/lxtop or in PATH");
    add(a, vmm);
    add_if(a, "--name", m->name);
    add_flag(a, "--disk", file_path("%s,id=root", m->disk));
    add_files(m, a);
    add_options(m, a);
    add_plan(m->plan, a);
    add_if(a, "--restore", m->restore);
    add_number(a, "--ready-fd", m->ready_fd);
    add(a, strdup("--agent"));
    if (m->prepare)
        add(a, strdup("--prepare"));
    for (unsigned i = 0; i < a->n; i++)
        if (!a->argv[i]) {
            vmm_args_release(a);
            return err_sys(e, ENOMEM, "start %s", m->name);
        }
    return 0;
}
