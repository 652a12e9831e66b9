/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for the control server that only notes what was asked of it: the functions of vmm/vm.h
 * that ctl_server.c calls.  A program that includes this takes these instead of libvmm's.
 */
#ifndef TESTS_UNIT_FAKE_VM_H
#define TESTS_UNIT_FAKE_VM_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/forward.h"
#include "vmm/vm.h"

struct vm {
    char calls[4096]; /* "pause;stop 0 10000;" ... */
    const char *padding; /* in each status */
    bool stats_fail, viewer_fail, going_down;
    int viewer; /* the descriptor given to the last console, -1: none */
    vm_snapshot_done *snapshot_done;
    void *snapshot_ctx;
};

static inline void fake_note(struct vm *vm, const char *what)
{
    strncat(vm->calls, what, sizeof(vm->calls) - strlen(vm->calls) - 1);
}

json_t *vm_status(struct vm *vm)
{
    return json_pack("{s:s, s:s}", "state", "running", "padding", vm->padding ? vm->padding : "");
}

json_t *vm_stats(struct vm *vm, struct err *e)
{
    if (vm->stats_fail) {
        err_set(e, EIO, "no statistics: \"%s\"", "quoted");
        return NULL;
    }
    return json_pack("{s:i}", "uptime_us", 5);
}

int vm_save(struct vm *vm, const char *folder, bool end, json_t *reply, struct err *e)
{
    char text[128];

    if (strcmp(folder, "/taken") == 0)
        return err_set(e, EEXIST, "/taken is there already");
    snprintf(text, sizeof(text), "save %s %d;", folder, end);
    fake_note(vm, text);
    json_object_set_new(reply, "pause_us", json_integer(7));
    return 0;
}

void vm_pause(struct vm *vm)
{
    fake_note(vm, "pause;");
}

void vm_resume(struct vm *vm)
{
    fake_note(vm, "resume;");
}

void vm_stop(struct vm *vm, bool force, int deadline_ms)
{
    char text[64];

    snprintf(text, sizeof(text), "stop %d %d;", force, deadline_ms);
    fake_note(vm, text);
}

void vm_resize(struct vm *vm, unsigned rows, unsigned cols)
{
    char text[64];

    snprintf(text, sizeof(text), "resize %u %u;", rows, cols);
    fake_note(vm, text);
}

void vm_set_idle(struct vm *vm, int64_t timeout_ms)
{
    char text[64];

    snprintf(text, sizeof(text), "idle %lld;", (long long)timeout_ms);
    fake_note(vm, text);
}

int vm_use(struct vm *vm, struct err *e)
{
    if (vm->going_down)
        return err_set(e, ESHUTDOWN, "it is stopping");
    fake_note(vm, "use;");
    return 0;
}

int vm_add_viewer(struct vm *vm, int fd, const char *typed, size_t len, struct err *e)
{
    char text[64];

    if (vm->viewer_fail)
        return err_set(e, ENOMEM, "no viewer");
    snprintf(text, sizeof(text), "viewer %.*s;", (int)(len < 32 ? len : 32), typed);
    fake_note(vm, text);
    if (vm->viewer >= 0)
        close(vm->viewer);
    vm->viewer = fd;
    return 0;
}

json_t *vm_forwards(struct vm *vm)
{
    (void)vm;
    return json_pack("{s[s]}", "forwards", "8080:80");
}

int vm_forward(struct vm *vm, const struct forward *f, bool add, struct err *e)
{
    char text[64];

    if (f->host_port == 1)
        return err_set(e, EADDRINUSE, "port 1 is taken");
    snprintf(text, sizeof(text), "forward %u %u %d;", f->host_port, f->guest_port, add);
    fake_note(vm, text);
    return 0;
}

/* "later" is answered by fake_snapshot_done; "now" at once. */
int vm_snapshot(struct vm *vm, const struct vm_snapshot_order *o, vm_snapshot_done *done, void *ctx,
                struct err *e)
{
    struct vm_snapshot_result result = {.frozen = true};
    char text[128];

    if (strcmp(o->disk, "none") == 0)
        return err_set(e, ENOENT, "no such disk");
    snprintf(text, sizeof(text), "snapshot %s %s %s%s%s;", o->disk, o->from, o->to, o->memory ? " " : "",
             o->memory ? o->memory : "");
    fake_note(vm, text);
    vm->snapshot_done = done;
    vm->snapshot_ctx = ctx;
    if (o->memory)
        result = (struct vm_snapshot_result){.pause_us = 7, .memory_bytes = 4096};
    if (o->memory && strcmp(o->memory, "/full") == 0)
        err_set(&result.memory, ENOSPC, "no room");
    if (strcmp(o->disk, "now") == 0)
        done(ctx, &result, &(struct err){.code = 0});
    return 0;
}

#endif
