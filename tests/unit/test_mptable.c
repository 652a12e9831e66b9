/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/mptable.h"

#include "tests/unit/fixture.h"
#include "tests/unit/firmware.h"

#include <errno.h>

#include "vmm/boot_x86.h"
#include "vmm/mem.h"

#define LAST_KILOBYTE 0x9fc00 /* one of the places where Linux looks (MP specification 1.4, 4) */

struct seen {
    unsigned cpus, boot_cpus, buses, ioapics, lines, local;
    unsigned ioapic_id;
};

/* Entries of table 4-3: processors take 20 bytes, the others 8; sorted by type. */
static struct seen read_entries(const uint8_t *p, const uint8_t *end, unsigned entries)
{
    struct seen s = {0};
    unsigned last = 0;

    while (entries--) {
        assert_true(p + (p[0] == 0 ? 20 : 8) <= end);
        assert_true(p[0] >= last);
        last = p[0];
        if (p[0] == 0) {
            assert_int_equal(p[1], s.cpus++);
            assert_int_equal(p[3] & 1, 1);
            s.boot_cpus += p[3] >> 1 & 1;
        } else if (p[0] == 1) {
            assert_memory_equal(p + 2, "ISA   ", 6);
            s.buses++;
        } else if (p[0] == 2) {
            assert_int_equal(number(p + 4, 4), 0xfec00000);
            s.ioapic_id = p[1];
            s.ioapics++;
        } else if (p[0] == 3) {
            assert_int_equal(p[5], s.lines);
            assert_int_equal(p[7], s.lines++);
            assert_int_equal(p[6], s.ioapic_id);
        } else {
            assert_int_equal(p[0], 4);
            s.local++;
        }
        p += p[0] == 0 ? 20 : 8;
    }
    assert_ptr_equal(p, end);
    return s;
}

static void test_write__tables_say_what_there_is(void **state)
{
    (void)state;
    for (unsigned cpus = 1; cpus <= 8; cpus++) {
        const uint8_t *floating, *table;
        struct seen s;
        struct mem m;

        assert_int_equal(mem_init(&m, 1 << 20, NULL), 0);
        assert_int_equal(mptable_write(&m, cpus, NULL), 0);
        floating = mem_at(&m, GPA(LAST_KILOBYTE), 1024);
        assert_memory_equal(floating, "_MP_", 4);
        assert_int_equal(sum(floating, 16), 0);
        assert_int_equal(floating[8], 1); /* of 16 bytes */
        assert_in_range(number(floating + 4, 4), LAST_KILOBYTE + 16, 0xa0000 - 44);
        table = mem_at(&m, GPA(number(floating + 4, 4)), 44);
        assert_memory_equal(table, "PCMP", 4);
        assert_true(number(floating + 4, 4) + number(table + 4, 2) <= 0xa0000);
        assert_int_equal(sum(table, number(table + 4, 2)), 0);
        assert_int_equal(number(table + 36, 4), 0xfee00000);
        s = read_entries(table + 44, table + number(table + 4, 2), number(table + 34, 2));
        assert_int_equal(s.cpus, cpus);
        assert_int_equal(s.boot_cpus, 1);
        assert_int_equal(s.buses, 1);
        assert_int_equal(s.ioapics, 1);
        assert_true(s.ioapic_id >= cpus); /* no CPU's */
        assert_int_equal(s.lines, 16);
        assert_int_equal(s.local, 2);
        mem_release(&m);
    }
}

static void test_write__memory_without_the_place_is_refused(void **state)
{
    struct mem m;
    struct err e;

    (void)state;
    assert_int_equal(mem_init(&m, 64 << 10, NULL), 0);
    assert_int_equal(mptable_write(&m, 1, &e), -ENOMEM);
    mem_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__tables_say_what_there_is),
        cmocka_unit_test(test_write__memory_without_the_place_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
