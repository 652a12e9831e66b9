/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/cpu.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/program.h"
#include "core/kernel.h"
#include "core/model.h"
#include "core/store.h"
#include "core/words.h"

#define SLOW_CREATE_US 20000
#define LITTLE_DISK (2LL << 30)

/* --- facts --- */

static enum kvm_fact look_at_kvm(int *why)
{
    auto_close int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    *why = fd < 0 ? errno : 0;
    if (fd >= 0)
        return ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION ? KVM_WORKS : KVM_BAD;
    if (*why == ENOENT)
        return KVM_NO_NODE;
    if (*why == EACCES || *why == EPERM)
        return KVM_NO_PERMISSION;
    return *why == ENODEV || *why == ENXIO ? KVM_NO_DEVICE : KVM_BAD;
}

static bool kvm_runs_us(enum kvm_fact kvm)
{
    return kvm == KVM_WORKS && cpu_has_virtualization();
}

/* How long the host takes to make an empty machine; some kernels take 20 to 70 ms. */
static int64_t time_create_vm(void)
{
    auto_close int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    struct timespec a, b;
    int vm;

    if (fd < 0)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &a);
    vm = ioctl(fd, KVM_CREATE_VM, 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    if (vm < 0)
        return -1;
    close(vm);
    return (b.tv_sec - a.tv_sec) * 1000000LL + (b.tv_nsec - a.tv_nsec) / 1000;
}

static bool file_has(const char *path, const char *word)
{
    auto_free char *text = NULL;

    return file_read(path, 1 << 20, &text, NULL, NULL) == 0 && strstr(text, word);
}

static bool is_emulated(void)
{
    const char *lab = getenv("LXTOP_LAB");

    return (lab && strcmp(lab, "emulated") == 0) || file_has("/proc/cpuinfo", "QEMU TCG");
}

static void gather_processor(struct doctor_facts *f)
{
    f->cpu_virtualization = cpu_has_virtualization();
    f->amd = file_has("/proc/cpuinfo", "AuthenticAMD");
    f->hypervisor = file_has("/proc/cpuinfo", " hypervisor");
    f->emulated = is_emulated();
    f->module_loaded = access("/sys/module/kvm_intel", F_OK) == 0 ||
                       access("/sys/module/kvm_amd", F_OK) == 0;
}

static void gather_kernel(struct doctor_facts *f, const struct paths *p, const struct options *o)
{
    struct kernel k;
    struct err e;

    if (kernel_find(p, options_text(o, OPT_KERNEL), &k, &e) < 0) {
        f->kernel_error = strdup(e.msg);
        return;
    }
    f->kernel = strdup(k.image);
    f->kernel_kind = strdup(k.tuned ? "tuned" : "stock");
    kernel_release(&k);
}

static void gather_folders(struct doctor_facts *f, const struct paths *p)
{
    const char *const folders[] = {p->data, p->state, p->cache, p->runtime};
    struct statvfs v;

    for (size_t i = 0; i < 4 && !f->dir_error; i++) {
        struct err e = {0};

        if (file_mkdirs(folders[i], 0700, &e) < 0)
            f->dir_error = strdup(e.msg);
        else if (access(folders[i], W_OK) < 0)
            f->dir_error = file_path("%s cannot be written: %s", folders[i], strerror(errno));
    }
    f->disk_free = statvfs(p->data, &v) == 0 ? (int64_t)v.f_bavail * (int64_t)v.f_frsize : -1;
    f->socket_len = strlen(p->runtime) + NAME_MAX_LEN + strlen("//vsock.sock");
    f->data = strdup(p->data);
    f->runtime = strdup(p->runtime);
}

void doctor_facts_gather(struct doctor_facts *f, const struct paths *p, const struct options *o)
{
    *f = (struct doctor_facts){.create_vm_us = -1};
    f->kvm = look_at_kvm(&f->kvm_errno);
    if (f->kvm == KVM_WORKS)
        f->create_vm_us = time_create_vm();
    gather_processor(f);
    gather_kernel(f, p, o);
    f->vmm = program_find("lxtop-vmm", "LXTOP_VMM");
    f->guest = program_find("lxtop-guest", "LXTOP_GUEST");
    f->e2fsck = program_find("e2fsck", NULL);
    gather_folders(f, p);
}

void doctor_facts_release(struct doctor_facts *f)
{
    free(f->kernel);
    free(f->kernel_kind);
    free(f->kernel_error);
    free(f->vmm);
    free(f->guest);
    free(f->e2fsck);
    free(f->dir_error);
    free(f->data);
    free(f->runtime);
    *f = (struct doctor_facts){0};
}

/* --- answers --- */

static void __attribute__((format(printf, 3, 4))) say(struct doctor_answer *a, enum doctor_result r,
                                                      const char *what, ...)
{
    va_list ap;

    a->result = r;
    a->advice[0] = '\0';
    va_start(ap, what);
    vsnprintf(a->what, sizeof(a->what), what, ap);
    va_end(ap);
}

static void __attribute__((format(printf, 2, 3))) advise(struct doctor_answer *a, const char *text,
                                                         ...)
{
    va_list ap;

    va_start(ap, text);
    vsnprintf(a->advice, sizeof(a->advice), text, ap);
    va_end(ap);
}

/* No device node: the processor, the firmware or the module is the reason. */
static void explain_missing_kvm(const struct doctor_facts *f, struct doctor_answer *a)
{
    const char *module = f->amd ? "kvm_amd" : "kvm_intel";

    say(a, DOCTOR_FAIL, "there is no /dev/kvm");
    if (!f->cpu_virtualization && f->hypervisor)
        advise(a, "this host is itself a virtual machine: switch nested virtualization on in the "
                  "hypervisor below it");
    else if (!f->cpu_virtualization)
        advise(a, "the processor shows no virtualization: switch it on in the firmware set-up "
                  "(%s), if the processor has it", f->amd ? "SVM" : "VT-x");
    else if (!f->module_loaded)
        advise(a, "load the kernel's module: sudo modprobe %s; if that fails, virtualization is "
                  "off in the firmware set-up", module);
    else
        advise(a, "the module %s is loaded but its device is missing: sudo udevadm trigger, or "
                  "hand /dev/kvm into the container", module);
}

static void ask_kvm(const struct doctor_facts *f, struct doctor_answer *a)
{
    if (f->kvm == KVM_WORKS && f->cpu_virtualization) {
        say(a, DOCTOR_OK, "/dev/kvm works");
    } else if (f->kvm == KVM_WORKS) {
        say(a, DOCTOR_FAIL, "/dev/kvm is a KVM in software, which runs only kernels made for it");
        advise(a, "this processor shows no hardware virtualization: switch it on in the firmware "
                  "set-up, or nested virtualization in the hypervisor below this host");
    } else if (f->kvm == KVM_NO_PERMISSION) {
        say(a, DOCTOR_FAIL, "/dev/kvm may not be opened by you");
        advise(a, "add yourself to its group and log in again: sudo usermod -aG kvm $USER");
    } else if (f->kvm == KVM_BAD) {
        say(a, DOCTOR_FAIL, "/dev/kvm does not work: %s", strerror(f->kvm_errno));
        advise(a, "look into the kernel's messages: sudo dmesg | grep -i kvm");
    } else {
        explain_missing_kvm(f, a);
    }
}

static void ask_speed(const struct doctor_facts *f, struct doctor_answer *a)
{
    if (f->create_vm_us < 0) {
        say(a, DOCTOR_WARN, "the time to create a machine could not be measured");
        return;
    }
    say(a, f->create_vm_us > SLOW_CREATE_US && !f->emulated ? DOCTOR_WARN : DOCTOR_OK,
        "KVM creates a machine in %lld.%03lld ms", (long long)f->create_vm_us / 1000,
        (long long)f->create_vm_us % 1000);
    if (a->result == DOCTOR_WARN)
        advise(a, "more than 20 ms: kernels from 6.0 wait for a move between control groups; "
                  "sudo mount -o remount,favordynmods /sys/fs/cgroup avoids it");
}

static void ask_emulation(const struct doctor_facts *f, struct doctor_answer *a)
{
    if (!f->emulated) {
        say(a, DOCTOR_OK, "the processor is a real one");
        return;
    }
    say(a, DOCTOR_WARN, "this host's processor is emulated");
    advise(a, "times under emulation are not hardware times");
}

static void ask_kernel(const struct doctor_facts *f, struct doctor_answer *a)
{
    if (!f->kernel) {
        say(a, DOCTOR_FAIL, "no guest kernel");
        advise(a, "%s", f->kernel_error ? f->kernel_error : "make kernel");
        return;
    }
    say(a, DOCTOR_OK, "%s kernel %s", f->kernel_kind, f->kernel);
    if (strcmp(f->kernel_kind, "stock") == 0)
        advise(a, "machines start faster on the tuned kernel: make kernel");
}

static void ask_program(struct doctor_answer *a, const char *path, const char *name,
                        const char *advice)
{
    if (path) {
        say(a, DOCTOR_OK, "%s", path);
        return;
    }
    say(a, DOCTOR_FAIL, "%s is missing", name);
    advise(a, "%s", advice);
}

static void ask_vmm(const struct doctor_facts *f, struct doctor_answer *a)
{
    ask_program(a, f->vmm, "lxtop-vmm", "build and install lxtop whole: make install");
}

static void ask_guest(const struct doctor_facts *f, struct doctor_answer *a)
{
    ask_program(a, f->guest, "lxtop-guest", "build and install lxtop whole: make install");
}

static void ask_fsck(const struct doctor_facts *f, struct doctor_answer *a)
{
    ask_program(a, f->e2fsck, "e2fsck",
                "a distro that did not end in order cannot be checked: sudo apt-get install e2fsprogs");
}

static void ask_folders(const struct doctor_facts *f, struct doctor_answer *a)
{
    char text[WORDS_TEXT];

    if (f->dir_error) {
        say(a, DOCTOR_FAIL, "%s", f->dir_error);
        advise(a, "make it yours and writable, or name others by the XDG_*_HOME variables");
    } else if (f->disk_free >= 0 && f->disk_free < LITTLE_DISK) {
        say(a, DOCTOR_WARN, "%s free under %s", words_size(text, f->disk_free), f->data);
        advise(a, "little for distros; free some, or move XDG_DATA_HOME");
    } else {
        say(a, DOCTOR_OK, "folders can be written, %s free", words_size(text, f->disk_free));
    }
}

static void ask_sockets(const struct doctor_facts *f, struct doctor_answer *a)
{
    unsigned long most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

    say(a, f->socket_len <= most ? DOCTOR_OK : DOCTOR_WARN, "sockets under %s", f->runtime);
    if (a->result != DOCTOR_OK)
        advise(a, "the path leaves no room for long names (a socket's path has at most %lu bytes); "
                  "set XDG_RUNTIME_DIR to a shorter one", most);
}

const struct doctor_check doctor_table[] = {
    {"kvm", "KVM", true, ask_kvm},
    {"speed", "Speed of KVM", false, ask_speed},
    {"processor", "Processor", false, ask_emulation},
    {"kernel", "Guest kernel", true, ask_kernel},
    {"vmm", "lxtop-vmm", true, ask_vmm},
    {"guest", "lxtop-guest", true, ask_guest},
    {"fsck", "e2fsck", false, ask_fsck},
    {"folders", "Folders", true, ask_folders},
    {"sockets", "Sockets", false, ask_sockets},
};
const unsigned doctor_count = ARRAY_SIZE(doctor_table);

/* --- the header of the screens --- */

void doctor_host_memory(struct model_host *h)
{
    auto_free char *text = NULL;
    const char *line;
    long long kb;

    if (file_read("/proc/meminfo", 65536, &text, NULL, NULL) < 0)
        return;
    if ((line = strstr(text, "MemTotal:")) && sscanf(line, "MemTotal: %lld", &kb) == 1)
        h->memory = kb * 1024;
    if ((line = strstr(text, "MemAvailable:")) && sscanf(line, "MemAvailable: %lld", &kb) == 1)
        h->available = kb * 1024;
}

/* proc(5), /proc/stat: user nice system idle iowait irq softirq steal, in ticks of all processors. */
void doctor_host_cpu(struct model_host *h)
{
    auto_free char *text = NULL;
    long long t[8] = {0}, all = 0, busy;

    h->cpu_percent = -1;
    if (file_read("/proc/stat", 1 << 20, &text, NULL, NULL) < 0 ||
        sscanf(text, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6],
               &t[7]) < 4)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(t); i++)
        all += t[i];
    busy = all - t[3] - t[4];
    if (h->cpu_all && all > h->cpu_all && busy >= h->cpu_busy)
        h->cpu_percent = 100.0 * (double)(busy - h->cpu_busy) / (double)(all - h->cpu_all);
    h->cpu_all = all;
    h->cpu_busy = busy;
}

void doctor_host_disk(struct model_host *h, const char *path)
{
    struct statvfs v;

    bool known = statvfs(path, &v) == 0;

    h->disk_free = known ? (int64_t)v.f_bavail * (int64_t)v.f_frsize : -1;
    h->disk_size = known ? (int64_t)v.f_blocks * (int64_t)v.f_frsize : -1;
}

void doctor_host(struct model_host *h)
{
    h->disk_free = h->disk_size = -1;
    doctor_host_cpu(h);
    h->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    h->kvm = doctor_kvm_works(NULL, 0);
    h->emulated = is_emulated();
    doctor_host_memory(h);
}

bool doctor_kvm_works(char *advice, unsigned size)
{
    struct doctor_facts f = {0};
    struct doctor_answer a;

    f.kvm = look_at_kvm(&f.kvm_errno);
    if (kvm_runs_us(f.kvm))
        return true;
    gather_processor(&f);
    ask_kvm(&f, &a);
    snprintf(advice, size, "%s: %s", a.what, a.advice);
    return false;
}
