/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that are refused, and why: hostile ones, and those of others with more than is done here. */
#include "tests/unit/disk_world.h"

#include <errno.h>

#include "core/disk/chain.h"

static void poke(const char *path, off_t at, uint64_t value, unsigned bytes)
{
    auto_close int fd = open(path, O_WRONLY);
    uint8_t big[8];

    for (unsigned i = 0; i < bytes; i++)
        big[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    assert_int_equal(pwrite(fd, big, bytes, at), bytes);
}

static void test_disk_qcow2__headers_that_are_refused(void **state)
{
    static const struct {
        off_t at;
        uint64_t value;
        unsigned bytes;
        const char *says;
    } cases[] = {
        {0, 0, 4, "no qcow2"},          {4, 1, 4, "version"},          {4, 4, 4, "version"},
        {20, 8, 4, "clusters"},         {20, 22, 4, "clusters"},       {20, UINT32_MAX, 4, "clusters"},
        {24, 0, 8, "size"},             {24, 513, 8, "size"},          {24, UINT64_MAX - 511, 8, "size"},
        {24, 1ULL << 45, 8, "L1"},      {32, 1, 4, "encrypted"},       {32, 2, 4, "encrypted"},
        {36, 0, 4, "L1"},               {36, UINT32_MAX, 4, "L1"},     {40, 0, 8, "L1"},
        {40, 1, 8, "L1"},               {40, 1ULL << 62, 8, "L1"},     {40, UINT64_MAX - 65535, 8, "L1"},
        {48, 0, 8, "refcount table"},   {48, 3, 8, "refcount table"},  {48, 1ULL << 60, 8, "refcount table"},
        {56, 0, 4, "refcount table"},   {56, UINT32_MAX, 4, "refcount table"},
        {60, 1, 4, "snapshots"},        {72, 2, 8, "corrupt"},         {72, 4, 8, "external"},
        {72, 16, 8, "subclusters"},        {72, 1ULL << 63, 8, "newer"}, {72, 8, 8, "compression"},
        {96, 7, 4, "refcounts"},        {96, UINT32_MAX, 4, "refcounts"}, {100, 0, 4, "length"},
        {100, 103, 4, "length"},        {100, UINT32_MAX, 4, "length"}, {8, 65536, 8, "below"},
        {8, UINT64_MAX, 8, "below"},    {16, 5000, 4, "below"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};

        unlink("t");
        create(w, "t", "base", "raw");
        poke("t", cases[i].at, cases[i].value, cases[i].bytes);
        if (disk_open(&w->d, w->io, "t", "qcow2", i % 2, &e) == 0)
            fail_msg("case %zu (%s) was not refused", i, cases[i].says);
        assert_says(e, cases[i].says);
    }
}

/* By clusters: header at 0, refcount table at 1, its block at 2, L1 at 3, data at 4, the L2 table at 5. */
static void test_disk_qcow2__tables_that_are_refused(void **state)
{
    static const struct {
        off_t at;
        uint64_t value;
    } cases[] = {
        {3 * 65536, 512},                    /* L1: not aligned */
        {3 * 65536, 1ULL << 40},             /* L1: outside */
        {3 * 65536, 5 * 65536 + 1},          /* L1: a reserved bit */
        {3 * 65536, 3 * 65536},              /* L1: into itself */
        {3 * 65536 + 8, 5 * 65536},          /* L1: one table twice */
        {5 * 65536, 512},                    /* L2: not aligned */
        {5 * 65536, 1ULL << 50},             /* L2: outside */
        {5 * 65536, 4 * 65536 + 2},          /* L2: a reserved bit */
        {5 * 65536 + 16, 4 * 65536},         /* L2: one cluster twice */
        {5 * 65536 + 16, 1 * 65536},         /* L2: into the refcount table */
        {5 * 65536 + 16, 5 * 65536},         /* L2: into itself */
        {5 * 65536 + 16, 1ULL << 62 | 4 * 65536}, /* compressed */
        {1 * 65536 + 8, 4 * 65536},          /* a refcount block in the data */
        {1 * 65536 + 8, 1ULL << 40},         /* a refcount block outside */
        {1 * 65536 + 8, 513},                /* a refcount block not aligned */
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};
        char sector[512];

        unlink("t");
        create(w, "t", NULL, NULL);
        open_disk(w, "t:qcow2");
        assert_int_equal(do_write(w, 0, "abcd", 4), 0);
        close_disk(w);
        assert_check("t");
        poke("t", cases[i].at, cases[i].value, 8);
        if (disk_open(&w->d, w->io, "t", "qcow2", false, &e) == 0)
            fail_msg("case %zu was not refused", i);
        /* Read only it may open; what is wrong is an error of the read and nothing more. */
        if (disk_open(&w->d, w->io, "t", "qcow2", true, &e) == 0) {
            do_read(w, 0, sector, sizeof(sector));
            do_read(w, 2 * CLUSTER, sector, sizeof(sector));
            do_read(w, 512 * MIB, sector, sizeof(sector));
            close_disk(w);
        }
    }
}

static void test_disk_qcow2__refcounts_in_the_file_are_not_believed(void **state)
{
    struct world *w = *state;

    create(w, "t", NULL, NULL);
    open_disk(w, "t:qcow2");
    both_write(w, 0, 4096, 'a');
    close_disk(w);
    for (int i = 0; i < 8; i++)
        poke("t", 2 * 65536 + 2 * i, 0, 2);
    open_disk(w, "t:qcow2");
    both_write(w, MIB, 4096, 'b');
    close_disk(w);
    assert_same("t", "model");
}

static void test_disk_qcow2__truncated_files(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    srand(5);
    create(w, "t", NULL, NULL);
    open_disk(w, "t:qcow2");
    for (int i = 0; i < 100; i++)
        do_something(w, i);
    close_disk(w);
    for (int i = 0; i < 60; i++) {
        char sector[4096];

        assert_int_equal(shell("cp t cut && truncate -s %d cut", i < 20 ? i * 37 : i * 16384), 0);
        if (disk_open(&w->d, w->io, "cut", "qcow2", true, &e) == 0) {
            for (uint64_t at = 0; at < DISK; at += 64 * MIB)
                do_read(w, at, sector, sizeof(sector));
            close_disk(w);
        }
        if (disk_open(&w->d, w->io, "cut", "qcow2", false, &e) == 0)
            close_disk(w);
    }
}

/* Merging goes by clusters: a layer with others would be merged wrongly. */
static void test_chain_open__refuses_other_clusters(void **state)
{
    struct chain_layer l = {.path = "t", .qcow2 = true};
    struct chain *c;
    struct err e;

    (void)state;
    assert_int_equal(shell("rm -f t; qemu-img create -q -f qcow2 -o cluster_size=4k t 40M"), 0);
    assert_null(chain_open(&l, 1, &e));
    assert_non_null(strstr(e.msg, "clusters of 4096 bytes"));
    assert_int_equal(shell("rm -f t; qemu-img create -q -f qcow2 t 40M"), 0);
    assert_non_null(c = chain_open(&l, 1, &e));
    chain_close(c);
}

/* --- of others --- */

/* What a user may well have, made by qemu-img itself: never opened, also not to be read only, and told in plain words. */
static void test_disk_qcow2__features_of_others_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *make, *says;
    } cases[] = {
        {"qemu-img create -q -f qcow2 -o data_file=data t 4M", "external data file"},
        {"qemu-img create -q -f qcow2 -o data_file=data,data_file_raw=on t 4M", "external data file"},
        {"qemu-img create -q -f qcow2 -o extended_l2=on t 4M", "subclusters (extended_l2)"},
        {"qemu-img create -q -f qcow2 --object secret,id=s,data=abc -o encrypt.format=luks,encrypt.key-secret=s,"
         "encrypt.iter-time=10 t 4M", "encrypted"},
        {"qemu-img create -q -f qcow2 t 4M && qemu-img snapshot -c inside t", "snapshots inside"},
        {"qemu-img create -q -f qcow2 t 4M && printf '\\040' | dd of=t bs=1 seek=79 conv=notrunc status=none",
         "a newer version of qemu"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(shell("rm -f t data; %s > made 2>&1 || { cat made; false; }", cases[i].make), 0);
        for (int read_only = 0; read_only < 2; read_only++) {
            struct err e = {0};

            assert_int_equal(disk_open(&w->d, w->io, "t", "qcow2", read_only, &e), -EINVAL);
            assert_says(e, cases[i].says);
            assert_says(e, "t:");
        }
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_disk_qcow2__headers_that_are_refused),
        test(test_disk_qcow2__tables_that_are_refused),
        test(test_disk_qcow2__refcounts_in_the_file_are_not_believed),
        test(test_disk_qcow2__truncated_files),
        test(test_chain_open__refuses_other_clusters),
        test(test_disk_qcow2__features_of_others_are_refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
