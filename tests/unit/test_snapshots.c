/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/snapshots_world.h"

#include "core/suspended.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

static char *path_of(struct world *w, const char *layer)
{
    return file_path("%s/%s", w->s.folder, layer);
}

/* --- the tree --- */

static void test_snapshots__a_distro_without_any_writes_its_base(void **state)
{
    struct world *w = *state;
    auto_free char *disk = NULL, *expected = NULL;

    load(w);
    assert_tree(w, "*");
    disk = snapshots_disk(&w->s, NULL);
    expected = file_path("%s/data/distros/d/root.img,format=raw", w->folder);
    assert_string_equal(disk, expected);
    assert_int_equal(shell("test -e data/distros/d/snapshots.json"), 1);
}

static void test_snapshots__the_old_layer_is_frozen_and_a_new_one_is_over_it(void **state)
{
    struct world *w = *state;
    auto_free char *disk = NULL, *expected = NULL, *base = NULL;
    struct stat st;

    snap(w, "one", "a note");
    assert_tree(w, "one *one");
    assert_string_equal(find(w, "one")->note, "a note");
    assert_string_equal(find(w, "one")->layer, "root.img");
    base = path_of(w, "root.img");
    assert_int_equal(stat(base, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    disk = snapshots_disk(&w->s, NULL);
    expected = file_path("%s/%s,format=qcow2,backing=%s/root.img:raw", w->s.folder, w->s.active, w->s.folder);
    assert_string_equal(disk, expected);
    assert_disk_whole(w);
}

static void test_snapshots__a_restore_makes_a_branch_and_drops_what_was_active(void **state)
{
    struct world *w = *state;

    snap(w, "one", NULL);
    snap(w, "two", NULL);
    assert_tree(w, "one two<one *two");
    assert_int_equal(snapshots_restore(&w->paths, "d", "one", NULL, NULL), 0);
    load(w);
    assert_tree(w, "one two<one *one");
    assert_int_equal(count_layers(w), 2); /* two's and the active one */
    snap(w, "three", NULL);
    assert_tree(w, "one two<one three<one *three");
    assert_true(snapshots_is_below(&w->s, find(w, "one")->id, find(w, "three")->id));
    assert_false(snapshots_is_below(&w->s, find(w, "two")->id, find(w, "three")->id));
    assert_disk_whole(w);
}

static void test_snapshots__a_chain_of_30(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 30; i++)
        snap(w, NULL, NULL);
    assert_int_equal(w->s.count, 30);
    assert_int_equal(count_layers(w), 30);
    assert_disk_whole(w);
}

static void test_snapshots__names_are_checked_and_taken_once(void **state)
{
    static const char *const bad[] = {"", "-x", ".x", "a b", "a/b", "a\nb", "\xc3\xa4"};
    struct world *w = *state;
    struct snapshot_new n;
    struct err e = {0};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(snapshots_begin(&w->paths, "d", bad[i], NULL, false, &n, NULL), -EINVAL);
    assert_int_equal(snapshots_begin(&w->paths, "d", "a", "\xff", false, &n, NULL), -EINVAL);
    snap(w, "one", NULL);
    assert_int_equal(snapshots_begin(&w->paths, "d", "one", NULL, false, &n, NULL), -EEXIST);
    assert_int_equal(snapshots_begin(&w->paths, "nobody", "one", NULL, false, &n, NULL), -ENOENT);
    assert_int_equal(snapshots_restore(&w->paths, "d", "none", NULL, &e), -ENOENT);
    assert_says(e, "lxtop snapshot list d");
    assert_int_equal(count_layers(w), 1);
}

static void test_snapshots_describe__changes_name_and_note_only(void **state)
{
    struct world *w = *state;

    snap(w, "one", "first");
    snap(w, "two", NULL);
    assert_int_equal(snapshots_describe(&w->paths, "d", "one", "uno", NULL, NULL), 0);
    assert_int_equal(snapshots_describe(&w->paths, "d", "two", "uno", NULL, NULL), -EEXIST);
    assert_int_equal(snapshots_describe(&w->paths, "d", "two", NULL, "second", NULL), 0);
    load(w);
    assert_tree(w, "uno two<uno *two");
    assert_string_equal(find(w, "uno")->note, "first");
    assert_string_equal(find(w, "two")->note, "second");
}

/* --- the moment --- */

static void test_snapshots__before_the_renaming_there_is_none(void **state)
{
    struct world *w = *state;
    struct snapshot_new n, other;
    struct err e = {0};

    assert_ok(snapshots_begin(&w->paths, "d", "one", NULL, false, &n, &e), e);
    load(w);
    assert_tree(w, "*");
    assert_int_equal(snapshots_begin(&w->paths, "d", "two", NULL, false, &other, &e), -EBUSY);
    assert_says(e, "another lxtop");
    snapshots_abort(&n);
}

static void test_snapshots__after_the_renaming_there_is_one_whoever_died(void **state)
{
    struct world *w = *state;
    struct snapshot_new n;
    struct err e = {0};

    assert_ok(snapshots_begin(&w->paths, "d", "one", NULL, false, &n, &e), e);
    assert_int_equal(rename(n.from, n.to), 0); /* as lxtop-vmm does */
    load(w);
    assert_tree(w, "one *one");
    close(n.lock_fd); /* killed */
    snapshots_sweep(&w->paths);
    load(w);
    assert_tree(w, "one *one");
    assert_int_equal(count_layers(w), 1);
    assert_disk_whole(w);
    snapshots_release(&n.s);
    free(n.from);
    free(n.to);
}

static void test_snapshots_abort__leaves_nothing(void **state)
{
    struct world *w = *state;
    struct snapshot_new n;
    struct err e = {0};

    snap(w, "one", NULL);
    assert_ok(snapshots_begin(&w->paths, "d", "two", NULL, true, &n, &e), e);
    snapshots_abort(&n);
    load(w);
    assert_tree(w, "one *one");
    assert_int_equal(count_layers(w), 1);
    assert_int_equal(shell("ls data/distros/d/memory/* >/dev/null 2>&1"), 2);
}

static void test_snapshots__memory_comes_and_goes_with_its_snapshot(void **state)
{
    struct world *w = *state;
    auto_free char *folder = NULL;

    snap_with_memory(w, "one");
    assert_true(snapshots_memory_bytes(&w->s, find(w, "one")) > 0);
    assert_true(find(w, "one")->memory);
    folder = snapshots_memory(&w->s, find(w, "one")->id);
    assert_int_equal(shell("grep -q pages %s/memory", folder), 0);
    assert_int_equal(snapshots_drop_memory(&w->paths, "d", "one", NULL), 0);
    load(w);
    assert_false(find(w, "one")->memory);
    assert_int_equal(access(folder, F_OK), -1);
}

/* The machine was killed before it had named its memory, or had no room for it. */
static void test_snapshots__memory_that_was_not_finished_is_none(void **state)
{
    struct world *w = *state;
    struct snapshot_new n;
    struct err e = {0};

    assert_ok(snapshots_begin(&w->paths, "d", "one", NULL, true, &n, &e), e);
    assert_int_equal(shell("mkdir %s.part && echo pages > %s.part/memory", n.memory, n.memory), 0);
    assert_ok(snapshots_commit(&n, &e), e);
    snapshots_abort(&n);
    load(w);
    assert_tree(w, "one *one");
    assert_false(find(w, "one")->memory);
    assert_int_equal(shell("ls data/distros/d/memory/* >/dev/null 2>&1"), 2);
}

static const char *suspended_at_of(const char *distro)
{
    static char target[128];
    auto_free char *path = file_path("data/distros/%s/suspended", distro);
    ssize_t n = readlink(path, target, sizeof(target) - 1);

    target[n > 0 ? n : 0] = '\0';
    return target;
}

static void test_snapshots_restore__with_memory_it_is_suspended_there(void **state)
{
    struct world *w = *state;
    auto_free char *link = NULL;
    struct err e = {0};

    snap(w, "disk", NULL);
    snap_with_memory(w, "live");
    link = file_path("memory/%s", find(w, "live")->id);
    for (int i = 0; i < 2; i++) {
        assert_ok(snapshots_restore(&w->paths, "d", "live", NULL, &e), e);
        assert_string_equal(suspended_at_of("d"), link);
    }
    suspended_discard(&w->paths, "d");
    assert_false(suspended_exists(&w->paths, "d"));
    load(w);
    assert_true(find(w, "live")->memory); /* for the next time */
    /* One whose own machine was saved: that belongs to the disk which is lost now. */
    assert_int_equal(shell("mkdir data/distros/d/suspended && touch data/distros/d/suspended/state"), 0);
    assert_false(suspended_is_snapshot(&w->paths, "d"));
    assert_ok(snapshots_restore(&w->paths, "d", "disk", NULL, &e), e);
    assert_false(suspended_exists(&w->paths, "d"));
    assert_ok(snapshots_restore(&w->paths, "d", "live", NULL, &e), e);
    assert_true(suspended_is_snapshot(&w->paths, "d"));
    assert_ok(snapshots_drop_memory(&w->paths, "d", "live", &e), e);
    assert_false(suspended_exists(&w->paths, "d"));
}

/* --- the undo --- */

/* The byte at 1 MB of the disk as it is now. */
static int byte_now(struct world *w)
{
    char **files = snapshots_files(&w->s, NULL);
    auto_free char *said = shell_line("qemu-io -r -f %s -c 'read -v 1M 1' %s", snapshots_format(files[0]), files[0]);
    int byte = -1;

    snapshots_free_files(files);
    sscanf(said, "%*x: %x", (unsigned *)&byte);
    return byte;
}

static void assert_now(struct world *w, const char *tree, int byte, const char *undo_to)
{
    const struct snapshot *to;

    load(w);
    assert_tree(w, tree);
    assert_disk_whole(w);
    assert_int_equal(byte_now(w), byte);
    to = snapshots_undo_to(&w->s);
    assert_string_equal(to ? to->name : "", undo_to);
    assert_int_equal(count_layers(w) + (access("data/distros/d/root.img", F_OK) == 0), w->s.count + 1);
}

static void undo(struct world *w, const char *expected)
{
    char kept[SNAPSHOT_NAME_MAX + 1];
    struct err e = {0};

    assert_ok(snapshots_undo(&w->paths, "d", kept, &e), e);
    assert_string_equal(kept, expected);
}

static void restore(struct world *w, const char *to, const char *expected)
{
    char kept[SNAPSHOT_NAME_MAX + 1];
    struct err e = {0};

    assert_ok(snapshots_restore(&w->paths, "d", to, kept, &e), e);
    assert_string_equal(kept, expected);
}

static void test_snapshots_undo__is_there_and_back_again(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    snap(w, "one", NULL);
    assert_int_equal(snapshots_undo(&w->paths, "d", NULL, &e), -ENOENT);
    assert_says(e, "nothing to undo");
    qemu_write(w, 7, "1M 64k");
    assert_null(snapshots_lost(&w->s, find(w, "one")));
    restore(w, "one", "before-restore");
    assert_now(w, "one before-restore<one *one", 'b', "before-restore");
    assert_string_equal(find(w, "before-restore")->note, "what the disk held before it went back to one");
    restore(w, "one", ""); /* nothing was written: what is kept stays */
    assert_now(w, "one before-restore<one *one", 'b', "before-restore");
    assert_null(snapshots_lost(&w->s, find(w, "one")));
    undo(w, "");
    assert_now(w, "one *one", 7, "");
    assert_int_equal(shell("test -w data/distros/d/%s", w->s.active), 0);
    restore(w, "one", "before-restore");
    load(w);
    qemu_write(w, 8, "1M 64k");
    assert_ptr_equal(snapshots_lost(&w->s, find(w, "one")), find(w, "before-restore"));
    undo(w, "before-undo");
    assert_now(w, "one before-undo<one *one", 7, "before-undo");
    undo(w, "before-undo"); /* it takes the other's place, and its name */
    assert_now(w, "one before-undo<one *one", 8, "before-undo");
    restore(w, "one", "before-restore"); /* in its place */
    assert_now(w, "one before-restore<one *one", 'b', "before-restore");
    assert_int_equal(snapshots_delete(&w->paths, "d", "before-restore", false, &(struct snapshots_work){0}, NULL), 0);
    assert_now(w, "one *one", 'b', "");
    assert_int_equal(snapshots_undo(&w->paths, "d", NULL, NULL), -ENOENT);
}

/* Whoever needs what was kept goes on having it. */
static void test_snapshots_undo__leaves_what_others_stand_on(void **state)
{
    struct world *w = *state;
    struct snapshots_work work = {0};
    struct err e = {0};

    snap(w, "one", NULL);
    qemu_write(w, 7, "1M 64k");
    restore(w, "one", "before-restore");
    assert_ok(snapshots_clone(&w->paths, &w->options, "d", "before-restore", "c", &work, &e), e);
    undo(w, "");
    assert_now(w, "one before-restore<one *before-restore", 7, "before-restore");
    load(w);
    qemu_write(w, 8, "1M 64k");
    restore(w, "one", "before-restore-2"); /* that of the time before is nobody's to drop */
    assert_now(w, "one before-restore<one before-restore-2<before-restore *one", 'b', "before-restore-2");
    undo(w, "");
    assert_now(w, "one before-restore<one *before-restore", 8, "");
    snapshots_release(&w->s);
    assert_ok(snapshots_load(&w->paths, "c", &w->s, &e), e);
    assert_int_equal(byte_now(w), 7);
}

/* A base that stands on nothing, which an earlier deletion made. */
static void test_snapshots_undo__of_a_raw_base(void **state)
{
    struct world *w = *state;
    struct snapshots_work work = {0};

    snap(w, "one", NULL);
    qemu_write(w, 7, "1M 64k");
    snap(w, "two", NULL);
    restore(w, "two", "");
    assert_int_equal(snapshots_delete(&w->paths, "d", "one", false, &work, NULL), 0);
    restore(w, "two", "");
    assert_int_equal(shell("mkdir data/distros/d/suspended && touch data/distros/d/suspended/state"), 0);
    restore(w, "two", "before-restore"); /* the machine that was saved alone is worth keeping */
    assert_now(w, "two before-restore<two *two", 7, "before-restore");
    assert_false(suspended_exists(&w->paths, "d"));
    assert_true(find(w, "before-restore")->memory);
    undo(w, "");
    assert_now(w, "two *two", 7, "");
    assert_true(suspended_exists(&w->paths, "d"));
    assert_false(suspended_is_snapshot(&w->paths, "d"));
    assert_int_equal(shell("test -e data/distros/d/suspended/state && test -z \"$(ls data/distros/d/memory)\""), 0);
}

_Noreturn static void work_without_end(struct world *w)
{
    for (int i = getpid();; i++) {
        struct snapshot_new n;

        if (i % 3 == 2 && snapshots_load(&w->paths, "d", &w->s, NULL) == 0 && w->s.count) {
            snapshots_restore(&w->paths, "d", w->s.list[(unsigned)i % w->s.count].name, NULL, NULL);
            snapshots_release(&w->s);
        } else if (i % 7 == 3) {
            snapshots_undo(&w->paths, "d", NULL, NULL);
        } else if (snapshots_begin(&w->paths, "d", NULL, NULL, i % 2, &n, NULL) == 0) {
            if (i % 5)
                snapshots_commit(&n, NULL);
            snapshots_abort(&n);
        }
    }
}

/* The processes are killed wherever they are; whatever the tree says then is whole. */
static void test_snapshots__kill_9_at_any_moment_leaves_a_whole_tree(void **state)
{
    struct world *w = *state;

    srand(1);
    for (int i = 0; i < 50 || w->s.count == 0; i++) { /* a slow machine is given its time */
        pid_t pid = fork();
        int status;

        if (pid == 0)
            work_without_end(w);
        usleep((useconds_t)(rand() % 60000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        load(w);
        if (i % 10 == 0)
            assert_disk_whole(w);
    }
    snapshots_sweep(&w->paths);
    load(w);
    assert_true(w->s.count > 0);
    assert_int_equal(count_layers(w), w->s.count); /* the base is no layer, the active one is */
    for (unsigned i = 0; i < w->s.count; i++) {
        auto_free char *layer = path_of(w, w->s.list[i].layer);
        auto_free char *memory = snapshots_memory(&w->s, w->s.list[i].id);

        assert_int_equal(access(layer, F_OK), 0);
        assert_int_equal(access(memory, F_OK), w->s.list[i].memory ? 0 : -1);
    }
}

/* --- a damaged file --- */

static void test_snapshots_load__refuses_what_lxtop_did_not_write(void **state)
{
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"", "no JSON"},
        {"[]", "no JSON"},
        {"{}", "version"},
        {"{\"version\": 2}", "version"},
        {"{\"version\": 1}", "active"},
        {"{\"version\": 1, \"active\": \"../x\"}", "active"},
        {"{\"version\": 1, \"active\": \"layers/../../x.qcow2\"}", "active"},
        {"{\"version\": 1, \"active\": \"root.img\", \"base\": \"0123456789abcdef\"}", "active"},
        {"{\"version\": 1, \"active\": \"root.img\", \"snapshots\": [{\"id\": \"0123456789abcdef\", "
         "\"name\": \"a\", \"layer\": \"/etc/passwd\"}]}", "layer"},
        {"{\"version\": 1, \"active\": \"root.img\", \"snapshots\": [{\"id\": \"0123456789abcdef\", "
         "\"name\": \"a\", \"layer\": \"root.img\", \"parent\": \"0123456789abcdef\"}]}", "parent"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = {0};

        file_write_atomic("data/distros/d/snapshots.json", cases[i].json, strlen(cases[i].json), 0600, NULL);
        assert_int_equal(snapshots_load(&w->paths, "d", &w->s, &e), -EINVAL);
        assert_says(e, cases[i].says);
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_snapshots__a_distro_without_any_writes_its_base),
        test(test_snapshots__the_old_layer_is_frozen_and_a_new_one_is_over_it),
        test(test_snapshots__a_restore_makes_a_branch_and_drops_what_was_active),
        test(test_snapshots__a_chain_of_30),
        test(test_snapshots__names_are_checked_and_taken_once),
        test(test_snapshots_describe__changes_name_and_note_only),
        test(test_snapshots__before_the_renaming_there_is_none),
        test(test_snapshots__after_the_renaming_there_is_one_whoever_died),
        test(test_snapshots_abort__leaves_nothing),
        test(test_snapshots__memory_comes_and_goes_with_its_snapshot),
        test(test_snapshots__memory_that_was_not_finished_is_none),
        test(test_snapshots_restore__with_memory_it_is_suspended_there),
        test(test_snapshots_undo__is_there_and_back_again),
        test(test_snapshots_undo__leaves_what_others_stand_on),
        test(test_snapshots_undo__of_a_raw_base),
        test(test_snapshots__kill_9_at_any_moment_leaves_a_whole_tree),
        test(test_snapshots_load__refuses_what_lxtop_did_not_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
