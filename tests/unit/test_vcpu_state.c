/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers in the file, and which processors a guest may move between; KVM itself is the lab's. */
#include "vmm/vcpu_state.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/state.h"

static struct vcpu_registers *some(void)
{
    struct vcpu_registers *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    r->cpuid.nent = 3;
    r->cpuid.entries[0] = (struct kvm_cpuid_entry2){.function = 1, .eax = 5};
    r->cpuid.entries[1] = (struct kvm_cpuid_entry2){.function = 0xb, .index = 1, .ebx = 2};
    r->cpuid.entries[2] = (struct kvm_cpuid_entry2){.function = 0x40000010, .eax = 2000000};
    r->regs.rip = 0x1234;
    r->xsave_size = 5000;
    r->xsave[4999] = 9;
    r->msrs = 2;
    r->msr[0] = (struct kvm_msr_entry){.index = 0x10, .data = 100};
    r->msr[1] = (struct kvm_msr_entry){.index = 0x6e0, .data = 200};
    return r;
}

static void test_registers__come_back_as_they_were(void **state)
{
    struct vcpu_registers *r = some(), *back = calloc(1, sizeof(*back));
    struct state out, in;
    struct err e = {0};

    (void)state;
    state_save(&out);
    vcpu_registers_state(r, &out);
    state_load(&in, out.out, out.len);
    vcpu_registers_state(back, &in);
    assert_ok(state_finish(&in, &e), e);
    assert_memory_equal(r, back, sizeof(*r));
    for (size_t cut = 0; cut < out.len; cut += 7) {
        state_load(&in, out.out, cut);
        vcpu_registers_state(back, &in);
        assert_int_equal(state_finish(&in, &e), -EINVAL);
        assert_true(back->cpuid.nent <= CPUID_ENTRIES_MAX && back->msrs <= VCPU_MSRS_MAX &&
                    back->xsave_size <= VCPU_XSAVE_MAX);
    }
    state_release(&out);
    free(r);
    free(back);
}

static void test_clock__of_all_is_the_first_ones(void **state)
{
    struct vcpu_registers *a = some(), *b = some();

    (void)state;
    b->msr[0].data = 150;
    vcpu_registers_same_clock(a, b);
    assert_int_equal(b->msr[0].data, 100);
    assert_int_equal(b->msr[1].data, 200);
    free(a);
    free(b);
}

static void test_processor__must_be_the_same_but_for_its_rate(void **state)
{
    struct vcpu_registers *a = some(), *b = some();
    struct err e = {0};

    (void)state;
    assert_ok(cpuid_same(&a->cpuid, &b->cpuid, &e), e);
    b->cpuid.entries[2].eax += 400; /* 200 ppm */
    assert_ok(cpuid_same(&a->cpuid, &b->cpuid, &e), e);
    b->cpuid.entries[2].eax += 400;
    assert_int_equal(cpuid_same(&a->cpuid, &b->cpuid, &e), -EINVAL);
    b->cpuid.entries[2].eax = a->cpuid.entries[2].eax;
    b->cpuid.entries[1].ebx = 4;
    assert_int_equal(cpuid_same(&a->cpuid, &b->cpuid, &e), -EINVAL);
    assert_says(e, "leaf 0xb");
    b->cpuid.nent = 2;
    assert_int_equal(cpuid_same(&a->cpuid, &b->cpuid, &e), -EINVAL);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers__come_back_as_they_were),
        cmocka_unit_test(test_clock__of_all_is_the_first_ones),
        cmocka_unit_test(test_processor__must_be_the_same_but_for_its_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
