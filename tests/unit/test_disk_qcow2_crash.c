/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images whose writers die, or whose disk is full. */
#include "tests/unit/disk_world.h"

#include <signal.h>
#include <sys/resource.h>

/*
 * Round after round: every sector of a cluster's worth of places is written with the number of the round,
 * then a flush, then the number goes to the parent: what is flushed must be there after the kill.
 */
_Noreturn static void write_without_end(struct world *w, int tell, int first)
{
    io_free(w->io); /* a child has no threads and rings of its parent's */
    loop_free(w->loop);
    start_io(w);
    srand((unsigned)first);
    if (disk_open(&w->d, w->io, "top.qcow2", "qcow2", false, NULL) < 0 ||
        disk_add_backing(&w->d, "base", "raw", NULL) < 0)
        _exit(1);
    for (int round = first;; round++) {
        unsigned char bytes[4096];

        memset(bytes, round % 256, sizeof(bytes));
        for (uint64_t i = 0; i < 16; i++)
            if (do_write(w, i * 3 * CLUSTER + 8192 * (uint64_t)(round % 7), bytes, sizeof(bytes)) < 0)
                _exit(2);
        do_write(w, 16 * MIB + any((DISK - 16 * MIB) / 4096) * 4096, bytes, sizeof(bytes)); /* growth */
        if (round % 5 == 0)
            do_zero(w, 16 * MIB + any(DISK / MIB - 16) * MIB, CLUSTER, round % 2);
        if (do_flush(w) < 0 || write(tell, &round, sizeof(round)) != sizeof(round))
            _exit(3);
    }
}

/* Of each place: the round that was told, or a later one. */
static void assert_flushed(struct world *w, int round)
{
    unsigned char bytes[4096];

    for (int r = round > 6 ? round - 6 : 1; r <= round; r++)
        for (uint64_t i = 0; i < 16; i++) {
            uint64_t offset = i * 3 * CLUSTER + 8192 * (uint64_t)(r % 7);

            assert_int_equal(do_read(w, offset, bytes, sizeof(bytes)), 0);
            if (bytes[0] != r % 256 && (unsigned char)(bytes[0] - r % 256) > 14)
                fail_msg("round %d of %d: %d at %llu", r, round, bytes[0], (unsigned long long)offset);
        }
}

static void test_disk_qcow2__kill_9_at_200_moments(void **state)
{
    struct world *w = *state;
    int round = 0, told = 0;
    struct err e = {0};

    assert_int_equal(shell("yes base | head -c 2M > base; truncate -s 1536M base"), 0);
    create(w, "top.qcow2", "base", "raw");
    srand(6);
    for (int i = 0; i < 200; i++) {
        int pipe_fds[2], status;
        pid_t pid;

        assert_int_equal(pipe(pipe_fds), 0);
        pid = fork();
        if (pid == 0)
            write_without_end(w, pipe_fds[1], round + 1);
        close(pipe_fds[1]);
        for (int rounds = rand() % 4; rounds > 0 && read(pipe_fds[0], &told, sizeof(told)) == sizeof(told); rounds--)
            round = told; /* however slow the machine is today */
        usleep((useconds_t)(rand() % 4000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status)); /* and not _exit */
        while (read(pipe_fds[0], &told, sizeof(told)) == sizeof(told))
            round = told;
        close(pipe_fds[0]);
        /* As it was left, with nothing repaired: all that was flushed is there. */
        while (open_chain(w, "top.qcow2:qcow2 base:raw", true, &e) < 0) { /* its requests end after it */
            assert_says(e, "in use");
            close_disk(w);
            usleep(1000);
        }
        if (round)
            assert_flushed(w, round);
        close_disk(w);
        /* Opened for writing it is repaired; qemu, which read it before, finds it clean and the same. */
        if (i % 20 == 0 && check_unlocked("top.qcow2") >= 0)
            assert_int_equal(shell("qemu-img convert -f qcow2 -O raw top.qcow2 before"), 0);
        open_disk(w, "top.qcow2:qcow2 base:raw");
        close_disk(w);
        assert_check("top.qcow2");
        if (i % 20 == 0)
            assert_same("top.qcow2", "before");
    }
    assert_true(round > 20);
    open_disk(w, "top.qcow2:qcow2 base:raw");
    close_disk(w);
    assert_check("top.qcow2");
}

/* As a full disk, in a child: a file may not grow beyond some size. */
static void fill_up(struct world *w, uint64_t most)
{
    struct rlimit r = {most, most};
    char bytes[8192];
    int failed = 0;

    io_free(w->io);
    loop_free(w->loop);
    start_io(w);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &r);
    if (open_chain(w, "top.qcow2:qcow2 base:raw", false, NULL) < 0)
        _exit(1);
    for (uint64_t i = 0; i < 400; i++) {
        memset(bytes, 1 + (int)i % 255, sizeof(bytes));
        if (do_write(w, i * 3 * MIB, bytes, sizeof(bytes)) < 0)
            failed++;
        if (i % 10 == 0)
            do_flush(w);
    }
    disk_close(&w->d);
    _exit(failed > 0 ? 0 : 5);
}

static void test_disk_qcow2__a_full_disk(void **state)
{
    struct world *w = *state;

    assert_int_equal(shell("yes base | head -c 2M > base; truncate -s 1536M base"), 0);
    for (uint64_t most = 5 * CLUSTER; most < 20 * CLUSTER; most += CLUSTER + 20480) {
        int status;
        pid_t pid;
        unsigned good = 0;

        unlink("top.qcow2");
        create(w, "top.qcow2", "base", "raw");
        pid = fork();
        if (pid == 0)
            fill_up(w, most);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        open_disk(w, "top.qcow2:qcow2 base:raw"); /* there is room again */
        for (uint64_t i = 0; i < 400; i++) { /* each is written whole or not at all */
            unsigned char bytes[8192], below[8192];

            assert_int_equal(do_read(w, i * 3 * MIB, bytes, sizeof(bytes)), 0);
            memset(below, 0, sizeof(below));
            if (i == 0)
                for (size_t b = 0; b < sizeof(below); b++)
                    below[b] = (unsigned char)"base\n"[b % 5];
            if (bytes[0] == 1 + i % 255 && bytes[8191] == bytes[0])
                good++;
            else
                assert_memory_equal(bytes, below, sizeof(below));
        }
        both_write(w, 0, 4096, 'n');
        close_disk(w);
        assert_true(good > 0 || most < 8 * CLUSTER);
        assert_check("top.qcow2");
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_disk_qcow2__kill_9_at_200_moments),
        test(test_disk_qcow2__a_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
