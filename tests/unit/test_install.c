/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/install.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/store.h"

struct world {
    char *folder;
    struct paths paths;
    struct options options;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    assert_non_null(w->paths.data = file_path("%s/data", w->folder));
    options_init(&w->options);
    assert_int_equal(options_set(&w->options, "disk_size", "96M", ORIGIN_COMMAND, NULL), 0);
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

static int install(struct world *w, const char *source, struct err *e)
{
    struct install_request r = {.source = source, .name = "d", .options = &w->options};

    *e = (struct err){0};
    return install_run(&w->paths, &r, e);
}

#define IMAGE "data/distros/d/root.img"

static void assert_clean(void)
{
    assert_int_equal(shell("e2fsck -fn " IMAGE " > fsck.log 2>&1 || { cat fsck.log; false; }"), 0);
}

/* What debugfs prints for a request has the line `expected`. */
static void assert_debugfs(const char *request, const char *expected)
{
    if (shell("debugfs -R '%s' " IMAGE " 2>/dev/null | grep -qE -- '%s'", request, expected) != 0)
        fail_msg("debugfs -R '%s': no line like '%s'", request, expected);
}

static void assert_nothing_left(void)
{
    assert_int_equal(shell("test -z \"$(ls -A data/distros)\""), 0);
}

static void make_root(void)
{
    assert_int_equal(shell("mkdir -p root/usr/bin root/etc && ln -s usr/bin root/bin && "
                           "cp /bin/true root/usr/bin/sh"), 0);
}

static void test_install__busybox_is_clean_and_complete(void **state)
{
    struct err e;

    assert_ok(install(*state, "busybox", &e), e);
    assert_clean();
    assert_debugfs("stat /bin/busybox", "Type: regular +Mode:  0755");
    assert_debugfs("stat /tmp", "Type: directory +Mode: +01777");
    assert_debugfs("stat /bin/ls", "Fast link dest: \"/bin/busybox\"");
    assert_debugfs("cat /etc/passwd", "^root:x:0:0");
    assert_debugfs("ls /", "lost.found");
}

static void test_install__tar_keeps_owners_modes_times_and_links(void **state)
{
    struct err e;

    make_root();
    assert_int_equal(
        shell("cd root && echo data > etc/file && chmod 4755 etc/file && ln etc/file etc/hard && "
              "ln -s ../etc/file etc/soft && ln -s $(printf %%0100d 7) etc/long && mkfifo etc/fifo && "
              "touch -d '2001-02-03 04:05:06.789 UTC' etc/file && setfattr -n user.k -v v etc/file"), 0);
    assert_int_equal(shell("tar --xattrs --xattrs-include='*' --owner=70000 --group=7 -C root "
                           "--format=pax -czf r.tar.gz ."), 0);
    assert_ok(install(*state, "r.tar.gz", &e), e);
    assert_clean();
    assert_debugfs("stat /etc/file", "Mode:  04755");
    assert_debugfs("stat /etc/file", "User: 70000 +Group: +7 ");
    assert_debugfs("stat /etc/file", "Links: 2");
    assert_debugfs("stat /etc/file", "mtime: 0x3a7b8372:bc1cbd00");
    assert_debugfs("ea_get /etc/file user.k", "v");
    assert_debugfs("cat /etc/hard", "^data");
    assert_debugfs("stat /etc/soft", "Fast link dest: \"../etc/file\"");
    assert_debugfs("stat /etc/long", "Type: symlink .* Size: 100|Type: symlink");
    assert_debugfs("stat /etc/fifo", "Type: FIFO");
    assert_debugfs("stat /bin", "Fast link dest: \"usr/bin\"");
}

static void test_install__tar_keeps_acls(void **state)
{
    struct err e;

    make_root();
    if (shell("setfacl -m u:123:rw,g:45:r root/etc && setfacl -d -m u:123:rx root/etc") != 0)
        fail_msg("setfacl is needed (package acl, and a file system with ACLs in /tmp)");
    assert_int_equal(shell("tar --acls -C root --format=pax -cf r.tar ."), 0);
    assert_ok(install(*state, "r.tar", &e), e);
    assert_clean();
    assert_debugfs("ea_list /etc", "system.posix_acl_access");
    assert_debugfs("ea_list /etc", "system.posix_acl_default");
}

static void test_install__folder_equals_tar(void **state)
{
    struct err e;

    make_root();
    assert_int_equal(shell("cd root && echo data > etc/file && ln etc/file etc/hard && "
                           "truncate -s 5M etc/sparse && echo x >> etc/sparse && "
                           "setfattr -n user.k -v v etc/file"), 0);
    assert_ok(install(*state, "root", &e), e);
    assert_clean();
    assert_debugfs("stat /etc/file", "Links: 2");
    assert_debugfs("stat /etc/sparse", "Size: 5242882");
    assert_debugfs("stat /etc/sparse", "Blockcount: 8$");
    assert_debugfs("ea_get /etc/file user.k", "v");
}

static void test_install__follows_links_of_folders_inside_only(void **state)
{
    struct err e;

    assert_int_equal(shell("mkdir -p a/usr/bin a/etc b/bin c/out && ln -s usr/bin a/bin && "
                           "ln -s /../../../etc a/out && cp /bin/true b/bin/sh && echo 1 > c/out/x && "
                           "tar -C a -cf r.tar . && tar -C b -rf r.tar bin/sh && "
                           "tar -C c -rf r.tar out/x"), 0);
    assert_ok(install(*state, "r.tar", &e), e);
    assert_clean();
    assert_debugfs("stat /usr/bin/sh", "Type: regular");
    assert_debugfs("cat /etc/x", "^1$"); /* the image's /etc, whatever the link tries */
}

static void test_install__many_files_in_one_folder(void **state)
{
    struct err e;

    make_root();
    assert_int_equal(shell("cd root/etc && seq -f f%%05g 5000 | xargs touch"), 0);
    assert_ok(install(*state, "root", &e), e);
    assert_clean();
    assert_debugfs("stat /etc/f05000", "Type: regular");
}

static void test_install__later_entry_replaces_earlier(void **state)
{
    struct err e;

    make_root();
    assert_int_equal(shell("cd root && echo one > etc/f && tar -cf ../r.tar . && echo second > etc/f && "
                           "tar -rf ../r.tar ./etc/f"), 0);
    assert_ok(install(*state, "r.tar", &e), e);
    assert_clean();
    assert_debugfs("cat /etc/f", "^second$");
}

static void assert_refused(struct world *w, const char *source, int code, const char *says)
{
    struct err e;

    assert_int_equal(install(w, source, &e), -code);
    assert_says(e, says);
    assert_nothing_left();
}

static void test_install__refuses_paths_that_lead_out(void **state)
{
    make_root();
    assert_int_equal(shell("cd root && tar -cf ../r.tar . && echo x > ../x && "
                           "cp ../r.tar ../dots.tar && tar -P -rf ../dots.tar ../x && "
                           "cp ../r.tar ../abs.tar && tar -P -rf ../abs.tar $PWD/etc"), 0);
    assert_refused(*state, "dots.tar", EINVAL, "'..'");
    assert_refused(*state, "abs.tar", EINVAL, "absolute");
}

static void test_install__refuses_a_hard_link_out_of_the_tree(void **state)
{
    make_root();
    assert_int_equal(shell("cd root && echo x > etc/a && ln etc/a etc/b && "
                           "tar --transform='flags=h;s,.*,../../etc/passwd,' -cf ../r.tar ."), 0);
    assert_refused(*state, "r.tar", EINVAL, "hard link");
}

static void test_install__refuses_what_is_larger_than_the_disk(void **state)
{
    make_root();
    assert_int_equal(shell("head -c 110M /dev/urandom > root/etc/big && tar -C root -cf r.tar ."), 0);
    assert_refused(*state, "r.tar", ENOSPC, "96 MiB");
}

/* Small to fetch, large to unpack: each ends at the size of the disk, whatever it says of itself. */
static void test_install__refuses_bombs(void **state)
{
    make_root();
    assert_int_equal(shell("truncate -s 150M root/etc/zero && tar -C root -cf - . | gzip -1 > bomb.tgz && "
                           "rm root/etc/zero && test $(stat -c %%s bomb.tgz) -lt 1500000"), 0);
    assert_refused(*state, "bomb.tgz", ENOSPC, "96 MiB");
    assert_int_equal(shell("truncate -s 8E root/etc/huge 2>/dev/null || truncate -s 15T root/etc/huge; "
                           "echo x >> root/etc/huge; tar -S -C root -cf sparse.tar ."), 0);
    {
        struct err e;

        if (install(*state, "sparse.tar", &e) == 0) { /* ext4 holds holes of that size */
            assert_clean();
        } else {
            assert_says(e, "too large");
            assert_nothing_left();
        }
    }
}

/* An entry may say that it is a hard link to itself, by another spelling. */
static void test_install__a_hard_link_to_itself_is_harmless(void **state)
{
    struct err e;

    make_root();
    assert_int_equal(shell("cd root && echo data > etc/a && ln etc/a etc/b && tar --transform='s,etc/b,./etc//a,' "
                           "--transform='flags=h;s,^[.]/,,' -cf ../r.tar ."), 0);
    assert_ok(install(*state, "r.tar", &e), e);
    assert_clean();
    assert_debugfs("cat /etc/a", "^data$");
    assert_debugfs("stat /etc/a", "Links: 1 ");
}

static void test_install__refuses_damaged_archives(void **state)
{
    make_root();
    assert_int_equal(shell("head -c 2M /dev/urandom > root/etc/data && tar -C root -czf r.tgz . && "
                           "head -c 1M r.tgz > cut.tgz && echo not a tar at all > text && : > empty && "
                           "tar -cf none.tar -T /dev/null"), 0);
    assert_refused(*state, "cut.tgz", EBADMSG, "damaged or cut short");
    assert_refused(*state, "text", EINVAL, "not a tar");
    assert_refused(*state, "empty", EINVAL, "");
    assert_refused(*state, "none.tar", EINVAL, "");
    assert_refused(*state, "missing.tar", ENOENT, "missing.tar");
}

static void test_install__refuses_what_is_no_root_file_system(void **state)
{
    assert_int_equal(shell("mkdir -p root/some && tar -C root -cf r.tar ."), 0);
    assert_refused(*state, "r.tar", EINVAL, "no root file system");
}

static int cancel_at_once(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    (void)done;
    (void)total;
    return 1;
}

static void test_install__cancel_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct install_request r = {.source = "busybox", .name = "d", .options = &w->options,
                                .progress = cancel_at_once};
    struct err e = {0};

    assert_int_equal(install_run(&w->paths, &r, &e), -ECANCELED);
    assert_nothing_left();
}

static int cancel_in_the_middle(void *ctx, uint64_t done, uint64_t total)
{
    *(bool *)ctx = done > 0;
    return done > total / 2;
}

static void test_install__cancel_in_the_middle_leaves_nothing(void **state)
{
    struct world *w = *state;
    bool seen = false;
    struct install_request r = {.source = "r.tar", .name = "d", .options = &w->options,
                                .progress = cancel_in_the_middle, .ctx = &seen};
    struct err e = {0};

    make_root();
    assert_int_equal(shell("head -c 8M /dev/urandom > root/etc/data && tar -C root -cf r.tar ."), 0);
    assert_int_equal(install_run(&w->paths, &r, &e), -ECANCELED);
    assert_true(seen);
    assert_nothing_left();
    r.progress = NULL;
    assert_ok(install_run(&w->paths, &r, &e), e); /* and nothing is in the way of the next */
}

static void test_install__name_taken_is_refused(void **state)
{
    struct err e;

    assert_ok(install(*state, "busybox", &e), e);
    assert_int_equal(install(*state, "busybox", &e), -EEXIST);
    assert_says(e, "--name");
    assert_clean();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_install__busybox_is_clean_and_complete),
        TEST(test_install__tar_keeps_owners_modes_times_and_links),
        TEST(test_install__tar_keeps_acls),
        TEST(test_install__folder_equals_tar),
        TEST(test_install__follows_links_of_folders_inside_only),
        TEST(test_install__many_files_in_one_folder),
        TEST(test_install__later_entry_replaces_earlier),
        TEST(test_install__refuses_paths_that_lead_out),
        TEST(test_install__refuses_a_hard_link_out_of_the_tree),
        TEST(test_install__refuses_what_is_larger_than_the_disk),
        TEST(test_install__refuses_bombs),
        TEST(test_install__a_hard_link_to_itself_is_harmless),
        TEST(test_install__refuses_damaged_archives),
        TEST(test_install__refuses_what_is_no_root_file_system),
        TEST(test_install__cancel_leaves_nothing),
        TEST(test_install__cancel_in_the_middle_leaves_nothing),
        TEST(test_install__name_taken_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
