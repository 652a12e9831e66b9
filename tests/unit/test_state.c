/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The codec of a machine's state, and the file around it. */
#include "core/base/state.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "vmm/state_file.h"

struct thing {
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    bool yes;
    char text[16];
    uint32_t n;
    uint8_t bytes[8];
};

static void thing_state(struct thing *t, struct state *s)
{
    state_section(s, "THNG");
    state_u8(s, &t->a);
    state_u16(s, &t->b);
    state_u32(s, &t->c);
    state_u64(s, &t->d);
    state_bool(s, &t->yes);
    state_text(s, t->text, sizeof(t->text));
    state_count(s, &t->n, sizeof(t->bytes));
    state_bytes(s, t->bytes, t->n);
    state_same(s, 4, "CPUs");
}

static const struct thing sample = {1, 0x203, 0x4050607, 0x8090a0b0c0d0e0f, true, "a text", 3, {7, 8, 9}};

static uint8_t *file_of(const struct thing *t, size_t *len)
{
    struct thing copy = *t;
    struct state s;
    struct err e = {0};
    uint8_t *all;

    state_save(&s);
    thing_state(&copy, &s);
    all = state_file_wrap(&s, len, &e);
    assert_string_equal(e.msg, "");
    assert_non_null(all);
    state_release(&s);
    return all;
}

static int load(const uint8_t *bytes, size_t len, struct thing *t, struct err *e)
{
    struct state s = {0};
    int r = state_file_open(&s, bytes, len, e);

    if (r < 0)
        return r;
    thing_state(t, &s);
    return state_finish(&s, e);
}

static void test_state__comes_back_as_it_was(void **state)
{
    struct thing t = {0};
    struct err e = {0};
    size_t len;
    uint8_t *all = file_of(&sample, &len);

    (void)state;
    assert_ok(load(all, len, &t, &e), e);
    assert_memory_equal(&t, &sample, sizeof(t));
    free(all);
}

static void test_state__cut_at_any_length_is_refused(void **state)
{
    struct err e;
    size_t len;
    uint8_t *all = file_of(&sample, &len);

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut + !cut); /* so that a read behind it is seen */
        struct thing t;

        memcpy(exact, all, cut);
        e = (struct err){0};
        assert_int_equal(load(exact, cut, &t, &e), -EINVAL);
        assert_true(*e.msg);
        free(exact);
    }
    free(all);
}

/* The body alone, without the file's length and digest before it. */
static void test_state__body_cut_at_any_length_is_refused(void **state)
{
    struct thing t = sample;
    struct state out, in;
    struct err e;

    (void)state;
    state_save(&out);
    thing_state(&t, &out);
    for (size_t cut = 0; cut < out.len; cut++) {
        state_load(&in, out.out, cut);
        thing_state(&t, &in);
        assert_int_equal(state_finish(&in, &e), -EINVAL);
    }
    state_load(&in, out.out, out.len);
    thing_state(&t, &in);
    assert_int_equal(state_finish(&in, &e), 0);
    state_release(&out);
}

static void test_state__each_changed_byte_is_refused(void **state)
{
    struct err e;
    size_t len;
    uint8_t *all = file_of(&sample, &len);

    (void)state;
    for (size_t i = 0; i < len; i++) {
        struct thing t;

        all[i] ^= 0x40;
        assert_int_equal(load(all, len, &t, &e), -EINVAL);
        all[i] ^= 0x40;
    }
    free(all);
}

static void test_state__says_what_is_wrong(void **state)
{
    static const struct {
        size_t at;
        const char *says;
    } rows[] = {{0, "no machine's state"}, {8, "version"}, {12, "length"}, {18, "another type of machine"},
                {40, "digest"}};
    struct err e;
    size_t len;
    uint8_t *all = file_of(&sample, &len);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct thing t;

        all[rows[i].at] ^= 1;
        assert_int_equal(load(all, len, &t, &e), -EINVAL);
        assert_says(e, rows[i].says);
        all[rows[i].at] ^= 1;
    }
    free(all);
}

static void refuse(const char *bytes, size_t len, void (*read)(struct state *s), const char *says)
{
    struct state s;
    struct err e = {0};

    state_load(&s, bytes, len);
    read(&s);
    assert_int_equal(state_finish(&s, &e), -EINVAL);
    assert_says(e, says);
}

static void read_bool(struct state *s)
{
    bool b = false;

    state_bool(s, &b);
    assert_false(b);
}

static void read_count(struct state *s)
{
    uint32_t n = 0;

    state_count(s, &n, 5);
    assert_int_equal(n, 0);
}

static void read_text(struct state *s)
{
    char text[4];

    state_text(s, text, sizeof(text));
}

static void read_section(struct state *s)
{
    state_section(s, "ABCD");
}

static void read_same(struct state *s)
{
    state_same(s, 2, "CPUs");
}

static void read_nothing(struct state *s)
{
    (void)s;
}

static void test_state__values_out_of_their_bounds_are_refused(void **state)
{
    (void)state;
    refuse("\2", 1, read_bool, "yes or no is 2");
    refuse("\6\0\0\0", 4, read_count, "6 where 5 is the most");
    refuse("\4\0\0\0abcd", 8, read_text, "4 where 3");
    refuse("\3\0\0\0a\0b", 7, read_text, "NUL");
    refuse("ABCE", 4, read_section, "'ABCD'");
    refuse("\4\0\0\0\0\0\0\0", 8, read_same, "CPUs: 4 when it was saved, 2 now");
    refuse("x", 1, read_nothing, "more in it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state__comes_back_as_it_was),
        cmocka_unit_test(test_state__cut_at_any_length_is_refused),
        cmocka_unit_test(test_state__body_cut_at_any_length_is_refused),
        cmocka_unit_test(test_state__each_changed_byte_is_refused),
        cmocka_unit_test(test_state__says_what_is_wrong),
        cmocka_unit_test(test_state__values_out_of_their_bounds_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
