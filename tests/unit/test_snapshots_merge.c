/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deleting, cloning and comparing snapshots: contents as qemu-img sees them, before and after. */
#include "tests/unit/snapshots_world.h"

#include "core/suspended.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>

#include "core/snapshots_diff.h"

static const struct snapshots_work no_work;
static bool no_links; /* the file system knows none */

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    if (no_links)
        errno = EPERM;
    return no_links ? -1 : (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

/* A digest of the disk of a snapshot (NULL: as it is now) of a distro; the caller frees. */
static char *digest(struct world *w, const char *distro, const char *name)
{
    struct snapshots s;
    char **files, *line;

    (void)w;
    assert_int_equal(snapshots_load(&w->paths, distro, &s, NULL), 0);
    files = snapshots_files(&s, name ? snapshots_find(&s, name) : NULL);
    line = shell_line("qemu-img convert -U -f %s -O raw %s raw && md5sum < raw", snapshots_format(files[0]), files[0]);
    assert_true(strlen(line) > 30);
    snapshots_free_files(files);
    snapshots_release(&s);
    return line;
}

static void delete(struct world *w, const char *name, bool live)
{
    struct err e = {0};

    assert_ok(snapshots_delete(&w->paths, "d", name, live, &no_work, &e), e);
    load(w);
    assert_disk_whole(w);
}

/* base - one - two(branch: three) - active over two */
static void grow_tree(struct world *w)
{
    snap(w, "one", NULL);
    qemu_write(w, 1, "0 1M");
    qemu_write(w, 1, "3M 512");
    snap(w, "two", NULL);
    qemu_write(w, 2, "512k 1M");
    qemu_write(w, 0, "2M 128k");
    snap(w, "three", NULL);
    qemu_write(w, 3, "100k 100k");
    assert_int_equal(snapshots_restore(&w->paths, "d", "two", NULL, NULL), 0);
    load(w);
    delete(w, "before-restore", false);
    qemu_write(w, 4, "1M 64k");
    assert_tree(w, "one two<one three<two *two");
}

static void test_snapshots_delete__contents_of_all_others_stay(void **state)
{
    static const char *const orders[][3] = {{"one", "two", "three"}, {"three", "two", "one"},
                                            {"two", "one", "three"}, {"two", "three", "one"}};
    struct world *w = *state;

    for (size_t o = 0; o < ARRAY_SIZE(orders); o++) {
        char *now, *of[3];

        if (o) {
            assert_int_equal(store_remove(&w->paths, "d", NULL), 0);
            install(w, "d");
        }
        grow_tree(w);
        now = digest(w, "d", NULL);
        for (int i = 0; i < 3; i++)
            of[i] = digest(w, "d", orders[o][i]);
        for (int i = 0; i < 3; i++) {
            delete(w, orders[o][i], false);
            assert_null(snapshots_find(&w->s, orders[o][i]));
            for (int k = i + 1; k < 3; k++) {
                auto_free char *after = digest(w, "d", orders[o][k]);

                assert_string_equal(after, of[k]);
            }
            {
                auto_free char *after = digest(w, "d", NULL);

                assert_string_equal(after, now);
            }
        }
        assert_tree(w, "*");
        assert_string_equal(snapshots_format(w->s.active), "raw");
        assert_int_equal(count_layers(w), 1);
        assert_int_equal(access("data/distros/d/root.img", F_OK), -1);
        snap(w, "again", NULL); /* and so on */
        assert_disk_whole(w);
        for (int i = 0; i < 3; i++)
            free(of[i]);
        free(now);
    }
}

static void test_snapshots_delete__of_a_running_distro(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    grow_tree(w);
    assert_int_equal(snapshots_delete(&w->paths, "d", "two", true, &no_work, &e), -EBUSY);
    assert_says(e, "lxtop stop d");
    delete(w, "one", true);
    delete(w, "three", true);
    assert_tree(w, "two *two");
}

static void test_snapshots_delete__in_the_middle_of_30(void **state)
{
    struct world *w = *state;
    auto_free char *before = NULL, *after = NULL;

    for (int i = 0; i < 30; i++) {
        char name[16], where[32];

        snprintf(name, sizeof(name), "s%d", i);
        snap(w, name, NULL);
        snprintf(where, sizeof(where), "%dk 64k", i * 100);
        qemu_write(w, i + 1, where);
    }
    before = digest(w, "d", NULL);
    for (int i = 10; i < 20; i++) {
        char name[16];

        snprintf(name, sizeof(name), "s%d", i);
        delete(w, name, true);
    }
    assert_int_equal(w->s.count, 20);
    after = digest(w, "d", NULL);
    assert_string_equal(after, before);
}

static void test_snapshots_delete__cancelled_nothing_has_changed(void **state)
{
    static const atomic_bool yes = true;
    const struct snapshots_work cancelled = {.cancel = &yes};
    struct world *w = *state;

    grow_tree(w);
    assert_int_equal(snapshots_delete(&w->paths, "d", "two", false, &cancelled, NULL), -ECANCELED);
    load(w);
    assert_tree(w, "one two<one three<two *two");
    assert_int_equal(count_layers(w), 3);
}

/* A merged layer may be read over the one that was merged into it: kill -9 comes before the tree is written. */
static void test_snapshots_delete__a_tree_that_is_not_written_yet_reads_the_same(void **state)
{
    struct world *w = *state;
    auto_free char *now = NULL, *three = NULL, *then = NULL, *after = NULL;

    grow_tree(w);
    delete(w, "one", false);
    now = digest(w, "d", NULL);
    three = digest(w, "d", "three");
    assert_int_equal(shell("cp -a data/distros/d kept"), 0);
    delete(w, "two", false); /* and what it swept, is there again */
    assert_int_equal(shell("cp -n kept/layers/* data/distros/d/layers/; cp kept/snapshots.json data/distros/d/"), 0);
    load(w);
    delete(w, "two", false);
    then = digest(w, "d", "three");
    after = digest(w, "d", NULL);
    assert_string_equal(then, three);
    assert_string_equal(after, now);
}

static void test_snapshots_delete__kill_9_at_any_moment(void **state)
{
    struct world *w = *state;
    auto_free char *now = NULL, *three = NULL;
    int deleted = 0;

    srand(1);
    grow_tree(w);
    now = digest(w, "d", NULL);
    three = digest(w, "d", "three");
    for (int i = 0; i < 40; i++) {
        auto_free char *now_then = NULL, *three_then = NULL;
        const char *victim = snapshots_find(&w->s, "one") ? "one" : "two";
        pid_t pid = fork();
        int status;

        if (pid == 0)
            _exit(snapshots_delete(&w->paths, "d", victim, false, &no_work, NULL) != 0);
        usleep((useconds_t)(rand() % 40000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        load(w);
        now_then = digest(w, "d", NULL);
        three_then = digest(w, "d", "three");
        assert_string_equal(now_then, now);
        assert_string_equal(three_then, three);
        if (!snapshots_find(&w->s, victim) && ++deleted == 2)
            break;
    }
    snapshots_sweep(&w->paths);
    load(w);
    assert_int_equal(count_layers(w), w->s.count + (access("data/distros/d/root.img", F_OK) < 0));
}

/* By it the memory of a snapshot knows its disk. */
static char *date_of(struct world *w, const char *distro, const char *snapshot)
{
    struct snapshots s;
    struct err e = {0};
    char *date;

    assert_ok(snapshots_load(&w->paths, distro, &s, &e), e);
    date = shell_line("stat -c %%y data/distros/%s/%s", distro, snapshots_find(&s, snapshot)->layer);
    snapshots_release(&s);
    return date;
}

static void test_snapshots_delete__merged_layers_keep_their_date(void **state)
{
    struct world *w = *state;
    auto_free char *before = NULL, *after = NULL;

    snap(w, "one", NULL);
    qemu_write(w, 1, "0 64k");
    snap_with_memory(w, "live");
    before = date_of(w, "d", "live");
    usleep(20000);
    delete(w, "one", true);
    after = date_of(w, "d", "live");
    assert_string_equal(after, before);
    assert_true(find(w, "live")->memory);
}

/* --- clones --- */

static void test_snapshots_clone__with_memory_it_is_suspended_on_the_same_files(void **state)
{
    struct world *w = *state;
    auto_free char *links = NULL, *before = NULL, *after = NULL;
    struct snapshots c;
    struct err e = {0};

    snap_with_memory(w, "old");
    snap_with_memory(w, "live");
    assert_ok(snapshots_clone(&w->paths, &w->options, "d", "live", "c", &no_work, &e), e);
    assert_true(suspended_is_snapshot(&w->paths, "c"));
    assert_int_equal(shell("grep -q pages data/distros/c/suspended/memory"), 0);
    links = shell_line("stat -c %%h data/distros/c/suspended/memory");
    assert_string_equal(links, "2");
    assert_ok(snapshots_load(&w->paths, "c", &c, &e), e);
    assert_true(snapshots_find(&c, "live")->memory);
    assert_false(snapshots_find(&c, "old")->memory); /* it never ran there */
    snapshots_release(&c);
    before = date_of(w, "d", "live");
    after = date_of(w, "c", "live");
    assert_string_equal(after, before);
    delete(w, "live", false);
    assert_int_equal(store_remove(&w->paths, "d", NULL), 0);
    assert_int_equal(shell("grep -q pages data/distros/c/suspended/memory"), 0);
}

static void take_note(void *ctx, const char *text)
{
    snprintf(ctx, 512, "%s", text);
}

/* A FAT or a network's file system: the layers are copied, the memory is not, and whoever asked hears of it. */
static void test_snapshots_clone__without_hard_links_it_boots_and_says_so(void **state)
{
    struct world *w = *state;
    char said[512] = "";
    const struct snapshots_work work = {.ctx = said, .note = take_note};
    auto_free char *live = NULL, *of_clone = NULL;
    struct snapshots c;
    struct err e = {0};

    snap_with_memory(w, "live");
    live = digest(w, "d", "live");
    no_links = true;
    assert_ok(snapshots_clone(&w->paths, &w->options, "d", "live", "c", &work, &e), e);
    no_links = false;
    assert_non_null(strstr(said, "boots from the snapshot's disk"));
    assert_non_null(strstr(said, strerror(EPERM)));
    assert_false(suspended_exists(&w->paths, "c"));
    assert_ok(snapshots_load(&w->paths, "c", &c, &e), e);
    assert_false(snapshots_find(&c, "live")->memory);
    snapshots_release(&c);
    of_clone = digest(w, "c", "live");
    assert_string_equal(of_clone, live);
    /* Of a snapshot without memory nothing is said. */
    said[0] = '\0';
    snap(w, "plain", NULL);
    assert_ok(snapshots_clone(&w->paths, &w->options, "d", "plain", "c2", &work, &e), e);
    assert_string_equal(said, "");
}

static void test_snapshots_clone__neither_needs_the_other(void **state)
{
    struct world *w = *state;
    auto_free char *two = NULL, *of_clone = NULL, *later = NULL, *after = NULL, *base = NULL;
    struct snapshots c;
    struct distro d;
    struct err e = {0};

    grow_tree(w);
    two = digest(w, "d", "two");
    assert_ok(snapshots_clone(&w->paths, &w->options, "d", "two", "c", &no_work, &e), e);
    assert_int_equal(snapshots_clone(&w->paths, &w->options, "d", "two", "c", &no_work, &e), -EEXIST);
    of_clone = digest(w, "c", NULL);
    assert_string_equal(of_clone, two);
    assert_ok(snapshots_load(&w->paths, "c", &c, &e), e);
    assert_int_equal(c.count, 2); /* one, two */
    assert_int_equal(strlen(c.machine_id), 32);
    snapshots_release(&c);
    assert_ok(store_load(&w->paths, &w->options, "c", &d, &e), e);
    assert_string_equal(d.source, "some.tar");
    assert_non_null(strstr(d.disk_argument, ",backing="));
    distro_release(&d);
    base = shell_line("stat -c %%h data/distros/d/root.img");
    assert_string_equal(base, "2"); /* no copy */
    /* What happens to one is nothing to the other. */
    delete(w, "one", false);
    delete(w, "two", false);
    later = digest(w, "c", NULL);
    assert_string_equal(later, two);
    assert_int_equal(store_remove(&w->paths, "d", NULL), 0);
    after = digest(w, "c", "two");
    assert_string_equal(after, two);
    assert_int_equal(snapshots_delete(&w->paths, "c", "one", false, &no_work, NULL), 0);
}

/* --- differences --- */

static void debugfs(struct world *w, const char *commands)
{
    char **files = snapshots_files(&w->s, NULL);

    /* debugfs reads raw images only: out, changed, and back in as what is written over it. */
    assert_int_equal(shell("qemu-img convert -f %s -O raw %s raw && printf '%s' | debugfs -w -f - raw > dbg.out 2>&1 && "
                           "for b in $(seq 0 63); do dd if=raw of=piece bs=64k skip=$b count=1 status=none; "
                           "qemu-io -f %s -c \"write -q -s piece $((b * 65536)) 64k\" %s > io.out 2>&1 || exit 1; done",
                           snapshots_format(files[0]), files[0], commands, snapshots_format(files[0]), files[0]), 0);
    snapshots_free_files(files);
}

static void test_snapshots_diff__tells_what_was_added_removed_and_changed(void **state)
{
    struct world *w = *state;
    auto_free char *text = NULL, *same = NULL, *none = NULL;
    struct err e = {0};

    assert_int_equal(shell("cp /etc/hostname f; rm -f data/distros/d/root.img && truncate -s 4M data/distros/d/root.img && "
                           "mkfs.ext4 -q -O ^has_journal data/distros/d/root.img && printf 'mkdir etc\\nmkdir old\\nwrite f etc/one\\n"
                           "write f old/x\\nwrite f etc/same\\n' | debugfs -w -f - data/distros/d/root.img > dbg.out 2>&1"), 0);
    snap(w, "a", NULL);
    assert_ok(snapshots_diff(&w->paths, "d", "a", NULL, &no_work, &same, &e), e);
    assert_string_equal(same, "");
    debugfs(w, "mkdir new\\nwrite f new/y\\nrm old/x\\nrmdir old\\nset_inode_field etc/one mode 0100600\\n");
    snap(w, "b", NULL);
    assert_ok(snapshots_diff(&w->paths, "d", "a", "b", &no_work, &text, &e), e);
    assert_string_equal(text, "M /etc/one\n+ /new\n+ /new/y\n- /old\n- /old/x\n");
    assert_int_equal(snapshots_diff(&w->paths, "d", "a", "none", &no_work, &none, &e), -ENOENT);
}

static void test_snapshots_diff__of_what_is_no_file_system_is_an_error(void **state)
{
    struct world *w = *state;
    auto_free char *text = NULL;
    struct err e = {0};

    snap(w, "a", NULL);
    assert_int_equal(snapshots_diff(&w->paths, "d", "a", NULL, &no_work, &text, &e), -EIO);
    assert_says(e, "file system");
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_snapshots_delete__contents_of_all_others_stay),
        test(test_snapshots_delete__of_a_running_distro),
        test(test_snapshots_delete__in_the_middle_of_30),
        test(test_snapshots_delete__cancelled_nothing_has_changed),
        test(test_snapshots_delete__a_tree_that_is_not_written_yet_reads_the_same),
        test(test_snapshots_delete__kill_9_at_any_moment),
        test(test_snapshots_delete__merged_layers_keep_their_date),
        test(test_snapshots_clone__with_memory_it_is_suspended_on_the_same_files),
        test(test_snapshots_clone__without_hard_links_it_boots_and_says_so),
        test(test_snapshots_clone__neither_needs_the_other),
        test(test_snapshots_diff__tells_what_was_added_removed_and_changed),
        test(test_snapshots_diff__of_what_is_no_file_system_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
