/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "vmm/chips_state.h"
#include "vmm/devices.h"
#include "vmm/mem_file.h"
#include "vmm/spec.h"
#include "vmm/state_file.h"
#include "vmm/vcpu.h"
#include "vmm/vcpu_state.h"
#include "vmm/vm_parts.h"

#define APPEND_MAX 8192

/* What all of it is gathered in before any of it is given to KVM. */
struct registers {
    struct chips chips;
    struct vcpu_registers vcpu[VCPUS_MAX];
};

/* A number that is another one for another file, or for a changed one. */
static uint64_t stamp_of(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec;
}

static void same_text(struct state *s, const char *mine, const char *what)
{
    char saved[APPEND_MAX] = "";

    strncpy(saved, mine, sizeof(saved) - 1);
    state_text(s, saved, sizeof(saved));
    if (strncmp(saved, mine, sizeof(saved) - 1) != 0)
        state_refuse(s, "%s is another than when it was saved", what);
}

/* The machine's name may be another one, in which case its guest is to know. */
static void name_state(struct vm *vm, struct state *s)
{
    char name[128] = "";

    strncpy(name, vm->spec->name, sizeof(name) - 1);
    state_text(s, name, sizeof(name));
    vm->renamed = s->loading && strncmp(name, vm->spec->name, sizeof(name) - 1) != 0;
}

/* "...hostname=" or "...machine_id=" */
static bool says_who(const char *word, size_t n)
{
    static const char *const what[] = {"hostname", "machine_id"};
    const char *value = memchr(word, '=', n);

    for (size_t i = 0; value && i < ARRAY_SIZE(what); i++) {
        size_t len = strlen(what[i]);

        if ((size_t)(value - word) >= len && memcmp(value - len, what[i], len) == 0)
            return true;
    }
    return false;
}

void snapshot_command_line(const char *line, char *to, size_t room)
{
    size_t len = 0, n;

    to[0] = '\0';
    for (const char *word = line + strspn(line, " "); *word; word += n + strspn(word + n, " ")) {
        n = strcspn(word, " ");
        if (!says_who(word, n) && len + n + 2 < room)
            len += (size_t)snprintf(to + len, room - len, "%.*s ", (int)n, word);
    }
}

static void kernel_state(const struct spec *spec, struct state *s)
{
    char line[APPEND_MAX];
    struct stat st = {0};

    if (stat(spec->kernel, &st) < 0)
        state_refuse(s, "kernel %s: %s", spec->kernel, strerror(errno));
    same_text(s, spec->kernel, "the kernel");
    state_same(s, stamp_of(&st), "the kernel's date");
    snapshot_command_line(spec->append, line, sizeof(line));
    same_text(s, line, "the kernel's command line");
}

/* The memory's file is not covered by the digest, which would have to read it all: by length and date. */
static void memory_state(const struct vm *vm, int fd, struct state *s)
{
    struct stat st = {0};

    if (fstat(fd, &st) < 0)
        state_refuse(s, "the saved memory: %s", strerror(errno));
    state_same(s, vm->mem.size, "memory in bytes");
    state_same(s, stamp_of(&st), "the date of the saved memory");
}

static void agent_state(struct vm *vm, struct state *s)
{
    uint32_t len = (uint32_t)vm->agent.len;

    state_section(s, "AGNT");
    state_text(s, vm->init, sizeof(vm->init));
    state_bool(s, &vm->exported);
    state_count(s, &len, sizeof(vm->agent.line) - 1);
    state_bytes(s, vm->agent.line, len);
    state_bool(s, &vm->agent.skipping);
    vm->agent.len = len;
}

/* The order of the file. */
static void machine_state(struct vm *vm, struct registers *r, int memory_fd, struct state *s)
{
    state_section(s, "MACH");
    name_state(vm, s);
    state_same(s, vm->spec->cpus, "CPUs");
    memory_state(vm, memory_fd, s);
    kernel_state(vm->spec, s);
    devices_state(vm->devices, s);
    serial_state(&vm->serial, s);
    agent_state(vm, s);
    chips_state(&r->chips, s);
    for (unsigned i = 0; i < vm->spec->cpus; i++)
        vcpu_registers_state(&r->vcpu[i], s);
}

/* --- saving --- */

static int read_registers(struct vm *vm, struct registers *r, struct err *e)
{
    unsigned cpus = vm->spec->cpus;

    for (unsigned i = 0; i < cpus; i++) {
        int fd = vcpus_fd(vm->vcpus, i);

        if (vcpu_cpuid(&r->vcpu[i].cpuid, &vm->kvm, fd, i, cpus, e) < 0 ||
            vcpu_registers_read(&r->vcpu[i], &vm->kvm, fd, e) < 0)
            return -EIO;
        vcpu_registers_same_clock(&r->vcpu[0], &r->vcpu[i]);
    }
    return chips_read(&r->chips, &vm->kvm, e);
}

static int take_state(struct vm *vm, struct registers *r, struct snapshot_saving *to, struct err *e)
{
    struct state s;

    state_save(&s);
    machine_state(vm, r, to->memory_fd, &s);
    to->state = state_file_wrap(&s, &to->state_len, e);
    state_release(&s);
    return to->state ? 0 : -EIO;
}

/* What KVM's log cannot tell is written whole. */
static int take_memory(struct vm *vm, struct snapshot_saving *s, struct err *e)
{
    struct stat st;
    int r;

    kvm_read_log(&vm->kvm, &vm->mem, NULL);
    r = mem_save(&vm->mem, s->memory_fd, &s->memory_bytes, e);
    if (r == 0)
        r = mem_rebase(&vm->mem, s->memory_fd, &s->before, e);
    if (r < 0)
        return r;
    s->size = vm->mem.size;
    s->rebased = true;
    if (fstat(s->memory_fd, &st) < 0)
        return err_sys(e, errno, "the saved memory");
    s->date = st.st_mtim;
    return 0;
}

/* The registers first: the guest's clock stands where it was paused, however long its memory takes. */
static int take_into(struct vm *vm, struct snapshot_saving *s, struct err *e)
{
    auto_free char *path = file_path("%s/%s", s->part, SNAPSHOT_MEMORY);
    auto_free struct registers *registers = calloc(1, sizeof(*registers));
    int r;

    if (!path || !registers)
        return err_sys(e, ENOMEM, "the machine's state");
    s->memory_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (s->memory_fd < 0)
        return err_sys(e, errno, "write %s", path);
    r = read_registers(vm, registers, e);
    if (r == 0)
        r = take_memory(vm, s, e);
    return r == 0 ? take_state(vm, registers, s, e) : r;
}

void snapshot_drop(struct vm *vm, struct snapshot_saving *s)
{
    if (!s->folder)
        return;
    if (s->rebased && !s->kept)
        vm->mem.base = mem_base_join(&s->before, &vm->mem.base, s->size);
    mem_base_release(&s->before);
    if (s->memory_fd >= 0)
        close(s->memory_fd);
    if (s->part && !s->kept)
        file_remove_tree(s->part, NULL);
    free(s->state);
    free(s->part);
    free(s->folder);
    *s = (struct snapshot_saving){.memory_fd = -1};
}

/* What was half written before is swept away. */
int snapshot_take(struct vm *vm, const char *folder, struct snapshot_saving *s, struct err *e)
{
    int r;

    *s = (struct snapshot_saving){strdup(folder), file_path("%s.part", folder), .memory_fd = -1};
    r = s->folder && s->part ? file_remove_tree(s->part, e) : err_sys(e, ENOMEM, "snapshot");
    if (r == 0 && access(folder, F_OK) == 0)
        r = err_set(e, EEXIST, "%s is there already", folder);
    if (r == 0 && mkdir(s->part, 0700) < 0)
        r = err_sys(e, errno, "make %s", s->part);
    if (r == 0)
        r = take_into(vm, s, e);
    if (r < 0)
        snapshot_drop(vm, s);
    return r;
}

/* Nobody may change what machines are mapped on. */
static int sync_parts(const struct snapshot_saving *s, struct err *e)
{
    const struct timespec dates[2] = {{.tv_nsec = UTIME_OMIT}, s->date};
    auto_free char *path = file_path("%s/%s", s->part, SNAPSHOT_STATE);
    int r = path ? mem_save_rest(&s->before, s->size, s->memory_fd, e) : err_sys(e, ENOMEM, "the machine's state");

    if (r == 0 && (futimens(s->memory_fd, dates) < 0 || fchmod(s->memory_fd, 0400) < 0 || fsync(s->memory_fd) < 0))
        r = err_sys(e, errno, "write the machine's memory");
    if (r == 0)
        r = file_write_atomic(path, s->state, s->state_len, 0600, e);
    return r == 0 ? file_fsync_dir(s->part, e) : r;
}

/* The name is taken by a folder that is whole or by none. */
int snapshot_keep(struct snapshot_saving *s, struct err *e)
{
    auto_free char *above = file_path("%s/..", s->folder);
    int r = above ? sync_parts(s, e) : err_sys(e, ENOMEM, "snapshot");

    if (r == 0 && rename(s->part, s->folder) < 0)
        r = err_sys(e, errno, "name %s", s->folder);
    if (r == 0)
        r = file_fsync_dir(above, e);
    s->kept = r == 0;
    return r;
}

/* --- loading --- */

int snapshot_open(struct snapshot_source *s, const char *folder, struct err *e)
{
    auto_free char *state = file_path("%s/%s", folder, SNAPSHOT_STATE);
    auto_free char *memory = file_path("%s/%s", folder, SNAPSHOT_MEMORY);
    size_t len;
    int r;

    *s = (struct snapshot_source){.memory_fd = -1};
    if (!state || !memory)
        return err_sys(e, ENOMEM, "snapshot");
    r = file_read(state, STATE_MAX, (char **)&s->bytes, &len, e);
    if (r == 0 && (r = state_file_open(&s->state, s->bytes, len, e)) < 0)
        err_wrap(e, "%s", state);
    if (r == 0 && (s->memory_fd = open(memory, O_RDONLY | O_CLOEXEC)) < 0)
        r = err_sys(e, errno, "%s", memory);
    if (r < 0)
        snapshot_close(s);
    return r;
}

void snapshot_close(struct snapshot_source *s)
{
    free(s->bytes);
    s->bytes = NULL;
    if (s->memory_fd >= 0)
        close(s->memory_fd);
    s->memory_fd = -1;
}

static int write_registers(struct vm *vm, const struct registers *r, struct err *e)
{
    struct cpuid_table *mine = calloc(1, sizeof(*mine));
    int rc = mine ? 0 : err_sys(e, ENOMEM, "CPUID");

    for (unsigned i = 0; i < vm->spec->cpus && rc == 0; i++) {
        int fd = vcpus_fd(vm->vcpus, i);

        rc = vcpu_cpuid(mine, &vm->kvm, fd, i, vm->spec->cpus, e);
        if (rc == 0)
            rc = cpuid_same(&r->vcpu[i].cpuid, mine, e);
        if (rc == 0)
            rc = vcpu_registers_write(&r->vcpu[i], &vm->kvm, fd, e);
    }
    free(mine);
    /* After the local APICs: what an interrupt controller has pending goes to them at once. */
    return rc == 0 ? chips_write(&r->chips, &vm->kvm, e) : rc;
}

int snapshot_load(struct snapshot_source *s, struct vm *vm, struct err *e)
{
    struct registers *r = calloc(1, sizeof(*r));
    int rc = r ? 0 : err_sys(e, ENOMEM, "the machine's state");

    if (r) {
        machine_state(vm, r, s->memory_fd, &s->state);
        rc = state_finish(&s->state, e);
    }
    if (rc == 0)
        rc = write_registers(vm, r, e);
    free(r);
    return rc;
}
