/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fids of a share live on in another server: found again by place and identity. */
#include "p9/context_state.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/state.h"
#include "p9/dispatch.h"
#include "p9/localfs.h"

struct side {
    struct p9_export export;
    struct p9_context c;
};

struct world {
    char *folder;
    struct side a, b;
};

static void side_init(struct side *s, const char *folder)
{
    const struct p9_localfs_config config = {.root = folder, .owners.kind = P9_OWNER_SQUASH};

    s->export = (struct p9_export){.fs = p9_localfs_new(&config, NULL), .limits = p9_limits_default()};
    assert_non_null(s->export.fs);
    s->c = (struct p9_context){.export = &s->export, .fs = s->export.fs, .id = 1};
    assert_int_equal(p9_fids_init(&s->c.fids, s->c.fs, 100, 50, 1 << 20), 0);
}

static void side_release(struct side *s)
{
    p9_fids_release(&s->c.fids);
    p9_localfs_free(s->export.fs);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_folder();
    assert_int_equal(shell("cd %s && mkdir -p d/sub && echo one > d/one && echo two > d/two && ln -s one d/link",
                           w->folder), 0);
    side_init(&w->a, w->folder);
    side_init(&w->b, w->folder);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    side_release(&w->a);
    side_release(&w->b);
    fixture_remove(w->folder);
    free(w);
    return 0;
}

/* One message, done at once; what Rread and Rreaddir carry goes to `data`. */
static char data[4096];
static int say(struct side *s, struct p9_msg m)
{
    struct iovec out = {data, sizeof(data)};
    struct p9_request req = {.out = &out, .out_n = 1};
    char text[P9_TEXT_SIZE];
    struct p9_msg reply = {0};
    struct p9_call call = {.s = &s->c, .haste = P9_PATIENT, .req = &req, .room = sizeof(data), .in = &m,
                           .out = &reply, .text = text};

    memset(data, 0, sizeof(data));
    return p9_dispatch(&call);
}

static int walk(struct side *s, uint32_t newfid, const char *one, const char *two)
{
    struct p9_msg m = {.type = P9_TWALK, .twalk = {.newfid = newfid}};

    for (const char *n = one; n; n = n == one ? two : NULL)
        m.twalk.name[m.twalk.n++] = p9_str_of(n);
    return say(s, m);
}

static int open_fid(struct side *s, uint32_t fid, uint32_t flags)
{
    return say(s, (struct p9_msg){.type = P9_TLOPEN, .tlopen = {fid, flags}});
}

static int read_fid(struct side *s, uint32_t fid, const char *expected)
{
    int rc = say(s, (struct p9_msg){.type = P9_TREAD, .io = {.fid = fid, .count = 100}});

    if (rc == 0)
        assert_string_equal(data + P9_READ_HEAD, expected);
    return rc;
}

static void begin(struct side *s)
{
    assert_int_equal(say(s, (struct p9_msg){.type = P9_TVERSION, .version = {8192, p9_str_of("9P2000.L")}}), 0);
    assert_int_equal(say(s, (struct p9_msg){.type = P9_TATTACH, .tattach = {.afid = P9_NOFID, .aname = p9_str_of("")}}), 0);
}

static int carry(struct world *w, struct err *e)
{
    struct state out, in;
    int r;

    state_save(&out);
    p9_context_state(&w->a.c, &out);
    r = state_finish(&out, e);
    state_load(&in, out.out, out.len);
    if (r == 0) {
        p9_context_state(&w->b.c, &in);
        r = state_finish(&in, e);
    }
    state_release(&out);
    return r;
}

static void test_fids__live_on(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    begin(&w->a);
    assert_int_equal(walk(&w->a, 1, "d", "one"), 0);
    assert_int_equal(open_fid(&w->a, 1, P9_O_RDWR | P9_O_TRUNC), 0);
    assert_int_equal(shell("echo one > %s/d/one", w->folder), 0);
    assert_int_equal(walk(&w->a, 2, "d", "two"), 0);
    assert_int_equal(walk(&w->a, 3, "d", "link"), 0);
    assert_ok(carry(w, &e), e);
    assert_int_equal(w->b.c.fids.count, 4);
    assert_int_equal(read_fid(&w->b, 1, "one\n"), 0); /* not truncated again */
    assert_int_equal(open_fid(&w->b, 2, 0), 0);
    assert_int_equal(read_fid(&w->b, 2, "two\n"), 0);
    assert_int_equal(say(&w->b, (struct p9_msg){.type = P9_TREADLINK, .fid = 3}), 0);
    assert_int_equal(walk(&w->b, 4, "d", "sub"), 0);
    assert_int_equal(say(&w->b, (struct p9_msg){.type = P9_TREMOVE, .fid = 2}), 0);
    assert_int_equal(shell("test ! -e %s/d/two", w->folder), 0);
}

static void test_fids__of_a_renamed_file_follow_it(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    begin(&w->a);
    assert_int_equal(walk(&w->a, 1, "d", "one"), 0);
    assert_int_equal(open_fid(&w->a, 1, 0), 0);
    assert_int_equal(shell("cd %s && mv d/one moved", w->folder), 0);
    assert_ok(carry(w, &e), e);
    assert_int_equal(read_fid(&w->b, 1, "one\n"), 0);
}

static void test_fids__whose_file_is_gone_are_stale_and_others_go_on(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    begin(&w->a);
    assert_int_equal(walk(&w->a, 1, "d", "one"), 0);
    assert_int_equal(open_fid(&w->a, 1, 0), 0);
    assert_int_equal(walk(&w->a, 2, "d", "two"), 0);
    assert_int_equal(shell("cd %s && rm d/one && echo new > 'd/one (deleted)' && echo new > d/one", w->folder), 0);
    assert_ok(carry(w, &e), e);
    assert_int_equal(read_fid(&w->b, 1, ""), -ESTALE);
    assert_int_equal(say(&w->b, (struct p9_msg){.type = P9_TGETATTR, .fid = 1}), -ESTALE);
    assert_int_equal(say(&w->b, (struct p9_msg){.type = P9_TCLUNK, .fid = 1}), 0);
    assert_int_equal(open_fid(&w->b, 2, 0), 0);
}

/* Replaced between the save and the load: another file of the same name is not taken for it. */
static void test_fids__another_file_of_the_same_name_is_stale(void **state)
{
    struct world *w = *state;
    struct state out, in;
    struct err e = {0};

    begin(&w->a);
    assert_int_equal(walk(&w->a, 1, "d", "one"), 0);
    state_save(&out);
    p9_context_state(&w->a.c, &out);
    assert_int_equal(shell("cd %s && echo new > n && mv n d/one", w->folder), 0);
    state_load(&in, out.out, out.len);
    p9_context_state(&w->b.c, &in);
    assert_ok(state_finish(&in, &e), e);
    assert_int_equal(open_fid(&w->b, 1, 0), -ESTALE);
    state_release(&out);
}

/* An enemy's file, or a share that was made read-only meanwhile: what was open for writing is not again. */
static void test_fids__open_for_writing_are_stale_in_a_read_only_share(void **state)
{
    struct world *w = *state;
    struct err e = {0};

    begin(&w->a);
    assert_int_equal(walk(&w->a, 1, "d", "one"), 0);
    assert_int_equal(open_fid(&w->a, 1, P9_O_RDWR), 0);
    assert_int_equal(walk(&w->a, 2, "d", "two"), 0);
    assert_int_equal(open_fid(&w->a, 2, 0), 0);
    w->b.export.read_only = true;
    assert_ok(carry(w, &e), e);
    assert_int_equal(read_fid(&w->b, 1, ""), -ESTALE);
    assert_int_equal(read_fid(&w->b, 2, "two\n"), 0);
}

static void test_load__cut_anywhere_is_refused_and_leaks_nothing(void **state)
{
    struct world *w = *state;
    struct state out, in;
    struct err e = {0};

    begin(&w->a);
    assert_int_equal(walk(&w->a, 1, "d", "one"), 0);
    state_save(&out);
    p9_context_state(&w->a.c, &out);
    for (size_t cut = 0; cut < out.len; cut++) {
        state_load(&in, out.out, cut);
        p9_context_state(&w->b.c, &in);
        assert_int_equal(state_finish(&in, &e), -EINVAL);
        p9_fids_clear(&w->b.c.fids);
    }
    state_release(&out);
}

/* A path of an enemy's leads nowhere outside of the share. */
static void test_load__does_not_leave_the_share(void **state)
{
    static const char *const paths[] = {"../../etc/passwd", "/etc/passwd", "d/../../x", "d/link", "d/one/.."};
    struct world *w = *state;
    struct p9_node *node;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int rc = w->b.c.fs->ops->find(w->b.c.fs, paths[i], false, &node);

        if (rc == 0) { /* the link itself, not what it leads to */
            assert_string_equal(paths[i], "d/link");
            assert_int_equal(node->qid.type, P9_QID_LINK);
            p9_node_put(w->b.c.fs, node);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_fids__live_on),
        TEST(test_fids__of_a_renamed_file_follow_it),
        TEST(test_fids__whose_file_is_gone_are_stale_and_others_go_on),
        TEST(test_fids__another_file_of_the_same_name_is_stale),
        TEST(test_fids__open_for_writing_are_stale_in_a_read_only_share),
        TEST(test_load__cut_anywhere_is_refused_and_leaks_nothing),
        TEST(test_load__does_not_leave_the_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
