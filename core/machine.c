/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/machine.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/plain.h"
#include "core/suspended.h"

#define CMDLINE_MAX (1024 * 1024)
#define RUN_FILE_MAX (256 * 1024)

static const char *const state_names[MACHINE_STATES] = {
    [MACHINE_INSTALLING] = "installing",     [MACHINE_STOPPED] = "stopped",
    [MACHINE_STARTING] = CTL_STATE_STARTING, [MACHINE_RUNNING] = CTL_STATE_RUNNING,
    [MACHINE_STOPPING] = CTL_STATE_STOPPING, [MACHINE_FAILED] = "failed",
    [MACHINE_SUSPENDED] = "suspended"};

/* What an end means, beside vmm/ctl.h's words those that only a reader of run.json can know. */
static const struct {
    const char *reason;
    bool clean; /* the guest has unmounted its disk */
    const char *text;
} reasons[] = {
    {"poweroff", true, ""},
    {"stopped", true, ""},
    {SUSPENDED_REASON, false, ""},
    {"idle", true, "nobody used it, so it stopped"},
    {"forced", false, "it was stopped by force"},
    {"reboot", true, "the guest asked for a reboot"},
    {"panic", false, "the guest's kernel panicked"},
    {"triple-fault", false, "the guest's processor gave up (triple fault)"},
    {"vmm-error", false, "lxtop-vmm failed"},
    {"killed", false, "lxtop-vmm was killed, or the host ran out of memory"},
    {"host-down", false, "the host went down while it ran"},
};

const char *machine_state_name(enum machine_state s)
{
    return s < MACHINE_STATES ? state_names[s] : "unknown";
}

enum machine_state machine_state_of(const char *word)
{
    for (unsigned s = 0; word && s < MACHINE_STATES; s++)
        if (strcmp(state_names[s], word) == 0)
            return (enum machine_state)s;
    return MACHINE_STATES;
}

const char *machine_reason_text(const char *reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (strcmp(reasons[i].reason, reason) == 0)
            return reasons[i].text;
    return "";
}

char *machine_socket(const struct paths *p, const char *name)
{
    return file_path("%s/%s/ctl.sock", p->runtime, name);
}

char *machine_vsock(const struct paths *p, const char *name)
{
    return file_path("%s/%s/vsock.sock", p->runtime, name);
}

char *machine_file(const struct paths *p, const char *name, const char *file)
{
    return file_path("%s/machines/%s/%s", p->state, name, file);
}

/* --- run.json ---------------------------------------------------------------------------------- */

static void copy_text(char *to, size_t size, const json_t *v)
{
    if (json_is_string(v))
        plain_copy(to, size, json_string_value(v), json_string_length(v), false);
}

static void read_phases(const json_t *phases, int64_t phase_us[PHASES])
{
    static const char *const names[PHASES] = CTL_PHASE_NAMES;

    for (int i = 0; i < PHASES; i++) {
        const json_t *v = json_object_get(phases, names[i]);

        phase_us[i] = json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : -1;
    }
}

static bool host_rebooted(const json_t *run)
{
    const char *then = json_string_value(json_object_get(run, "boot_id"));
    auto_free char *now = NULL;

    if (!then || file_read("/proc/sys/kernel/random/boot_id", 64, &now, NULL, NULL) < 0)
        return false;
    now[strcspn(now, "\n")] = '\0';
    return strcmp(then, now) != 0;
}

static void read_run_file(const json_t *run, struct machine_run *r)
{
    const json_t *notes = json_object_get(run, "notes");
    size_t n = json_array_size(notes);

    r->known = true;
    copy_text(r->reason, sizeof(r->reason), json_object_get(run, "reason"));
    copy_text(r->detail, sizeof(r->detail), json_object_get(run, "detail"));
    copy_text(r->init, sizeof(r->init), json_object_get(run, "init"));
    copy_text(r->ready, sizeof(r->ready), json_object_get(run, "ready"));
    if (n)
        copy_text(r->note, sizeof(r->note), json_array_get(notes, n - 1));
    r->pid = (pid_t)json_integer_value(json_object_get(run, "pid"));
    r->started = (time_t)json_integer_value(json_object_get(run, "started"));
    r->emulated = json_is_true(json_object_get(run, "emulated"));
    read_phases(json_object_get(run, "phases"), r->phase_us);
    r->state = machine_state_of(json_string_value(json_object_get(run, "state")));
}

static bool reason_failed(const char *reason)
{
    static const struct ctl_exit_info exits[EXITS] = CTL_EXIT_TABLE;

    for (int i = 0; i < EXITS; i++)
        if (strcmp(exits[i].name, reason) == 0)
            return exits[i].failed;
    return true;
}

/* The lock is taken: what run.json says is of this run, or left of the last one. */
static void judge_live(struct machine_run *r)
{
    bool over = r->known && strcmp(r->reason, "none") != 0;

    if (!r->known || (over && (r->pid <= 0 || kill(r->pid, 0) < 0))) {
        r->state = MACHINE_STARTING; /* the new process has not written its file yet */
        for (int i = 0; i < PHASES; i++)
            r->phase_us[i] = -1;
        r->detail[0] = r->note[0] = '\0';
    } else if (over) {
        r->state = MACHINE_STOPPING; /* the file is final, the lock is about to go */
    } else if (!(MACHINE_BIT(r->state) & MACHINE_LIVE)) {
        r->state = MACHINE_STARTING;
    }
    r->reason[0] = '\0';
}

static void judge_down(const struct paths *p, const char *name, struct machine_run *r, const json_t *run)
{
    bool at_snapshot = suspended_is_snapshot(p, name);

    if (!r->known) {
        r->state = at_snapshot ? MACHINE_SUSPENDED : MACHINE_STOPPED;
        return;
    }
    if (strcmp(r->reason, "none") == 0 || !r->reason[0])
        strcpy(r->reason, host_rebooted(run) ? "host-down" : "killed");
    r->state = reason_failed(r->reason) ? MACHINE_FAILED : MACHINE_STOPPED;
    if (at_snapshot || (strcmp(r->reason, SUSPENDED_REASON) == 0 && suspended_exists(p, name)))
        r->state = MACHINE_SUSPENDED;
}

void machine_read(const struct paths *p, const char *name, struct machine_run *r)
{
    auto_free char *path = machine_file(p, name, "run.json");
    auto_free char *lock = machine_file(p, name, "lock");
    auto_free char *text = NULL;
    size_t len = 0;
    json_t *run = NULL;
    bool live;

    *r = (struct machine_run){.state = MACHINE_STOPPED};
    for (int i = 0; i < PHASES; i++)
        r->phase_us[i] = -1;
    if (!path || !lock)
        return;
    /* The lock first: a file read after it is at least as new, so that an end is never missed. */
    live = file_is_locked(lock);
    if (file_read(path, RUN_FILE_MAX, &text, &len, NULL) >= 0)
        run = json_loadb(text, len, 0, NULL);
    if (json_is_object(run))
        read_run_file(run, r);
    if (live)
        judge_live(r);
    else
        judge_down(p, name, r, run);
    json_decref(run);
}

bool machine_unclean(const struct machine_run *r)
{
    if (!r->known || !r->reason[0])
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (strcmp(reasons[i].reason, r->reason) == 0)
            return !reasons[i].clean;
    return true;
}

/* --- the rest ---------------------------------------------------------------------------------- */

/*
 * Is that process the lxtop-vmm which was told this lock?  A run.json that was left by an earlier run
 * may name a number that by now is another machine's.
 */
static bool is_vmm_of(pid_t pid, const char *lock)
{
    auto_free char *comm_path = file_path("/proc/%d/comm", (int)pid);
    auto_free char *words_path = file_path("/proc/%d/cmdline", (int)pid);
    auto_free char *comm = NULL, *words = NULL;
    size_t len = 0;

    if (!comm_path || !words_path || file_read(comm_path, 64, &comm, NULL, NULL) < 0 ||
        file_read(words_path, CMDLINE_MAX, &words, &len, NULL) < 0)
        return false;
    return strncmp(comm, "lxtop-vmm", 9) == 0 && memmem(words, len, lock, strlen(lock) + 1);
}

int machine_lock(const struct paths *p, const char *name, struct err *e)
{
    auto_free char *folder = machine_file(p, name, "");
    auto_free char *lock = machine_file(p, name, "lock");
    int r = folder && lock ? file_mkdirs(folder, 0700, e) : err_sys(e, ENOMEM, "%s", name);

    if (r == 0)
        r = file_lock(lock, e);
    return r == -EAGAIN ? err_set(e, EBUSY, "%s has just been started, or another operation works on it; wait for that, or "
                                  "stop it first: lxtop stop %s", name, name)
                        : r;
}

int machine_kill(const struct paths *p, const char *name, struct err *e)
{
    auto_free char *lock = machine_file(p, name, "lock");
    struct machine_run r;

    machine_read(p, name, &r);
    if (!(MACHINE_BIT(r.state) & MACHINE_LIVE) || r.pid <= 1 || !lock || !is_vmm_of(r.pid, lock))
        return err_set(e, ESRCH, "the process of %s cannot be found", name);
    if (kill(r.pid, SIGKILL) < 0)
        return err_sys(e, errno, "kill process %d", (int)r.pid);
    return 0;
}

char *machine_console_tail(const struct paths *p, const char *name, unsigned lines)
{
    auto_free char *path = machine_file(p, name, "console.log");
    auto_free char *raw = NULL;
    size_t len = 0, at;
    char *text;

    if (!path || file_read(path, 4 * CTL_CONSOLE_KEPT, &raw, &len, NULL) < 0)
        return strdup("");
    for (at = len; at && (raw[at - 1] == '\n' || raw[at - 1] == '\r'); at--)
        ;
    len = at;
    while (at && (raw[at - 1] != '\n' || --lines))
        at--;
    text = malloc(len - at + 2);
    if (!text)
        return NULL;
    plain_copy(text, len - at + 1, raw + at, len - at, true);
    if (*text)
        strcat(text, "\n");
    return text;
}
