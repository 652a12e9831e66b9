/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/console.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/base/auto.h"
#include "vmm/loop.h"

#define EVERYTHING (4 << 20)

/* The loop runs in a thread of its own, as in the VMM; the test is the vCPU that holds the lock. */
struct world {
    char *folder, *log;
    struct loop *loop;
    pthread_t thread;
    struct console *console;
    char typed[CONSOLE_TYPED + 16];
    size_t ntyped, takes; /* what the guest's device took, and how much more it has room for */
    char panic[512];
    unsigned panics;
    int escaped[2]; /* a byte for each */
};

static size_t on_input(void *ctx, const void *bytes, size_t len)
{
    struct world *w = ctx;

    len = len < w->takes ? len : w->takes;
    memcpy(w->typed + w->ntyped, bytes, len);
    w->ntyped += len;
    w->takes -= len;
    return len;
}

static void on_panic(void *ctx, const char *line)
{
    struct world *w = ctx;

    snprintf(w->panic, sizeof(w->panic), "%s", line);
    w->panics++;
}

static void on_escaped(void *ctx)
{
    if (write(((struct world *)ctx)->escaped[1], "!", 1) != 1)
        abort();
}

static void *run(void *ctx)
{
    loop_run(ctx);
    return NULL;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct console_config c;

    w->folder = fixture_folder();
    w->log = file_path("%s/console.log", w->folder);
    w->takes = sizeof(w->typed);
    assert_int_equal(pipe(w->escaped), 0);
    assert_non_null(w->loop = loop_new(NULL));
    c = (struct console_config){.loop = w->loop, .log_path = w->log, .input = on_input,
                                .panic = on_panic, .ctx = w};
    assert_non_null(w->console = console_new(&c, NULL));
    assert_int_equal(pthread_create(&w->thread, NULL, run, w->loop), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    loop_quit(w->loop);
    pthread_join(w->thread, NULL);
    console_free(w->console);
    loop_free(w->loop);
    close(w->escaped[0]);
    close(w->escaped[1]);
    fixture_remove(w->folder);
    free(w->log);
    free(w);
    return 0;
}

static void output(struct world *w, const void *bytes, size_t len)
{
    loop_lock(w->loop);
    console_output(w->console, bytes, len);
    loop_unlock(w->loop);
}

static void say(struct world *w, const char *text)
{
    output(w, text, strlen(text));
}

/* Our end of a new viewer; reads wait ten seconds at most. */
static int view(struct world *w, struct console_viewer_config v)
{
    struct timeval patience = {.tv_sec = 10};
    int fd[2], r;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    v.in = v.out = fd[1];
    v.escaped = on_escaped;
    v.ctx = w;
    loop_lock(w->loop);
    r = console_add_viewer(w->console, &v, NULL);
    loop_unlock(w->loop);
    assert_int_equal(r, 0);
    return fd[0];
}

static void assert_reads(int fd, const char *bytes, size_t len)
{
    auto_free char *got = malloc(len + 1);

    if (len) /* recv waits for a byte even when it is asked for none */
        assert_int_equal(recv(fd, got, len, MSG_WAITALL), len);
    assert_memory_equal(got, bytes, len);
}

/* Waits until the guest's device took that many bytes. */
static void await_typed(struct world *w, size_t n)
{
    for (size_t have = 0; have < n; sched_yield()) {
        loop_lock(w->loop);
        have = w->ntyped;
        loop_unlock(w->loop);
    }
}

static char *pattern(size_t len)
{
    char *bytes = malloc(len);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761U >> 13);
    return bytes;
}

static void test_output__reaches_every_viewer_and_the_log(void **state)
{
    struct world *w = *state;
    int a = view(w, (struct console_viewer_config){0}),
        b = view(w, (struct console_viewer_config){0});
    struct stat st;

    say(w, "hello\n");
    assert_reads(a, "hello\n", 6);
    assert_reads(b, "hello\n", 6);
    close(a); /* who goes away does not disturb the other */
    for (int i = 0; i < 10; i++)
        say(w, "again\n");
    for (int i = 0; i < 10; i++)
        assert_reads(b, "again\n", 6);
    close(b);
    assert_int_equal(stat(w->log, &st), 0);
    assert_int_equal(st.st_size, 66);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_viewer__late_one_gets_the_head_and_the_tail(void **state)
{
    static const size_t lengths[] = {0,
                                     1,
                                     CONSOLE_HEAD,
                                     CONSOLE_HEAD + 1,
                                     CONSOLE_HEAD + CONSOLE_TAIL - 1,
                                     CONSOLE_HEAD + CONSOLE_TAIL,
                                     CONSOLE_HEAD + CONSOLE_TAIL + 1,
                                     CONSOLE_HEAD + 2 * CONSOLE_TAIL,
                                     EVERYTHING};
    auto_free char *bytes = pattern(EVERYTHING);

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        size_t len = lengths[i], head = len < CONSOLE_HEAD ? len : CONSOLE_HEAD;
        size_t tail = len - head < CONSOLE_TAIL ? len - head : CONSOLE_TAIL;
        struct world *w;
        int fd;

        tear_down(state);
        set_up(state);
        w = *state;
        for (size_t at = 0; at < len; at += 4096)
            output(w, bytes + at, len - at < 4096 ? len - at : 4096);
        fd = view(w, (struct console_viewer_config){.replay = true});
        assert_reads(fd, bytes, head);
        assert_reads(fd, bytes + len - tail, tail);
        say(w, "live");
        assert_reads(fd, "live", 4);
        close(fd);
    }
}

static void test_viewer__that_does_not_read_is_dropped(void **state)
{
    struct world *w = *state;
    int idle = view(w, (struct console_viewer_config){0}),
        good = view(w, (struct console_viewer_config){0});
    auto_free char *bytes = pattern(65536), *got = malloc(65536);
    size_t total = 0;
    ssize_t n;

    for (int i = 0; i < 40; i++) {
        output(w, bytes, 65536);
        assert_reads(good, bytes, 65536);
    }
    while ((n = recv(idle, got, 65536, 0)) > 0)
        total += (size_t)n;
    assert_int_equal(n, 0); /* closed, after what was on its way */
    assert_in_range(total, 65536, 39 * 65536);
    close(idle);
    close(good);
}

static void test_log__is_bounded_by_two_files(void **state)
{
    struct world *w = *state;
    auto_free char *bytes = pattern(4096), *old = file_path("%s.1", w->log);
    struct stat st, st_old;

    for (int i = 0; i < 3 * CONSOLE_FILE_MAX / 4096 - 1; i++)
        output(w, bytes, 4096);
    say(w, "last");
    assert_int_equal(stat(w->log, &st), 0);
    assert_int_equal(stat(old, &st_old), 0);
    assert_int_equal(st_old.st_size, CONSOLE_FILE_MAX);
    assert_int_equal(st.st_size, CONSOLE_FILE_MAX - 4096 + 4);
    assert_int_equal(shell("tail -c 4 %s | grep -q '^last$'", w->log), 0);
}

static void test_panic__is_told_once_with_its_line(void **state)
{
    struct world *w = *state;
    char junk[1000];

    memset(junk, 'j', sizeof(junk));
    say(w, "[ 1.0] Kernel pani");
    say(w, "c - not syncing: VFS\r");
    assert_int_equal(w->panics, 0); /* the line may go on */
    say(w, "\n");
    assert_int_equal(w->panics, 1);
    assert_string_equal(w->panic, "Kernel panic - not syncing: VFS");
    say(w, "Kernel panic - not syncing: again\n");
    assert_int_equal(w->panics, 1);
    tear_down(state);
    set_up(state);
    w = *state;
    output(w, junk, sizeof(junk)); /* a long line is cut, not overrun */
    say(w, "Kernel panic - not syncing: too far out\n");
    assert_int_equal(w->panics, 0);
    say(w, "Kernel panic - not syncing: ");
    output(w, junk, sizeof(junk));
    say(w, "\n");
    assert_int_equal(w->panics, 1);
    assert_in_range(strlen(w->panic), 200, 255);
}

static void test_input__waits_for_room_in_order(void **state)
{
    struct world *w = *state;
    int fd;

    w->takes = 3;
    fd = view(w, (struct console_viewer_config){.typed = "ab", .ntyped = 2});
    assert_int_equal(send(fd, "cdefgh", 6, 0), 6);
    await_typed(w, 3);
    assert_int_equal(send(fd, "ij", 2, 0), 2);
    for (size_t n = 4; n <= 10; n++) {
        loop_lock(w->loop);
        w->takes = 1;
        console_room(w->console);
        loop_unlock(w->loop);
        await_typed(w, n);
    }
    assert_memory_equal(w->typed, "abcdefghij", 10);
    close(fd);
}

static void test_input__escape_is_taken_out(void **state)
{
    struct world *w = *state;
    char byte;
    int fd = view(w, (struct console_viewer_config){.escape = 0x1d});

    assert_int_equal(send(fd, "a\x1d" "b\x1d\x1d" "c", 6, 0), 6);
    for (int i = 0; i < 3; i++)
        assert_int_equal(read(w->escaped[0], &byte, 1), 1);
    await_typed(w, 3);
    assert_memory_equal(w->typed, "abc", 3);
    close(fd);
}

/* `lxtop-vmm --console stdio < /dev/null`: no more input, and still a console. */
static void test_viewer__input_that_ends_leaves_the_output(void **state)
{
    struct world *w = *state;
    int in[2], out[2];
    struct console_viewer_config v;
    char got[5];
    int r;

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    v = (struct console_viewer_config){.in = in[0], .out = out[1]};
    loop_lock(w->loop);
    r = console_add_viewer(w->console, &v, NULL);
    loop_unlock(w->loop);
    assert_int_equal(r, 0);
    assert_int_equal(write(in[1], "x", 1), 1);
    close(in[1]);
    await_typed(w, 1);
    for (int i = 0; i < 50; i++) {
        say(w, "still");
        assert_int_equal(read(out[0], got, 5), 5);
        assert_memory_equal(got, "still", 5);
    }
    close(out[0]);
}

static void test_new__log_must_be_a_file_of_ours(void **state)
{
    struct world *w = *state;
    auto_free char *link = file_path("%s/link", w->folder);
    struct console_config c = {.loop = w->loop, .log_path = link, .input = on_input, .ctx = w};
    struct err e;

    assert_int_equal(symlink("/dev/null", link), 0);
    assert_null(console_new(&c, &e));
    assert_int_equal(e.code, ELOOP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_output__reaches_every_viewer_and_the_log),
        TEST(test_viewer__late_one_gets_the_head_and_the_tail),
        TEST(test_viewer__that_does_not_read_is_dropped),
        TEST(test_log__is_bounded_by_two_files),
        TEST(test_panic__is_told_once_with_its_line),
        TEST(test_input__waits_for_room_in_order),
        TEST(test_input__escape_is_taken_out),
        TEST(test_viewer__input_that_ends_leaves_the_output),
        TEST(test_new__log_must_be_a_file_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
