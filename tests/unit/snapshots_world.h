/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A distro "d" with a base of BASE_SIZE bytes, and nothing that runs. */
#ifndef TESTS_UNIT_SNAPSHOTS_WORLD_H
#define TESTS_UNIT_SNAPSHOTS_WORLD_H

#include "tests/unit/fixture.h"

#include "core/base/auto.h"
#include "core/snapshots.h"
#include "core/store.h"

#ifndef BASE_SIZE
#define BASE_SIZE (4 << 20)
#endif

struct world {
    char *folder;
    struct paths paths;
    struct options options;
    struct snapshots s;
};

static inline void install(struct world *w, const char *name)
{
    struct store_new n;
    struct err e = {0};

    assert_ok(store_begin(&w->paths, name, &n, &e), e);
    assert_int_equal(shell("head -c %d /dev/zero | tr '\\0' b > %s/root.img", BASE_SIZE, n.folder), 0);
    assert_ok(store_commit(&w->paths, &n, "some.tar", "raw", &w->options, &e), e);
}

static inline int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter_memory();
    assert_non_null(w->paths.data = file_path("%s/data", w->folder));
    options_init(&w->options);
    install(w, "d");
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;

    snapshots_release(&w->s);
    options_release(&w->options);
    paths_release(&w->paths);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static inline void load(struct world *w)
{
    struct err e = {0};

    snapshots_release(&w->s);
    assert_ok(snapshots_load(&w->paths, "d", &w->s, &e), e);
}

static inline void snap(struct world *w, const char *name, const char *note)
{
    struct snapshot_new n;
    struct err e = {0};

    assert_ok(snapshots_begin(&w->paths, "d", name, note, false, &n, &e), e);
    assert_ok(snapshots_commit(&n, &e), e);
    snapshots_abort(&n);
    load(w);
}

/* Of a running one, as its machine makes it. */
static inline void snap_with_memory(struct world *w, const char *name)
{
    struct snapshot_new n;
    struct err e = {0};

    assert_ok(snapshots_begin(&w->paths, "d", name, NULL, true, &n, &e), e);
    assert_int_equal(shell("mkdir %s && echo pages > %s/memory && echo state > %s/state", n.memory, n.memory, n.memory), 0);
    assert_ok(snapshots_commit(&n, &e), e);
    snapshots_abort(&n);
    load(w);
}

static inline const struct snapshot *find(struct world *w, const char *name)
{
    const struct snapshot *n = snapshots_find(&w->s, name);

    assert_non_null(n);
    return n;
}

/* "name<parent-name ..." in the order of the file, then "*" and the name of the active layer's base. */
static inline void assert_tree(struct world *w, const char *expected)
{
    char text[4096] = "";
    const struct snapshot *base = snapshots_find(&w->s, w->s.base);

    for (unsigned i = 0; i < w->s.count; i++) {
        const struct snapshot *n = &w->s.list[i], *parent = snapshots_find(&w->s, n->parent);

        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s ", n->name, parent ? "<" : "",
                 parent ? parent->name : "");
    }
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "*%s", base ? base->name : "");
    assert_string_equal(text, expected);
}

/* What is in the distro's folder beside what the tree names; "" when nothing. */
static inline unsigned count_layers(struct world *w)
{
    auto_free char *line = shell_line("ls data/distros/d/layers 2>/dev/null | wc -l");

    (void)w;
    return (unsigned)atoi(line);
}

/* Each file of the active disk is there, and qemu-img reads the chain that we wrote into the headers. */
static inline void assert_disk_whole(struct world *w)
{
    char **files = snapshots_files(&w->s, NULL);

    for (char **f = files; *f; f++)
        assert_int_equal(access(*f, R_OK), 0);
    if (strcmp(snapshots_format(files[0]), "qcow2") == 0)
        assert_int_equal(shell("qemu-img check -q -f qcow2 %s > out 2>&1 || { cat out; false; }", files[0]), 0);
    assert_int_equal(shell("qemu-img info -f %s --backing-chain %s > out 2>&1 || { cat out; false; }",
                           snapshots_format(files[0]), files[0]), 0);
    snapshots_free_files(files);
}

/* Of the disk as it is now; `where`: offset and length. */
static inline void qemu_write(struct world *w, int byte, const char *where)
{
    char **files = snapshots_files(&w->s, NULL);

    assert_int_equal(shell("qemu-io -f %s -c 'write -q -P %d %s' %s > io.out 2>&1 || { cat io.out; false; }",
                           snapshots_format(files[0]), byte, where, files[0]), 0);
    snapshots_free_files(files);
}

#endif
