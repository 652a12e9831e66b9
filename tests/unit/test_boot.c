/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/boot.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"

struct world {
    char *folder;
    struct paths paths;
    struct options options;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    assert_non_null(w->paths.cache = file_path("%s/cache", w->folder));
    options_init(&w->options);
    assert_int_equal(shell("printf guest > guest && chmod 755 guest"), 0);
    {
        auto_free char *guest = file_path("%s/guest", w->folder);

        setenv("LXTOP_GUEST", guest, 1);
    }
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    options_release(&w->options);
    paths_release(&w->paths);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static void plan(struct world *w, struct boot_plan *b)
{
    struct err e = {0};

    assert_ok(boot_plan_make(&w->paths, "deb-12", &w->options, b, &e), e);
}

/* A word of the kernel's command line: whole, between blanks. */
static bool has_word(const char *line, const char *word)
{
    const char *at = line;
    size_t len = strlen(word);

    while ((at = strstr(at, word))) {
        if ((at == line || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            return true;
        at += len;
    }
    return false;
}

static void assert_words(const char *line, bool present, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (has_word(line, words[i]) != present)
            fail_msg("'%s' is %s in \"%s\"", words[i], present ? "not" : "wrongly", line);
}

#define WORDS(...) (const char *const[]){__VA_ARGS__, NULL}

static void test_boot_plan_make__tuned_kernel(void **state)
{
    struct world *w = *state;
    struct boot_plan b;

    assert_int_equal(shell("mkdir -p cache/kernels/tuned && touch cache/kernels/tuned/vmlinux"), 0);
    plan(w, &b);
    assert_non_null(strstr(b.kernel, "/cache/kernels/tuned/vmlinux"));
    assert_words(b.append, true, WORDS("console=hvc0", "panic=-1", "reboot=k", "lxtop.hostname=deb-12"));
    assert_words(b.append, false, WORDS("pci=off"));
    assert_true(b.append[strlen(b.append) - 1] != ' ');
    assert_int_equal(shell("cpio -it --quiet < %s | grep -qx init", b.initrd), 0);
    boot_plan_release(&b);
    assert_null(b.kernel);
}

static void make_stock(void)
{
    assert_int_equal(shell("d=cache/kernels/stock-6.1 && mkdir -p $d/boot $d/lib/modules/6.1/k && "
                           "touch $d/boot/vmlinuz-6.1 && cd $d/lib/modules/6.1 && "
                           "for m in virtio virtio_ring virtio_mmio virtio_blk jbd2 ext4; do echo $m > k/$m.ko; done && "
                           "printf '%%s\\n' k/virtio.ko: 'k/virtio_ring.ko: k/virtio.ko' 'k/virtio_mmio.ko: k/virtio_ring.ko k/virtio.ko' "
                           "'k/virtio_blk.ko: k/virtio_ring.ko k/virtio.ko' k/jbd2.ko: 'k/ext4.ko: k/jbd2.ko' > modules.dep"), 0);
}

static void test_boot_plan_make__stock_kernel_with_modules(void **state)
{
    struct world *w = *state;
    struct boot_plan b;

    make_stock();
    plan(w, &b);
    assert_words(b.append, true, WORDS("console=hvc0", "pci=off", "lxtop.hostname=deb-12"));
    assert_int_equal(shell("test \"$(cpio -it --quiet < %s | grep modules/ | tr '\\n' ' ')\" = "
                           "'modules/000-virtio.ko modules/001-virtio_ring.ko modules/002-virtio_mmio.ko "
                           "modules/003-virtio_blk.ko modules/004-jbd2.ko modules/005-ext4.ko '", b.initrd), 0);
    boot_plan_release(&b);
}

/* Last, so that a person's word wins over ours. */
static void test_boot_plan_make__words_of_the_person_come_last(void **state)
{
    struct world *w = *state;
    struct boot_plan b;
    const char *more = "loglevel=7 panic=5";

    make_stock();
    assert_int_equal(options_set(&w->options, "append", more, ORIGIN_COMMAND, NULL), 0);
    plan(w, &b);
    assert_string_equal(b.append + strlen(b.append) - strlen(more), more);
    assert_words(b.append, true, WORDS("lxtop.hostname=deb-12", "loglevel=7"));
    boot_plan_release(&b);
}

/* The tag is what joins the device to the word. */
static void test_boot_plan_make__shares(void **state)
{
    struct world *w = *state;
    struct boot_plan b;

    make_stock();
    assert_int_equal(shell("mkdir 'a b%%,c' home"), 0);
    setenv("HOME", w->folder, 1);
    assert_int_equal(options_set(&w->options, "shares", "~/a b%\\,c:/mnt/a b%\\,c; ~/home:/h,ro,cache=loose,"
                                 "map=xattr:5:6", ORIGIN_COMMAND, NULL), 0);
    plan(w, &b);
    assert_int_equal(b.shares, 2);
    assert_null(b.note);
    assert_non_null(strstr(b.share[0], "/a b%,c,tag=share0,map=squash:0:0"));
    assert_non_null(strstr(b.share[1], "/home,tag=share1,map=xattr:5:6,ro,cached"));
    assert_words(b.append, true, WORDS("lxtop.share=share0,rw,none,any,/mnt/a%20b%25,c",
                                       "lxtop.share=share1,ro,loose,user,/h"));
    boot_plan_release(&b);
}

static void test_boot_plan_make__a_missing_folder_is_a_note(void **state)
{
    struct world *w = *state;
    struct boot_plan b;

    make_stock();
    assert_int_equal(shell("mkdir there && touch file"), 0);
    setenv("HOME", w->folder, 1);
    assert_int_equal(options_set(&w->options, "shares", "/none:/a; ~/file:/b; ~/there:/c", ORIGIN_COMMAND, NULL), 0);
    plan(w, &b);
    assert_int_equal(b.shares, 1);
    assert_words(b.append, true, WORDS("lxtop.share=share0,rw,none,any,/c"));
    assert_non_null(strstr(b.note, "/none is not shared: No such file"));
    assert_non_null(strstr(b.note, "/file is not shared: Not a directory"));
    boot_plan_release(&b);
}

static void test_boot_plan_make__a_line_too_long_is_told(void **state)
{
    struct world *w = *state;
    struct boot_plan b;
    struct err e = {0};
    char more[1600];

    make_stock();
    memset(more, 'x', sizeof(more) - 1);
    more[sizeof(more) - 1] = '\0';
    assert_int_equal(options_set(&w->options, "append", more, ORIGIN_COMMAND, NULL), 0);
    assert_int_equal(boot_plan_make(&w->paths, "d", &w->options, &b, &e), -E2BIG);
    assert_says(e, "shorten the settings append and shares");
    assert_null(b.append);
}

static void test_boot_plan_make__says_what_is_missing(void **state)
{
    struct world *w = *state;
    struct boot_plan b;
    struct err e = {0};

    assert_int_equal(boot_plan_make(&w->paths, "d", &w->options, &b, &e), -ENOENT);
    assert_says(e, "make kernel");
    assert_null(b.kernel);
    make_stock();
    assert_int_equal(shell("rm cache/kernels/stock-6.1/lib/modules/6.1/k/ext4.ko"), 0);
    assert_true(boot_plan_make(&w->paths, "d", &w->options, &b, &e) < 0);
    assert_says(e, "ext4.ko");
    assert_null(b.initrd);
    setenv("LXTOP_GUEST", "/none", 1);
    setenv("PATH", "/none", 1);
    assert_int_equal(boot_plan_make(&w->paths, "d", &w->options, &b, &e), -ENOENT);
    assert_says(e, "lxtop-guest is not installed");
    setenv("PATH", "/usr/bin:/bin", 1);
}

static void test_boot_plan_make__network(void **state)
{
    static const char *const rows[][5] = { /* network, host_loopback, forwards, auto_forward, argument of --net */
        {"user", "false", "", "off", "user"},
        {"none", "true", "80:80", "on", "none"},
        {"user", "true", "", "offer", "user,host,auto=offer"},
        {"user", "false", "8080:80; [::1]:53:53/udp", "on",
         "user,auto=on,forward=8080:80,forward=[::1]:53:53/udp"},
    };
    struct world *w = *state;
    struct err e;

    make_stock();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct boot_plan b;

        assert_int_equal(options_set(&w->options, "network", rows[i][0], ORIGIN_COMMAND, NULL), 0);
        assert_int_equal(options_set(&w->options, "host_loopback", rows[i][1], ORIGIN_COMMAND, NULL), 0);
        assert_int_equal(options_set(&w->options, "forwards", rows[i][2], ORIGIN_COMMAND, NULL), 0);
        assert_int_equal(options_set(&w->options, "auto_forward", rows[i][3], ORIGIN_COMMAND, NULL), 0);
        plan(w, &b);
        assert_string_equal(b.net, rows[i][4]);
        boot_plan_release(&b);
    }
    assert_int_equal(options_set(&w->options, "forwards", "80", ORIGIN_COMMAND, &e), -EINVAL);
    assert_int_equal(options_set(&w->options, "network", "tap", ORIGIN_COMMAND, &e), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_boot_plan_make__tuned_kernel),
        TEST(test_boot_plan_make__stock_kernel_with_modules),
        TEST(test_boot_plan_make__words_of_the_person_come_last),
        TEST(test_boot_plan_make__shares),
        TEST(test_boot_plan_make__a_missing_folder_is_a_note),
        TEST(test_boot_plan_make__a_line_too_long_is_told),
        TEST(test_boot_plan_make__network),
        TEST(test_boot_plan_make__says_what_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
