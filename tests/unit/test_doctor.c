/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every answer, over facts that this host need not have. */
#include "core/doctor.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"
#include "core/report.h"

/* A host on which nothing is wrong. */
static struct doctor_facts healthy(void)
{
    return (struct doctor_facts){.kvm = KVM_WORKS, .cpu_virtualization = true, .module_loaded = true,
                                 .create_vm_us = 1500, .kernel = (char *)"/k/vmlinux",
                                 .kernel_kind = (char *)"tuned", .vmm = (char *)"/b/lxtop-vmm",
                                 .guest = (char *)"/b/lxtop-guest", .e2fsck = (char *)"/sbin/e2fsck",
                                 .disk_free = 100LL << 30, .socket_len = 107, .data = (char *)"/d",
                                 .runtime = (char *)"/r"};
}

static const struct doctor_check *check(const char *name)
{
    for (unsigned i = 0; i < doctor_count; i++)
        if (strcmp(doctor_table[i].name, name) == 0)
            return &doctor_table[i];
    fail_msg("there is no check '%s'", name);
    return NULL;
}

static void assert_answer(const struct doctor_facts *f, const char *name, enum doctor_result result,
                          const char *what, const char *advice)
{
    struct doctor_answer a;

    memset(&a, 'x', sizeof(a));
    check(name)->ask(f, &a);
    assert_int_equal(a.result, result);
    if (!strstr(a.what, what) || !strstr(a.advice, advice))
        fail_msg("%s: '%s', '%s'", name, a.what, a.advice);
    if (result == DOCTOR_FAIL) /* whatever fails, there is something to do */
        assert_true(*a.advice);
}

static void test_doctor_table__names_and_titles_are_unlike(void **state)
{
    (void)state;
    for (unsigned i = 0; i < doctor_count; i++) {
        assert_true(*doctor_table[i].name && *doctor_table[i].title && doctor_table[i].ask);
        assert_ptr_equal(check(doctor_table[i].name), &doctor_table[i]);
    }
}

static void test_doctor__a_healthy_host_has_nothing_to_do(void **state)
{
    struct doctor_facts f = healthy();
    auto_free char *text = NULL;
    bool cannot = true;

    (void)state;
    for (unsigned i = 0; i < doctor_count; i++)
        assert_answer(&f, doctor_table[i].name, DOCTOR_OK, "", "");
    text = report_doctor(&f, REPORT_TABLE, &cannot);
    assert_false(cannot);
    assert_non_null(strstr(text, "This host can run distros."));
    assert_null(strstr(text, "FAIL"));
}

static void test_doctor__every_way_to_lack_kvm(void **state)
{
    static const struct {
        enum kvm_fact kvm;
        bool cpu, hypervisor, module, amd;
        const char *what, *advice;
    } cases[] = {
        {KVM_NO_NODE, false, true, false, false, "no /dev/kvm", "nested virtualization"},
        {KVM_NO_NODE, false, false, false, false, "no /dev/kvm", "firmware set-up (VT-x)"},
        {KVM_NO_NODE, false, false, false, true, "no /dev/kvm", "firmware set-up (SVM)"},
        {KVM_NO_NODE, true, false, false, false, "no /dev/kvm", "sudo modprobe kvm_intel"},
        {KVM_NO_NODE, true, false, false, true, "no /dev/kvm", "sudo modprobe kvm_amd"},
        {KVM_NO_NODE, true, true, true, true, "no /dev/kvm", "hand /dev/kvm into the container"},
        {KVM_NO_DEVICE, true, false, false, false, "no /dev/kvm", "sudo modprobe kvm_intel"},
        {KVM_NO_PERMISSION, true, false, true, false, "may not be opened by you", "usermod -aG kvm"},
        {KVM_WORKS, false, true, false, false, "a KVM in software", "nested virtualization"},
        {KVM_BAD, true, false, true, false, "does not work: Input/output error", "dmesg"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct doctor_facts f = healthy();
        auto_free char *text = NULL;
        bool cannot = false;

        f.kvm = cases[i].kvm;
        f.kvm_errno = EIO;
        f.cpu_virtualization = cases[i].cpu;
        f.hypervisor = cases[i].hypervisor;
        f.module_loaded = cases[i].module;
        f.amd = cases[i].amd;
        assert_answer(&f, "kvm", DOCTOR_FAIL, cases[i].what, cases[i].advice);
        text = report_doctor(&f, REPORT_TABLE, &cannot);
        assert_true(cannot);
        assert_non_null(strstr(text, "cannot run distros yet"));
    }
}

static void test_doctor__speed_is_judged_on_real_processors_alone(void **state)
{
    struct doctor_facts f = healthy();

    (void)state;
    f.create_vm_us = 20000;
    assert_answer(&f, "speed", DOCTOR_OK, "20.000 ms", "");
    f.create_vm_us = 70007;
    assert_answer(&f, "speed", DOCTOR_WARN, "70.007 ms", "favordynmods");
    f.emulated = true;
    assert_answer(&f, "speed", DOCTOR_OK, "70.007 ms", "");
    assert_answer(&f, "processor", DOCTOR_WARN, "emulated", "not hardware times");
    f.create_vm_us = -1;
    assert_answer(&f, "speed", DOCTOR_WARN, "could not be measured", "");
}

static void test_doctor__missing_files_name_the_way_to_get_them(void **state)
{
    struct doctor_facts f = healthy();
    bool cannot;

    (void)state;
    f.kernel = NULL;
    assert_answer(&f, "kernel", DOCTOR_FAIL, "no guest kernel", "make kernel");
    f.kernel_error = (char *)"no kernel: `make stock-kernel`";
    assert_answer(&f, "kernel", DOCTOR_FAIL, "no guest kernel", "make stock-kernel");
    f = healthy();
    f.kernel_kind = (char *)"stock";
    assert_answer(&f, "kernel", DOCTOR_OK, "stock kernel /k/vmlinux", "make kernel");
    f.vmm = f.guest = f.e2fsck = NULL;
    assert_answer(&f, "vmm", DOCTOR_FAIL, "lxtop-vmm is missing", "make install");
    assert_answer(&f, "guest", DOCTOR_FAIL, "lxtop-guest is missing", "make install");
    assert_answer(&f, "fsck", DOCTOR_FAIL, "e2fsck is missing", "apt-get install e2fsprogs");
    f = healthy();
    f.e2fsck = NULL; /* machines run without it */
    free(report_doctor(&f, REPORT_TABLE, &cannot));
    assert_false(cannot);
}

static void test_doctor__folders_and_sockets(void **state)
{
    struct doctor_facts f = healthy();

    (void)state;
    f.disk_free = 512LL << 20;
    assert_answer(&f, "folders", DOCTOR_WARN, "512 megabytes free under /d", "XDG_DATA_HOME");
    f.dir_error = (char *)"/d cannot be written: Permission denied";
    assert_answer(&f, "folders", DOCTOR_FAIL, "cannot be written", "XDG_");
    f.socket_len = 108; /* sun_path holds 107 and a NUL */
    assert_answer(&f, "sockets", DOCTOR_WARN, "sockets under /r", "XDG_RUNTIME_DIR");
}

static void test_doctor_facts_gather__this_host(void **state)
{
    char *folder = fixture_folder();
    struct paths p = {.data = file_path("%s/d", folder), .state = file_path("%s/s", folder),
                      .cache = file_path("%s/c", folder), .config = file_path("%s/e", folder),
                      .runtime = file_path("%s/r", folder)};
    struct doctor_facts f;
    struct options o;
    char advice[512] = "";
    bool works;

    (void)state;
    options_init(&o);
    doctor_facts_gather(&f, &p, &o);
    assert_null(f.dir_error);
    assert_int_equal(access(p.data, W_OK), 0);
    assert_true(f.disk_free > 0);
    assert_null(f.kernel);
    assert_non_null(strstr(f.kernel_error, p.cache));
    assert_int_equal(f.socket_len, strlen(p.runtime) + 63 + strlen("//vsock.sock"));
    works = f.kvm == KVM_WORKS && f.cpu_virtualization;
    assert_int_equal(doctor_kvm_works(advice, sizeof(advice)), works);
    assert_int_equal(*advice == '\0', works);
    assert_int_equal(doctor_kvm_works(NULL, 0), works);
    doctor_facts_release(&f);
    assert_int_equal(shell("rm -r %s/r && echo x > %s/r", folder, folder), 0);
    doctor_facts_gather(&f, &p, &o);
    assert_non_null(f.dir_error);
    assert_non_null(strstr(f.dir_error, p.runtime));
    doctor_facts_release(&f);
    options_release(&o);
    paths_release(&p);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doctor_table__names_and_titles_are_unlike),
        cmocka_unit_test(test_doctor__a_healthy_host_has_nothing_to_do),
        cmocka_unit_test(test_doctor__every_way_to_lack_kvm),
        cmocka_unit_test(test_doctor__speed_is_judged_on_real_processors_alone),
        cmocka_unit_test(test_doctor__missing_files_name_the_way_to_get_them),
        cmocka_unit_test(test_doctor__folders_and_sockets),
        cmocka_unit_test(test_doctor_facts_gather__this_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
