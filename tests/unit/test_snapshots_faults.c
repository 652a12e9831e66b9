/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every change of a tree of snapshots, cut short at each of its system calls, by a kill and by a full disk. */
#define BASE_SIZE (512 << 10)
#include "tests/unit/snapshots_world.h"

#include <dirent.h>
#include <errno.h>

#include "core/disk/chain.h"
#include "core/snapshots_report.h"
#include "tests/unit/faults.h"

static const struct snapshots_work no_work;

/* --- contents, as we read them --- */

#define DIGESTS 8
struct contents {
    char name[DIGESTS][SNAPSHOT_NAME_MAX + 1]; /* "": the disk as it is now */
    uint64_t digest[DIGESTS];
    unsigned n;
};

static uint64_t digest(const struct snapshots *s, const struct snapshot *of)
{
    char **files = snapshots_files(s, of);
    struct chain_layer layers[16];
    unsigned char bytes[BASE_SIZE];
    uint64_t sum = 1469598103934665603ULL; /* FNV-1a */
    unsigned n = 0;
    struct err e = {0};
    struct chain *c;

    for (; files[n]; n++)
        layers[n] = (struct chain_layer){files[n], strcmp(snapshots_format(files[n]), "qcow2") == 0};
    c = chain_open(layers, n, &e);
    assert_ok(c ? 0 : -1, e);
    assert_int_equal(chain_size(c), BASE_SIZE);
    assert_int_equal(chain_read(c, bytes, sizeof(bytes), 0), 0);
    chain_close(c);
    snapshots_free_files(files);
    for (size_t i = 0; i < sizeof(bytes); i++)
        sum = (sum ^ bytes[i]) * 1099511628211ULL;
    return sum;
}

static void keep_contents(const struct world *w, struct contents *c)
{
    *c = (struct contents){.n = 1};
    c->digest[0] = digest(&w->s, NULL);
    for (unsigned i = 0; i < w->s.count; i++, c->n++) {
        strcpy(c->name[c->n], w->s.list[i].name);
        c->digest[c->n] = digest(&w->s, &w->s.list[i]);
    }
}

static uint64_t digest_named(const struct contents *c, const char *name)
{
    for (unsigned i = 0; i < c->n; i++)
        if (strcmp(c->name[i], name) == 0)
            return c->digest[i];
    fail_msg("what is '%s'?", name);
    return 0;
}

/* --- the changes --- */

static int run_create(struct world *w)
{
    struct snapshot_new n;
    int r = snapshots_begin(&w->paths, "d", "new", "a note", false, &n, NULL);

    if (r == 0)
        r = snapshots_commit(&n, NULL);
    snapshots_abort(&n);
    return r;
}

static int run_restore(struct world *w)
{
    return snapshots_restore(&w->paths, "d", "one", NULL, NULL);
}

static int run_undo(struct world *w)
{
    return snapshots_undo(&w->paths, "d", NULL, NULL);
}

static int run_delete_root(struct world *w)
{
    return snapshots_delete(&w->paths, "d", "one", false, &no_work, NULL);
}

static int run_delete_fork(struct world *w)
{
    return snapshots_delete(&w->paths, "d", "two", false, &no_work, NULL);
}

static int run_describe(struct world *w)
{
    return snapshots_describe(&w->paths, "d", "two", "deux", "another", NULL);
}

static int run_clone(struct world *w)
{
    return snapshots_clone(&w->paths, &w->options, "d", "two", "c", &no_work, NULL);
}

static const struct {
    const char *name;
    int (*run)(struct world *w);
    int again;          /* what it says where it has happened already */
    const char *makes, *of;   /* a snapshot, and which contents it has ("": the disk) */
    const char *or;           /* or these, where it was there before or is made once more */
    const char *now;    /* the disk then; NULL: as before */
} changes[] = {
    {"create", run_create, -EEXIST, "new", "", NULL, NULL},
    {"restore", run_restore, 0, "before-restore", "", "before-restore", "one"},
    {"undo", run_undo, 0, "before-undo", "", "before-restore", "before-restore"},
    {"delete the root", run_delete_root, -ENOENT, NULL, NULL, NULL, NULL},
    {"delete where it forks", run_delete_fork, -ENOENT, NULL, NULL, NULL, NULL},
    {"describe", run_describe, -ENOENT, "deux", "two", NULL, NULL},
    {"clone", run_clone, -EEXIST, NULL, NULL, NULL, NULL},
};

/* --- the judge --- */

static void assert_contents(struct world *w, const struct contents *c, size_t change)
{
    uint64_t now;

    load(w);
    now = digest(&w->s, NULL);
    if (now != c->digest[0])
        assert_true(changes[change].now && now == digest_named(c, changes[change].now));
    for (unsigned i = 0; i < w->s.count; i++) {
        const struct snapshot *n = &w->s.list[i];
        bool made = changes[change].makes && strcmp(n->name, changes[change].makes) == 0;
        uint64_t is = digest(&w->s, n);

        assert_true(is == digest_named(c, made ? changes[change].of : n->name) ||
                    (made && changes[change].or && is == digest_named(c, changes[change].or)));
    }
}

static void assert_clone(struct world *w, const struct contents *c)
{
    struct snapshots s;
    struct err e = {0};

    if (access("data/distros/c", F_OK) < 0)
        return;
    assert_ok(snapshots_load(&w->paths, "c", &s, &e), e);
    assert_true(digest(&s, NULL) == digest_named(c, "two"));
    snapshots_release(&s);
}

static bool is_known(const char *name)
{
    static const char *const known[] = {".", "..", "layers", "memory", "root.img", "distro.conf", "snapshots.json",
                                        "snapshots.lock"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

static unsigned count_files(const char *path, bool (*is_fine)(const char *name))
{
    auto_closedir DIR *dir = opendir(path);
    struct dirent *d;
    unsigned n = 0;

    while (dir && (d = readdir(dir))) {
        n += d->d_name[0] != '.';
        if (is_fine && !is_fine(d->d_name))
            fail_msg("%s/%s is debris", path, d->d_name);
    }
    return n;
}

static void assert_no_debris(struct world *w)
{
    bool base = access("data/distros/d/root.img", F_OK) == 0;

    count_files("data/distros/d", is_known);
    assert_int_equal(count_files("data/distros/d/layers", NULL) + base, w->s.count + 1);
}

static void again(struct world *w, const struct contents *c, size_t change)
{
    int r;

    snapshots_sweep(&w->paths);
    r = changes[change].run(w);
    if (r != 0 && r != changes[change].again)
        fail_msg("%s, once more: %d", changes[change].name, r);
    assert_contents(w, c, change);
    assert_clone(w, c);
    assert_no_debris(w);
}

static bool cut_short(struct world *w, const struct contents *c, size_t change, enum fault_kind kind, int at)
{
    int status;
    pid_t pid;

    assert_int_equal(shell("chmod -R u+w data; rm -rf data && cp -a master data"), 0);
    pid = fork();
    if (pid == 0) {
        faults.kind = kind;
        faults.at = at;
        changes[change].run(w);
        _exit(faults.count >= at ? FAULT_DIED : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == FAULT_DIED || WEXITSTATUS(status) == 0);
    assert_contents(w, c, change);
    assert_clone(w, c);
    again(w, c, change);
    return WEXITSTATUS(status) == FAULT_DIED;
}

/* base - one - two (branch: three - what undo goes back to) - the disk; zeroes over data of the layer below, too. */
static void grow_tree(struct world *w)
{
    snap(w, "one", NULL);
    qemu_write(w, 1, "0 128k");
    qemu_write(w, 0, "192k 64k");
    snap(w, "two", NULL);
    qemu_write(w, 2, "64k 64k");
    qemu_write(w, 0, "0 64k");
    snap(w, "three", NULL);
    qemu_write(w, 3, "128k 64k");
    assert_int_equal(snapshots_restore(&w->paths, "d", "two", NULL, NULL), 0);
    load(w);
    qemu_write(w, 4, "320k 512");
    assert_tree(w, "one two<one three<two before-restore<three *two");
}

static void cut_all(struct world *w, enum fault_kind kind)
{
    struct contents c;

    grow_tree(w);
    keep_contents(w, &c);
    assert_int_equal(shell("cp -a data master"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        int at = 1;

        while (cut_short(w, &c, i, kind, at))
            at++;
        assert_true(at > 4); /* the calls are seen at all */
        load(w);
        assert_disk_whole(w);
    }
}

static void test_snapshots__killed_at_any_system_call(void **state)
{
    cut_all(*state, FAULT_DIE);
}

static void test_snapshots__the_disk_is_full_at_any_system_call(void **state)
{
    cut_all(*state, FAULT_FULL);
}

/* --- a machine that is late --- */

static struct snapshot_new late;
static int late_at, late_calls;
static bool late_taken; /* the machine writes to that layer */

static void rename_late(void)
{
    if (++late_calls == late_at)
        late_taken = syscall(SYS_rename, late.from, late.to) == 0;
}

/* Given up while the machine takes it after all, at any moment: it is there, or it never will be. */
static void test_snapshots_abort__of_a_machine_that_is_late(void **state)
{
    struct world *w = *state;

    for (late_at = 1; late_at <= late_calls + 1; late_at++) {
        unsigned before = w->s.count;

        assert_int_equal(snapshots_begin(&w->paths, "d", NULL, NULL, false, &late, NULL), 0);
        late_calls = 0;
        late_taken = false;
        faults.meanwhile = rename_late;
        snapshots_abort(&late);
        faults.meanwhile = NULL;
        load(w);
        assert_int_equal(w->s.count, before + late_taken);
        assert_disk_whole(w);
    }
    assert_true(late_at > 3);
}

/* --- names --- */

static void test_snapshots__a_name_that_is_the_id_of_another(void **state)
{
    struct world *w = *state;
    char id[SNAPSHOT_ID + 1];
    auto_free char *text = NULL;

    snap(w, "one", NULL);
    snap(w, "two", NULL);
    strcpy(id, find(w, "one")->id);
    assert_int_equal(snapshots_describe(&w->paths, "d", "two", id, NULL, NULL), 0);
    load(w);
    assert_non_null(text = snapshots_report(&w->s, false)); /* and comes to an end */
    assert_int_equal(snapshots_clone(&w->paths, &w->options, "d", id, "c", &no_work, NULL), 0);
    assert_int_equal(snapshots_delete(&w->paths, "d", "one", false, &no_work, NULL), 0);
    load(w);
    assert_disk_whole(w);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_snapshots__killed_at_any_system_call),
        test(test_snapshots__the_disk_is_full_at_any_system_call),
        test(test_snapshots_abort__of_a_machine_that_is_late),
        test(test_snapshots__a_name_that_is_the_id_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
