/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/run_file.h"

#include <cpuid.h>
#include <string.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"

#define LOG "run-file"
#include "core/base/log.h"

/* Does this host itself run on QEMU's software CPU?  Leaf 0x40000000 carries its name. */
static bool is_emulated(void)
{
    unsigned eax, ebx, ecx, edx;
    char name[13] = "";

    __cpuid(1, eax, ebx, ecx, edx);
    if (!(ecx & 1U << 31))
        return false;
    __cpuid(0x40000000, eax, ebx, ecx, edx);
    memcpy(name, &ebx, 4);
    memcpy(name + 4, &ecx, 4);
    memcpy(name + 8, &edx, 4);
    return strcmp(name, "TCGTCGTCGTCG") == 0;
}

static json_t *boot_id(void)
{
    auto_free char *text = NULL;

    if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, NULL, NULL) < 0)
        return json_string("");
    text[strcspn(text, "\n")] = '\0';
    return json_string(text);
}

void run_file_write(const char *path, json_t *status)
{
    auto_free char *text = NULL;
    struct err e;

    json_object_set_new(status, "pid", json_integer(getpid()));
    json_object_set_new(status, "boot_id", boot_id());
    json_object_set_new(status, "emulated", json_boolean(is_emulated()));
    text = json_dumps(status, JSON_INDENT(2));
    if (text && file_write_atomic(path, text, strlen(text), 0600, &e) < 0)
        log_warn("%s", e.msg);
}
