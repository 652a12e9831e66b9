/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/acpi.h"

#include "tests/unit/fixture.h"
#include "tests/unit/firmware.h"

#include <errno.h>

#include "vmm/boot_x86.h"
#include "vmm/mem.h"

#define DEVICES 11
#define CPUS 8

struct world {
    struct mem mem;
    struct acpi_device devices[200];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, 2 << 20, NULL), 0);
    for (unsigned i = 0; i < 200; i++)
        w->devices[i] = (struct acpi_device){ACPI_ID_VIRTIO_MMIO, 0xd0000000 + 0x1000ULL * i, 0x1000, 5 + i};
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    mem_release(&w->mem);
    free(w);
    return 0;
}

/* A system description table: in the area, whole, its checksum right (5.2.6). */
static const uint8_t *table(struct world *w, uint64_t at, const char *signature, uint32_t *len)
{
    const uint8_t *t = mem_at(&w->mem, GPA(at), 36);

    assert_non_null(t);
    assert_memory_equal(t, signature, 4);
    *len = (uint32_t)number(t + 4, 4);
    assert_true(at >= BOOT_ACPI_AT && at + *len <= BOOT_ACPI_AT + BOOT_ACPI_SIZE);
    assert_int_equal(at % 16, 0);
    assert_int_equal(sum(t, *len), 0);
    return t;
}

/* The table of that name, by the way of RSDP and XSDT (5.2.5.3, 5.2.8). */
static const uint8_t *find(struct world *w, const char *signature, uint32_t *len)
{
    const uint8_t *rsdp = mem_at(&w->mem, GPA(BOOT_ACPI_AT), 36), *xsdt;
    uint32_t xsdt_len;

    assert_memory_equal(rsdp, "RSD PTR ", 8);
    assert_int_equal(sum(rsdp, 20), 0);
    assert_int_equal(sum(rsdp, 36), 0);
    assert_int_equal(rsdp[15], 2);
    assert_int_equal(number(rsdp + 20, 4), 36);
    xsdt = table(w, number(rsdp + 24, 8), "XSDT", &xsdt_len);
    assert_int_equal((xsdt_len - 36) % 8, 0);
    for (uint32_t i = 36; i < xsdt_len; i += 8) {
        uint64_t at = number(xsdt + i, 8);

        if (memcmp(mem_at(&w->mem, GPA(at), 4), signature, 4) == 0)
            return table(w, at, signature, len);
    }
    fail_msg("no %s", signature);
    return NULL;
}

static const uint8_t *write_and_find_dsdt(struct world *w, unsigned n, uint32_t *len)
{
    uint32_t fadt_len;
    struct err e;

    assert_ok(acpi_write(&w->mem, 2, w->devices, n, &e), e);
    return table(w, number(find(w, "FACP", &fadt_len) + 140, 8), "DSDT", len);
}

static void test_fadt__describes_a_hardware_reduced_platform(void **state)
{
    struct world *w = *state;
    const uint8_t *f;
    uint32_t len;

    assert_int_equal(acpi_write(&w->mem, 1, w->devices, DEVICES, NULL), 0);
    f = find(w, "FACP", &len);
    assert_int_equal(len, 276);
    assert_int_equal(number(f + 112, 4) & 1 << 20, 1 << 20); /* HW_REDUCED_ACPI */
    assert_int_equal(number(f + 112, 4) & 1 << 10, 1 << 10); /* RESET_REG_SUP */
    assert_int_equal(number(f + 120, 8), ACPI_RESET_PORT);
    assert_int_equal(f[116], 1); /* I/O space */
    assert_int_equal(f[128], ACPI_RESET_VALUE);
    assert_int_equal(number(f + 248, 8), ACPI_SLEEP_CONTROL_PORT);
    assert_int_equal(number(f + 260, 8), ACPI_SLEEP_STATUS_PORT);
    assert_int_equal(number(f + 109, 2) & 2, 0); /* no 8042 */
}

static void test_madt__names_each_cpu_once_and_the_ioapic(void **state)
{
    struct world *w = *state;
    unsigned cpus = 0, ioapics = 0;
    const uint8_t *m;
    uint32_t len;

    assert_int_equal(acpi_write(&w->mem, CPUS, w->devices, DEVICES, NULL), 0);
    m = find(w, "APIC", &len);
    assert_int_equal(number(m + 36, 4), 0xfee00000);
    assert_int_equal(number(m + 40, 4) & 1, 0); /* no 8259 */
    for (uint32_t at = 44; at < len; at += m[at + 1]) {
        assert_true(m[at + 1] >= 8 && at + m[at + 1] <= len);
        if (m[at] == 0) {
            assert_int_equal(m[at + 3], cpus++);
            assert_int_equal(number(m + at + 4, 4), 1); /* enabled */
        } else {
            assert_int_equal(m[at], 1);
            assert_int_equal(number(m + at + 4, 4), 0xfec00000);
            assert_int_equal(number(m + at + 8, 4), 0);
            ioapics++;
        }
    }
    assert_int_equal(cpus, CPUS);
    assert_int_equal(ioapics, 1);
}

/* --- a reader of the AML that is written here (chapter 20); each object ends where its package
 * does --- */

struct aml {
    const uint8_t *p, *end;
};

static struct aml package(struct aml *a)
{
    unsigned more = *a->p >> 6;
    size_t len = more ? *a->p & 0xf : *a->p & 0x3f;
    struct aml inner;

    for (unsigned i = 0; i < more; i++)
        len |= (size_t)a->p[1 + i] << (4 + 8 * i);
    assert_true(len <= (size_t)(a->end - a->p)); /* not over its parent's end */
    inner = (struct aml){a->p + 1 + more, a->p + len};
    a->p += len;
    return inner;
}

static void expect(struct aml *a, const void *bytes, size_t len)
{
    assert_true((size_t)(a->end - a->p) >= len);
    assert_memory_equal(a->p, bytes, len);
    a->p += len;
}

/* ResourceTemplate with a Memory32Fixed and an Interrupt (6.4.3.4, 6.4.3.6). */
static void read_resources(struct aml *a, const struct acpi_device *d)
{
    struct aml b;

    expect(a, "\x08_CRS\x11", 6);
    b = package(a);
    expect(&b, "\x0a\x17", 2);
    assert_int_equal(b.end - b.p, 0x17);
    expect(&b, "\x86\x09\0\x01", 4);
    assert_int_equal(number(b.p, 4), d->address);
    assert_int_equal(number(b.p + 4, 4), d->size);
    b.p += 8;
    expect(&b, "\x89\x06\0\x03\x01", 5);
    assert_int_equal(number(b.p, 4), d->irq);
    b.p += 4;
    expect(&b, "\x79\0", 2);
    assert_ptr_equal(b.p, b.end);
}

static void read_device(struct aml *scope, unsigned index, const struct acpi_device *d)
{
    char name[5];
    struct aml a;

    snprintf(name, sizeof(name), "V%03u", index % 1000);
    expect(scope, "\x5b\x82", 2);
    a = package(scope);
    expect(&a, name, 4);
    expect(&a, "\x08_HID\x0dLNRO0005\0\x08_UID\x0c", 5 + 10 + 6);
    assert_int_equal(number(a.p, 4), index);
    a.p += 4;
    expect(&a, "\x08_CCA\x01", 6);
    read_resources(&a, d);
    assert_ptr_equal(a.p, a.end);
}

static void test_dsdt__is_whole_aml(void **state)
{
    struct world *w = *state;
    static const unsigned numbers[] = {0, 1, 2, DEVICES, 40};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint32_t len;
        const uint8_t *dsdt = write_and_find_dsdt(w, numbers[i], &len);
        struct aml a = {dsdt + 36, dsdt + len}, scope, s5;

        assert_true(dsdt[8] >= 2); /* 64-bit integers */
        expect(&a, "\x10", 1);
        scope = package(&a);
        expect(&scope, "_SB_", 4);
        for (unsigned n = 0; n < numbers[i]; n++)
            read_device(&scope, n, &w->devices[n]);
        assert_ptr_equal(scope.p, scope.end);
        expect(&a, "\x08_S5_\x12", 6);
        s5 = package(&a);
        expect(&s5, (uint8_t[]){4, 0x0a, ACPI_S5_TYPE, 0, 0, 0}, 6);
        assert_ptr_equal(s5.p, s5.end);
        assert_ptr_equal(a.p, a.end);
    }
}

static void test_write__refuses_what_does_not_fit(void **state)
{
    struct world *w = *state;
    struct mem tiny;
    struct err e;

    assert_int_equal(acpi_write(&w->mem, 1, w->devices, 200, &e), -ENOSPC);
    assert_int_equal(acpi_write(&w->mem, 1000, w->devices, 1, &e), -ENOSPC);
    assert_int_equal(mem_init(&tiny, 4096, NULL), 0);
    assert_int_equal(acpi_write(&tiny, 1, w->devices, 1, &e), -ENOMEM);
    mem_release(&tiny);
}

/* Its ports and its interrupt, byte for byte as 6.4.2.5 and 6.4.3.6 have them. */
static void test_write__serial_port_has_ports_and_an_interrupt(void **state)
{
    static const char expected[] = "\x47\x01\xf8\x03\xf8\x03\x01\x08\x89\x06\x00\x03\x01\x04\x00\x00\x00\x79";
    struct world *w = *state;
    const uint8_t *dsdt;
    uint32_t len;

    w->devices[1] = (struct acpi_device){ACPI_ID_SERIAL, 0x3f8, 8, 4};
    dsdt = write_and_find_dsdt(w, 2, &len);
    assert_non_null(memmem(dsdt, len, "PNP0501", 8));
    assert_non_null(memmem(dsdt, len, expected, sizeof(expected) - 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_write__serial_port_has_ports_and_an_interrupt),
        TEST(test_fadt__describes_a_hardware_reduced_platform),
        TEST(test_madt__names_each_cpu_once_and_the_ioapic),
        TEST(test_dsdt__is_whole_aml),
        TEST(test_write__refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
