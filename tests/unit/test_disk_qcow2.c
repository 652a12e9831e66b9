/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of ours, judged by qemu-img, which knows nothing of how they were made; and the other way round. */
#include "tests/unit/disk_world.h"

#include <errno.h>

/* --- ours, read by qemu --- */

static void test_qcow2_create__qemu_img_finds_it_clean(void **state)
{
    static const uint64_t sizes[] = {512, CLUSTER, 512 * MIB, 512 * MIB + 512, 16ULL << 40};
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        auto_free char *said = NULL;
        struct err e = {0};

        unlink("i");
        assert_ok(qcow2_create("i", sizes[i], NULL, NULL, &e), e);
        assert_check("i");
        said = shell_line("qemu-img info -f qcow2 --output=json i | grep -o '\"virtual-size\": [0-9]*' | tr -dc 0-9");
        assert_int_equal(strtoull(said, NULL, 10), sizes[i]);
        assert_ok(disk_open(&w->d, w->io, "i", "qcow2", false, &e), e);
        disk_close(&w->d);
        assert_check("i");
    }
    assert_int_equal(qcow2_create("i", MIB, NULL, NULL, NULL), -EEXIST);
    assert_int_equal(qcow2_create("j", 513, NULL, NULL, NULL), -EINVAL);
}

static void test_disk_qcow2__what_is_written_qemu_reads(void **state)
{
    struct world *w = *state;

    srand(1);
    create(w, "top.qcow2", NULL, NULL);
    for (int round = 0; round < 5; round++) {
        open_disk(w, "top.qcow2:qcow2");
        for (int i = 0; i < 100; i++)
            do_something(w, i);
        assert_reads(w, "model");
        close_disk(w);
        assert_check("top.qcow2");
        assert_same("top.qcow2", "model");
    }
}

static void test_disk_qcow2__over_a_raw_base_and_a_short_one(void **state)
{
    static const char *const sizes[] = {"1536M", "600M"};
    struct world *w = *state;

    for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
        srand(2);
        assert_int_equal(shell("rm -f base top.qcow2; truncate -s %s base; "
                               "for at in 0 4 6 511 599 1023 1533; do yes base | dd of=base bs=1M seek=$at "
                               "count=1 iflag=fullblock conv=notrunc status=none; done; truncate -s %s base; "
                               "cp base model; truncate -s 1536M model", sizes[s], sizes[s]), 0);
        create(w, "top.qcow2", "base", "raw");
        open_disk(w, "top.qcow2:qcow2 base:raw");
        for (int i = 0; i < 200; i++)
            do_something(w, i);
        assert_reads(w, "model");
        close_disk(w);
        assert_check("top.qcow2");
        assert_same("top.qcow2", "model");
    }
}

static void test_disk_qcow2__discarded_space_goes_back_to_the_host(void **state)
{
    struct world *w = *state;
    struct stat st;

    create(w, "top.qcow2", NULL, NULL);
    open_disk(w, "top.qcow2:qcow2");
    for (uint64_t i = 0; i < 32; i++)
        both_write(w, i * MIB, MIB, 'x');
    assert_int_equal(do_flush(w), 0);
    assert_int_equal(stat("top.qcow2", &st), 0);
    assert_true((uint64_t)st.st_blocks * 512 >= 32 * MIB);
    both_zero(w, 0, 32 * MIB, true);
    close_disk(w);
    assert_int_equal(stat("top.qcow2", &st), 0);
    assert_true((uint64_t)st.st_blocks * 512 < MIB);
    assert_check("top.qcow2");
    assert_same("top.qcow2", "model");
}

static void test_disk_qcow2__zeroes_of_a_base_take_no_space(void **state)
{
    struct world *w = *state;
    struct stat st;

    assert_int_equal(shell("truncate -s 1536M base"), 0);
    create(w, "top.qcow2", "base", "raw");
    open_disk(w, "top.qcow2:qcow2 base:raw");
    for (uint64_t i = 0; i < 64; i++)
        both_write(w, i * MIB, 4096, 'x');
    close_disk(w);
    assert_int_equal(stat("top.qcow2", &st), 0);
    assert_true((uint64_t)st.st_blocks * 512 < MIB);
    assert_same("top.qcow2", "model");
}

/* Many at once, on the same clusters. */
static void test_disk_qcow2__requests_that_meet(void **state)
{
    struct world *w = *state;
    int results[512];
    char bytes[512][512];

    assert_int_equal(shell("yes base | head -c 1M > base; truncate -s 1536M base; cp base model"), 0);
    create(w, "top.qcow2", "base", "raw");
    open_disk(w, "top.qcow2:qcow2 base:raw");
    for (size_t i = 0; i < 512; i++) {
        uint64_t offset = 512 * (i * 37 % 512); /* each sector of four clusters once, in no order */
        struct iovec iov = {bytes[i], 512};

        memset(bytes[i], 1 + (int)i % 255, 512);
        results[i] = 1;
        w->d.format->write(&w->d, &iov, 1, offset, note_result, &results[i]);
        assert_int_equal(pwrite(w->model, bytes[i], 512, (off_t)offset), 512);
    }
    io_drain(w->io);
    for (size_t i = 0; i < 512; i++)
        assert_int_equal(results[i], 0);
    assert_reads(w, "model");
    close_disk(w);
    assert_check("top.qcow2");
    assert_same("top.qcow2", "model");
}

static void test_disk_qcow2__more_changes_than_are_kept_in_memory(void **state)
{
    struct world *w = *state;

    w->size = 64ULL << 30;
    create(w, "top.qcow2", NULL, NULL);
    assert_int_equal(ftruncate(w->model, (off_t)w->size), 0);
    open_disk(w, "top.qcow2:qcow2");
    for (uint64_t i = 0; i < 2000; i++) /* a slice is 32 MiB of the disk */
        both_write(w, i * 32 * MIB, 512, 'a' + (int)i % 26);
    assert_reads(w, "model");
    close_disk(w);
    assert_check("top.qcow2");
    assert_same("top.qcow2", "model");
}

/* --- theirs, read by us --- */

static void test_disk_qcow2__reads_what_qemu_made(void **state)
{
    static const char *const options[] = {
        "compat=1.1", "compat=0.10", "cluster_size=512", "cluster_size=4k", "cluster_size=2M",
        "refcount_bits=1", "refcount_bits=64", "lazy_refcounts=on", "preallocation=metadata",
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        struct err e = {0};

        assert_int_equal(shell("rm -f t; qemu-img create -q -f qcow2 -o %s t 40M && qemu-io -f qcow2 "
                               "-c 'write -q -P 1 0 64k' -c 'write -q -P 2 100k 3M' -c 'write -q -z 1M 512k' "
                               "-c 'write -q -P 3 39M 1M' -c 'discard -q 2M 128k' t > out 2>&1 && "
                               "qemu-img convert -f qcow2 -O raw t model", options[i]), 0);
        w->size = 40 * MIB;
        assert_ok(open_chain(w, "t:qcow2", true, &e), e);
        assert_int_equal(w->d.size, 40 * MIB);
        assert_reads(w, "model");
        close_disk(w);
    }
}

static void test_disk_qcow2__reads_compressed_clusters(void **state)
{
    static const char *const options[] = {"compression_type=zlib", "compression_type=zstd",
                                          "cluster_size=4k", "cluster_size=2M"};
    struct world *w = *state;

    w->size = 8 * MIB;
    assert_int_equal(shell("(seq 300000; head -c 1M /dev/urandom; head -c 4M /dev/zero) > model; truncate -s 8M model"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        struct err e = {0};

        assert_int_equal(shell("rm -f t; qemu-img convert -c -f raw -O qcow2 -o %s model t", options[i]), 0);
        assert_ok(open_chain(w, "t:qcow2", true, &e), e);
        assert_reads(w, "model");
        close_disk(w);
        assert_int_equal(open_chain(w, "t:qcow2", false, &e), -EINVAL); /* but writes none */
    }
}

static void test_disk_qcow2__writes_what_qemu_made_and_qemu_goes_on(void **state)
{
    struct world *w = *state;

    srand(3);
    assert_int_equal(shell("qemu-img create -q -f qcow2 t 1536M && qemu-io -f qcow2 -c 'write -q -P 7 3M 5M' t "
                           "&& qemu-img convert -f qcow2 -O raw t model"), 0);
    close(w->model);
    w->model = open("model", O_RDWR);
    open_disk(w, "t:qcow2");
    for (int i = 0; i < 50; i++)
        do_something(w, i);
    close_disk(w);
    assert_check("t");
    assert_same("t", "model");
    assert_int_equal(shell("qemu-io -f qcow2 -c 'write -q -P 9 10M 2M' t && "
                           "qemu-io -f raw -c 'write -q -P 9 10M 2M' model"), 0);
    open_disk(w, "t:qcow2");
    assert_reads(w, "model");
    for (int i = 0; i < 50; i++)
        do_something(w, i);
    close_disk(w);
    assert_check("t");
    assert_same("t", "model");
}

/* --- chains and snapshots --- */

static void test_disk_push__a_chain_of_30_made_while_it_is_written(void **state)
{
    struct world *w = *state;
    char chain[2048] = "";
    struct err e = {0};

    srand(4);
    assert_int_equal(shell("yes base | head -c 6M > base; truncate -s 1536M base; cp base model"), 0);
    open_disk(w, "base:raw");
    for (int i = 0; i < 30; i++) {
        char from[32], to[32], below[32];

        for (int n = 0; n < 20; n++)
            do_something(w, n);
        snprintf(from, sizeof(from), "%d.new", i);
        snprintf(to, sizeof(to), "%d", i);
        snprintf(below, sizeof(below), "%d", i - 1);
        create(w, from, i ? below : "base", i ? "qcow2" : "raw");
        assert_ok(disk_push(&w->d, from, to, &e), e);
        assert_int_equal(shell("cp --sparse=always model model.%d", i), 0);
    }
    for (int n = 0; n < 20; n++)
        do_something(w, n);
    assert_reads(w, "model");
    close_disk(w);
    for (int i = 29; i >= 0; i--) {
        char name[32], model[32];

        snprintf(name, sizeof(name), "%d", i);
        snprintf(model, sizeof(model), "model.%d", i + 1);
        assert_check(name);
        assert_same(name, i == 29 ? "model" : model);
        snprintf(chain + strlen(chain), sizeof(chain) - strlen(chain), "%d:qcow2 ", i);
    }
    strcat(chain, "base:raw");
    assert_ok(open_chain(w, chain, false, &e), e);
    assert_reads(w, "model");
}

static void test_disk_push__when_it_fails_all_is_as_before(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    create(w, "top.qcow2", NULL, NULL);
    open_disk(w, "top.qcow2:qcow2");
    both_write(w, 0, 4096, 'a');
    assert_int_equal(disk_push(&w->d, "none.new", "none", &e), -ENOENT);
    create(w, "next.new", "top.qcow2", "qcow2");
    assert_int_equal(disk_push(&w->d, "next.new", "no/folder", &e), -ENOENT);
    both_write(w, MIB, 4096, 'b');
    close_disk(w);
    assert_check("top.qcow2");
    assert_same("top.qcow2", "model");
}

static void test_disk_settle__closing_changes_nothing_more(void **state)
{
    struct world *w = *state;
    uint64_t stamp;

    create(w, "top.qcow2", NULL, NULL);
    open_disk(w, "top.qcow2:qcow2");
    both_write(w, 0, 4096, 'a');
    assert_int_equal(do_flush(w), 0);
    assert_int_equal(disk_settle(&w->d), 0);
    stamp = disk_stamp(&w->d);
    assert_int_equal(shell("cp top.qcow2 copy"), 0); /* ours is locked */
    assert_check("copy");
    usleep(20000);
    close_disk(w);
    open_disk(w, "top.qcow2:qcow2");
    assert_true(disk_stamp(&w->d) == stamp);
    both_write(w, MIB, 4096, 'b'); /* and it can go on */
    assert_int_equal(disk_settle(&w->d), 0);
    both_write(w, 2 * MIB, 4096, 'c');
    close_disk(w);
    assert_check("top.qcow2");
    assert_same("top.qcow2", "model");
}

/* A saved machine's memory belongs to one state of its disk. */
static void test_disk_is_as_of__the_image_unchanged_or_an_empty_one_over_it(void **state)
{
    struct world *w = *state;
    struct err e = {0};
    uint64_t stamp;

    create(w, "low", NULL, NULL);
    open_disk(w, "low:qcow2");
    both_write(w, 0, 4096, 'a');
    assert_int_equal(do_flush(w), 0);
    assert_int_equal(disk_settle(&w->d), 0);
    stamp = disk_stamp(&w->d);
    assert_true(disk_is_as_of(&w->d, stamp));
    usleep(20000);
    create(w, "top.new", "low", "qcow2");
    assert_ok(disk_push(&w->d, "top.new", "top", &e), e);
    assert_true(disk_stamp(w->d.backing) == stamp); /* the switch wrote nothing to it */
    assert_true(disk_is_as_of(&w->d, stamp));
    both_write(w, MIB, 4096, 'b');
    assert_false(disk_is_as_of(&w->d, stamp));
    close_disk(w);
    assert_ok(open_chain(w, "top:qcow2 low:qcow2", false, &e), e);
    assert_false(disk_is_as_of(&w->d, stamp));
    close_disk(w);
    create(w, "other", "low", "qcow2");
    assert_ok(open_chain(w, "other:qcow2 low:qcow2", false, &e), e);
    assert_true(disk_is_as_of(&w->d, stamp));
    close_disk(w);
    assert_int_equal(shell("touch low"), 0);
    assert_ok(open_chain(w, "other:qcow2 low:qcow2", false, &e), e);
    assert_false(disk_is_as_of(&w->d, stamp));
}

static void test_disk_open__chains_that_are_refused(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    create(w, "top.qcow2", "base", "raw");
    create(w, "alone.qcow2", NULL, NULL);
    assert_int_equal(shell("truncate -s 1536M base"), 0);
    assert_int_equal(open_chain(w, "top.qcow2:qcow2", false, &e), -EINVAL);
    assert_says(e, "stands on 'base'");
    close_disk(w);
    assert_int_equal(open_chain(w, "base:raw alone.qcow2:qcow2", false, &e), -EINVAL);
    close_disk(w);
    assert_int_equal(open_chain(w, "top.qcow2:qcow2 top.qcow2:qcow2", true, &e), -ELOOP);
    close_disk(w);
    assert_int_equal(open_chain(w, "top.qcow2:qcow2 alone.qcow2:qcow2 top.qcow2:qcow2", true, &e), -ELOOP);
    close_disk(w);
    assert_int_equal(open_chain(w, "top.qcow2:qcow2 top.qcow2:qcow2", false, &e), -EBUSY);
    close_disk(w);
    assert_int_equal(chmod("alone.qcow2", 0400), 0);
    assert_int_equal(open_chain(w, "alone.qcow2:qcow2", false, &e), -EACCES);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_qcow2_create__qemu_img_finds_it_clean),
        test(test_disk_qcow2__what_is_written_qemu_reads),
        test(test_disk_qcow2__over_a_raw_base_and_a_short_one),
        test(test_disk_qcow2__discarded_space_goes_back_to_the_host),
        test(test_disk_qcow2__zeroes_of_a_base_take_no_space),
        test(test_disk_qcow2__requests_that_meet),
        test(test_disk_qcow2__more_changes_than_are_kept_in_memory),
        test(test_disk_qcow2__reads_what_qemu_made),
        test(test_disk_qcow2__reads_compressed_clusters),
        test(test_disk_qcow2__writes_what_qemu_made_and_qemu_goes_on),
        test(test_disk_push__a_chain_of_30_made_while_it_is_written),
        test(test_disk_push__when_it_fails_all_is_as_before),
        test(test_disk_is_as_of__the_image_unchanged_or_an_empty_one_over_it),
        test(test_disk_settle__closing_changes_nothing_more),
        test(test_disk_open__chains_that_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
